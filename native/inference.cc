// The forward pass keeps 16 bits a line for each relu and each place of a maximum's windows, nothing else; with them the
// backward pass needs no activation.
#include "inference.h"

#include <chrono>

#include "threads.h"

namespace sparse_robust {
namespace {

constexpr size_t kLineBytes = kLine * sizeof(float);

size_t bytesOf(const Plane& plane) { return plane.lines() * kLineBytes; }

/** Adds its lifetime to a sum. */
class StepClock {
 public:
  explicit StepClock(double& seconds) : seconds_(seconds), start_(std::chrono::steady_clock::now()) {}
  ~StepClock() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_;
};

size_t roundedWords(size_t words) { return alignedBytes(words * 2) / 2; }

}  // namespace

Inference::Inference(const Machine& machine, std::shared_ptr<Parameters> parameters)
    : machine_(machine), parameters_(std::move(parameters)), program_(compileInference(graph())), runner_(machine_, *parameters_) {
  planArena();
}

/**
 * Steps up to the last with a plane of this many lines take the blocks of a group one after the other, in the same memory:
 * four blocks of 64 channels of 32x32 are 17 MB, one is 4, and what follows finds part of it in L2.
 */
constexpr int kAloneLines = 64;

/** Places of activations over the steps in order, of gradients over the steps backwards, and of the masks. */
void Inference::planArena() {
  const int steps = int(program_.steps.size()), values = graph().outputValue() + 1;
  std::vector<Lifetime> activations(values), gradients(values);
  maskOffset_.assign(values, 0);
  chosenOffset_.assign(steps, 0);
  for (int value = 0; value < values; value++) {
    if (program_.lastUse[value] < 0) continue;
    const size_t bytes = bytesOf(graph().plane(value));
    const int made = program_.producer[value], used = program_.lastUse[value];
    // A pool may store while the convolution before it still reads (forwardBands).
    const bool early = made > 0 && program_.steps[made].kind == StepKind::MaximumPool;
    activations[value] = {bytes, early ? made - 1 : made, used};
    gradients[value] = {bytes, -used, -made};
  }
  for (int i = 0; i < steps; i++) {
    const Step& step = program_.steps[i];
    if (step.relu) {
      maskOffset_[step.output] = maskWords_;
      maskWords_ += roundedWords(graph().plane(step.output).lines());
    }
    if (step.kind == StepKind::MaximumPool) {
      const PoolShape& pool = graph().layers[step.layer].pool;
      chosenOffset_[i] = maskWords_;
      maskWords_ += roundedWords(size_t(pool.out.channels) * pool.out.height * pool.out.width * pool.rows * pool.columns);
    }
  }
  for (int i = 0; i < steps; i++) {
    const Plane &in = graph().plane(program_.steps[i].input), &out = graph().plane(program_.steps[i].output);
    if (std::max(in.height * in.width, out.height * out.width) >= kAloneLines) alone_ = i + 1;
  }
  forwardPlaces_ = placeAll(activations);
  backwardPlaces_ = placeAll(gradients);
  slotBytes_ = std::max(forwardPlaces_.total, backwardPlaces_.total);
}

/** Follows changed parameters: packed weights, folded batch-norm, scratch. */
void Inference::update() {
  if (vectorsVersion_ == parameters_->version()) return;
  parameters_->prepare(machine_.threads);
  vectors_.clear();
  bands_.assign(program_.steps.size(), 0);
  scratchBytes_ = 0;
  for (const Step& step : program_.steps) {
    vectors_.push_back(vectorsOf(*parameters_, step));
    scratchBytes_ = std::max(scratchBytes_, alignedBytes(runner_.scratchBytes(step)));
  }
  for (size_t i = 0; i + 1 < alone_; i++) {
    const Step &conv = program_.steps[i], &pool = program_.steps[i + 1];
    const bool alone = pool.input == conv.output && program_.lastUse[conv.output] == int(i + 1);
    if (alone) bands_[i] = runner_.bandRows(conv, pool);
  }
  vectorsVersion_ = parameters_->version();
}

uint16_t* Inference::maskOf(int value, size_t block) const {
  const int producer = program_.producer[value];
  if (producer < 0 || !program_.steps[producer].relu) return nullptr;
  return masks_.masks() + block * maskWords_ + maskOffset_[value];
}

uint16_t* Inference::chosenOf(size_t step, size_t block) const {
  if (program_.steps[step].kind != StepKind::MaximumPool) return nullptr;
  return masks_.masks() + block * maskWords_ + chosenOffset_[step];
}

void Inference::forward(size_t images, const ImageSource& source, float* logits, bool keep) {
  update();
  const std::vector<Group> groups = groupBlocks(blocksOf(images), machine_.threads);
  if (keep) masks_.reserve(blocksOf(images) * maskWords_ * 2);
  spaces_.resize(machine_.threads);
  for (Space& space : spaces_) space.seconds.resize(program_.steps.size());
  for (size_t t = 0; t < std::min(spaces_.size(), groups.size()); t++)
    spaces_[t].arena.reserve(scratchBytes_ + (kBlocksTogether + 1) * slotBytes_);
  parallel(machine_.threads, groups.size(), [&](size_t g, int thread) {
    forwardGroup(groups[g], images, source, logits, keep, spaces_[thread]);
  });
}

/** Values of the steps taken alone share one slot, the others have one for each block of the group. */
float* Inference::place(Space& space, const Places& places, int value, int block) const {
  const int slot = program_.lastUse[value] < int(alone_) ? kBlocksTogether : block;
  return reinterpret_cast<float*>(space.arena.data() + scratchBytes_ + slot * slotBytes_ + places.offset[value]);
}

void Inference::forwardGroup(const Group& group, size_t images, const ImageSource& source, float* logits, bool keep, Space& space) {
  const float* first[kBlocksTogether];
  for (int b = 0; b < group.count; b++) {
    first[b] = source(group.first + b, place(space, forwardPlaces_, 0, b));
    for (size_t i = 0; i < alone_; i++) {
      if (bands_[i] > 0) forwardBands(i++, group, b, first, keep, space);
      else forwardStep(i, group, b, b + 1, first, keep, space);
    }
  }
  for (size_t i = alone_; i < program_.steps.size(); i++) forwardStep(i, group, 0, group.count, first, keep, space);
  const int output = graph().outputValue();
  for (int b = 0; b < group.count; b++) {
    const size_t block = group.first + b;
    float* to = logits + block * kLine * graph().classes;
    machine_.target->passes->imagesFromBlock({graph().plane(output), to, place(space, forwardPlaces_, output, b), imagesIn(images, block)});
  }
}

StepBlocks Inference::blocksFor(size_t i, const Group& group, int from, int to, const float* const* images, bool keep, Space& space) const {
  const Step& step = program_.steps[i];
  StepBlocks blocks;
  blocks.count = to - from;
  for (int b = from; b < to; b++) {
    const int at = b - from;
    const auto valueOf = [&](int value) { return value == 0 ? images[b] : place(space, forwardPlaces_, value, b); };
    blocks.input[at] = valueOf(step.input);
    if (step.add >= 0) blocks.add[at] = valueOf(step.add);
    blocks.output[at] = place(space, forwardPlaces_, step.output, b);
    blocks.mask[at] = keep ? maskOf(step.output, group.first + b) : nullptr;
    blocks.chosen[at] = keep ? chosenOf(i, group.first + b) : nullptr;
    blocks.images[at] = kLine;
  }
  return blocks;
}

/** One step of the blocks [from, to) of a group. */
void Inference::forwardStep(size_t i, const Group& group, int from, int to, const float* const* images, bool keep, Space& space) {
  const Step& step = program_.steps[i];
  const StepBlocks blocks = blocksFor(i, group, from, to, images, keep, space);
  const StepClock clock(space.seconds[i]);
  runner_.forward(step, vectors_[i], blocks, space.arena.data());
}

/**
 * A convolution and the pool behind it, band by band. All bands are stored in the rows of the first one, which stay in L2:
 * nobody but the pool reads them. The masks have a place for every row.
 */
void Inference::forwardBands(size_t i, const Group& group, int block, const float* const* images, bool keep, Space& space) {
  const Step &conv = program_.steps[i], &pool = program_.steps[i + 1];
  const Plane& plane = graph().plane(conv.output);
  const int stride = graph().layers[pool.layer].pool.stride;
  StepBlocks stored = blocksFor(i, group, block, block + 1, images, keep, space);
  StepBlocks pooled = blocksFor(i + 1, group, block, block + 1, images, keep, space);
  float* first = stored.output[0];
  for (int row = 0; row < plane.height; row += bands_[i]) {
    float* shifted = first - size_t(row) * plane.width * kLine;
    const int end = std::min(plane.height, row + bands_[i]);
    stored.output[0] = shifted, stored.rows = {row, end};
    pooled.input[0] = shifted, pooled.rows = {row / stride, end / stride};
    {
      const StepClock clock(space.seconds[i]);
      runner_.forward(conv, vectors_[i], stored, space.arena.data());
    }
    const StepClock clock(space.seconds[i + 1]);
    runner_.forward(pool, vectors_[i + 1], pooled, space.arena.data());
  }
}

void Inference::backward(size_t images, const float* logitGradient, const GradientSink& sink) {
  const std::vector<Group> groups = groupBlocks(blocksOf(images), machine_.threads);
  parallel(machine_.threads, groups.size(), [&](size_t g, int thread) {
    backwardGroup(groups[g], images, logitGradient, sink, spaces_[thread]);
  });
}

PartBlocks Inference::partBlocks(const Part& part, const Group& group, int from, int to, Space& space) const {
  PartBlocks blocks{part, {}, {}};
  if (part.value < 0) return blocks;
  for (int b = from; b < to; b++) {
    blocks.gradient[b - from] = place(space, backwardPlaces_, part.value, b);
    blocks.mask[b - from] = maskOf(part.value, group.first + b);
  }
  const int producer = program_.producer[part.value];
  if (producer >= 0 && program_.steps[producer].scalesGradient() && program_.steps[producer].add < 0) {
    blocks.scale = vectors_[producer].scale.data();
  }
  return blocks;
}

void Inference::backwardGroup(const Group& group, size_t images, const float* logitGradient, const GradientSink& sink, Space& space) {
  const int logits = graph().outputValue();
  const PartBlocks top = partBlocks({logits, true, true}, group, 0, group.count, space);
  for (int b = 0; b < group.count; b++) {
    const size_t block = group.first + b;
    float* from = const_cast<float*>(logitGradient) + block * kLine * graph().classes;
    machine_.target->passes->blockFromImages({graph().plane(logits), from, top.gradient[b], imagesIn(images, block)});
    if (top.mask[b] || top.scale) {
      machine_.target->passes->mapGradient({graph().plane(logits), top.gradient[b], top.gradient[b], nullptr, StepRunner::endOf(top, b)});
    }
  }
  for (size_t i = program_.steps.size(); i-- > alone_;) backwardStep(i, group, 0, group.count, space);
  for (int b = 0; b < group.count; b++) {
    for (size_t i = alone_; i-- > 0;) backwardStep(i, group, b, b + 1, space);
    sink(group.first + b, place(space, backwardPlaces_, 0, b));
  }
}

void Inference::backwardStep(size_t i, const Group& group, int from, int to, Space& space) {
  const Step& step = program_.steps[i];
  GradientBlocks blocks;
  blocks.count = to - from;
  blocks.input = partBlocks(program_.inputPart[i], group, from, to, space);
  blocks.add = partBlocks(program_.addPart[i], group, from, to, space);
  for (int b = from; b < to; b++) {
    blocks.output[b - from] = place(space, backwardPlaces_, step.output, b);
    blocks.chosen[b - from] = chosenOf(i, group.first + b);
  }
  const StepClock clock(space.seconds[i]);
  runner_.backward(step, vectors_[i], blocks, space.arena.data());
}

ImageSource Inference::imagesOf(const float* images, size_t count) const {
  return [this, images, count](size_t block, float* slot) -> const float* {
    const Plane& plane = graph().input;
    float* from = const_cast<float*>(images) + block * kLine * plane.channels * plane.height * plane.width;
    machine_.target->passes->blockFromImages({plane, from, slot, imagesIn(count, block)});
    return slot;
  };
}

GradientSink Inference::gradientInto(float* gradient, size_t count) const {
  return [this, gradient, count](size_t block, const float* from) {
    const Plane& plane = graph().input;
    float* to = gradient + block * kLine * plane.channels * plane.height * plane.width;
    machine_.target->passes->imagesFromBlock({plane, to, const_cast<float*>(from), imagesIn(count, block)});
  };
}

std::vector<StepTime> Inference::takeTimes() {
  std::vector<StepTime> times;
  for (const Step& step : program_.steps) times.push_back({step.layer, step.kind == StepKind::Conv, 0});
  for (Space& space : spaces_) {
    for (size_t i = 0; i < space.seconds.size(); i++) times[i].seconds += space.seconds[i];
    space.seconds.assign(space.seconds.size(), 0);
  }
  return times;
}

size_t Inference::bytes() const {
  size_t total = masks_.bytes();
  for (const Space& space : spaces_) total += space.arena.bytes();
  return total;
}

}  // namespace sparse_robust
