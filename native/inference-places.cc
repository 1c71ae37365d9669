// Where an inference keeps what: masks, activations and gradients of a block, and which steps take blocks one by one.
#include "inference.h"

namespace sparse_robust {
namespace {

constexpr size_t kLineBytes = kLine * sizeof(float);

size_t bytesOf(const Plane& plane) { return plane.lines() * kLineBytes; }

size_t roundedWords(size_t words) { return alignedBytes(words * 2) / 2; }

/**
 * Steps up to the last with a plane of so many lines take the blocks of a group one after the other, in the same memory: four blocks
 * of 64 channels of 32x32 are 17 MB, one is 4, and what follows finds part of it in L2.
 */
constexpr int kAloneLines = 64;
/**
 * So do smaller planes of so many lines where a tile is one plane and the weights are few: a PGD step of VGG-16 at uniform 0.005 takes
 * 4% less. At 0.05 the weights of its 512 channels, a MiB a layer, serve four blocks at a time.
 */
constexpr int kTileLines = 16;
constexpr size_t kFewConnections = 1 << 16;

int linesOf(const Graph& graph, const Step& step) {
  const Plane &in = graph.plane(step.input), &out = graph.plane(step.output);
  return std::max(in.height * in.width, out.height * out.width);
}

}  // namespace

/** Places of the masks. */
void Inference::placeMasks() {
  const int steps = int(program_.steps.size());
  maskOffset_.assign(graph().outputValue() + 1, 0);
  chosenOffset_.assign(steps, 0);
  for (int i = 0; i < steps; i++) {
    const Step& step = program_.steps[i];
    if (step.relu && !joinsRelu(step.output)) {
      maskOffset_[step.output] = maskWords_;
      maskWords_ += roundedWords(graph().plane(step.output).lines());
    }
    if (step.kind == StepKind::MaximumPool) {
      const PoolShape& pool = graph().layers[step.layer].pool;
      chosenOffset_[i] = maskWords_;
      maskWords_ += roundedWords(size_t(pool.out.channels) * pool.out.height * pool.out.width * pool.rows * pool.columns);
    }
  }
}

void Inference::countAlone() {
  const size_t steps = program_.steps.size();
  alone_ = 0;
  for (size_t i = 0; i < steps; i++)
    if (linesOf(graph(), program_.steps[i]) >= kAloneLines) alone_ = i + 1;
  while (alone_ < steps && staysAlone(program_.steps[alone_])) alone_++;
}

bool Inference::staysAlone(const Step& step) const {
  if (linesOf(graph(), step) < kTileLines) return false;
  if (step.kind != StepKind::Conv) return true;
  const Kernel& kernel = parameters_->kernelOf(step.layer);
  const bool sparse = kernel.forward.plan.algorithm == Algorithm::Sparse && kernel.backward.plan.algorithm == Algorithm::Sparse;
  return sparse && kernel.value.size() <= kFewConnections;
}

/**
 * Where a sum's gradient goes on unchanged as the first part of another value's, both share their memory: later parts are added
 * when the sum's own has been read.
 */
void Inference::shareGradients() {
  sharing_.assign(graph().outputValue() + 1, -1);
  for (size_t i = program_.steps.size(); i-- > 0;) {
    const Step& step = program_.steps[i];
    const Part& part = program_.addPart[i];
    if (part.value <= 0 || !part.first || part.last || step.scalesGradient()) continue;
    const bool bothAlone = program_.lastUse[part.value] < int(alone_) && program_.lastUse[step.output] < int(alone_);
    if (bothAlone) sharing_[part.value] = sharing_[step.output] < 0 ? step.output : sharing_[step.output];
  }
}

/** Values of a chain live as long as it runs. */
void Inference::placeValues() {
  const int values = graph().outputValue() + 1;
  std::vector<Lifetime> activations(values), gradients(values);
  for (int value = 0; value < values; value++) {
    if (program_.lastUse[value] < 0) continue;
    const size_t bytes = bytesOf(graph().plane(value));
    const int made = program_.producer[value], used = program_.lastUse[value];
    activations[value] = {bytes, made, used};
    gradients[value] = {bytes, -used, -made};
  }
  lengthenInChains(activations, forwardChains_, false);
  lengthenInChains(gradients, backwardChains_, true);
  for (int value = 0; value < values; value++) {
    if (sharing_[value] < 0) continue;
    Lifetime& shared = gradients[sharing_[value]];
    shared.birth = std::min(shared.birth, gradients[value].birth), shared.death = std::max(shared.death, gradients[value].death);
    gradients[value].bytes = 0;
  }
  forwardPlaces_ = placeAll(activations);
  backwardPlaces_ = placeAll(gradients);
  for (int value = 0; value < values; value++)
    if (sharing_[value] >= 0) backwardPlaces_.offset[value] = backwardPlaces_.offset[sharing_[value]];
  slotBytes_ = std::max(forwardPlaces_.total, backwardPlaces_.total);
}

void Inference::lengthenInChains(std::vector<Lifetime>& lives, const std::vector<Chain>& chains, bool backwards) const {
  for (const Chain& chain : chains) {
    const int birth = backwards ? 1 - chain.to : chain.from, death = backwards ? -chain.from : chain.to - 1;
    const auto lengthen = [&](int value) {
      lives[value].birth = std::min(lives[value].birth, birth), lives[value].death = std::max(lives[value].death, death);
    };
    for (int i = chain.from; i < chain.to; i++) lengthen(program_.steps[i].input), lengthen(program_.steps[i].output);
  }
}

}  // namespace sparse_robust
