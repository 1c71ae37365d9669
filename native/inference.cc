// The forward pass keeps 16 bits a line for each relu and each place of a maximum's windows, nothing else; with them the
// backward pass needs no activation.
#include "inference.h"

#include <cstring>

#include "threads.h"

namespace sparse_robust {
namespace {

constexpr size_t kLineBytes = kLine * sizeof(float);

size_t bytesOf(const Plane& plane) { return plane.lines() * kLineBytes; }

size_t roundedWords(size_t words) { return alignedBytes(words * 2) / 2; }

}  // namespace

Inference::Inference(const Machine& machine, std::shared_ptr<Parameters> parameters)
    : machine_(machine), parameters_(std::move(parameters)), program_(compileInference(graph())), runner_(machine_, *parameters_) {
  planArena();
}

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
    activations[value] = {bytes, made, used};
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
  forwardPlaces_ = placeAll(activations);
  backwardPlaces_ = placeAll(gradients);
  slotBytes_ = std::max(forwardPlaces_.total, backwardPlaces_.total);
}

/** Follows changed parameters: packed weights, folded batch-norm, scratch. */
void Inference::update() {
  if (vectorsVersion_ == parameters_->version()) return;
  parameters_->prepare(machine_.threads);
  vectors_.clear();
  scratchBytes_ = 0;
  for (const Step& step : program_.steps) {
    vectors_.push_back(vectorsOf(*parameters_, step));
    scratchBytes_ = std::max(scratchBytes_, alignedBytes(runner_.scratchBytes(step)));
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
  arenas_.resize(machine_.threads);
  for (size_t t = 0; t < std::min(arenas_.size(), groups.size()); t++)
    arenas_[t].reserve(scratchBytes_ + kBlocksTogether * slotBytes_);
  parallel(machine_.threads, groups.size(), [&](size_t g, int thread) {
    forwardGroup(groups[g], images, source, logits, keep, arenas_[thread].data());
  });
}

void Inference::forwardGroup(const Group& group, size_t images, const ImageSource& source, float* logits, bool keep, char* arena) {
  char* values = arena + scratchBytes_;
  const auto at = [&](int value, int b) { return reinterpret_cast<float*>(slot(values, b, forwardPlaces_.offset[value])); };
  const float* first[kBlocksTogether];
  for (int b = 0; b < group.count; b++) first[b] = source(group.first + b, at(0, b));
  for (size_t i = 0; i < program_.steps.size(); i++) {
    const Step& step = program_.steps[i];
    StepBlocks blocks;
    blocks.count = group.count;
    for (int b = 0; b < group.count; b++) {
      blocks.input[b] = step.input == 0 ? first[b] : at(step.input, b);
      if (step.add >= 0) blocks.add[b] = step.add == 0 ? first[b] : at(step.add, b);
      blocks.output[b] = at(step.output, b);
      blocks.mask[b] = keep ? maskOf(step.output, group.first + b) : nullptr;
      blocks.chosen[b] = keep ? chosenOf(i, group.first + b) : nullptr;
      blocks.images[b] = kLine;
    }
    runner_.forward(step, vectors_[i], blocks, arena);
  }
  const int output = graph().outputValue();
  for (int b = 0; b < group.count; b++) {
    const size_t block = group.first + b;
    float* to = logits + block * kLine * graph().classes;
    machine_.target->passes->imagesFromBlock({graph().plane(output), to, at(output, b), imagesIn(images, block)});
  }
}

void Inference::backward(size_t images, const float* logitGradient, const GradientSink& sink) {
  const std::vector<Group> groups = groupBlocks(blocksOf(images), machine_.threads);
  parallel(machine_.threads, groups.size(), [&](size_t g, int thread) {
    backwardGroup(groups[g], images, logitGradient, sink, arenas_[thread].data());
  });
}

PartBlocks Inference::partBlocks(const Part& part, const Group& group, char* arena) const {
  PartBlocks to{part, {}, {}};
  if (part.value < 0) return to;
  for (int b = 0; b < group.count; b++) {
    to.gradient[b] = reinterpret_cast<float*>(slot(arena, b, backwardPlaces_.offset[part.value]));
    to.mask[b] = maskOf(part.value, group.first + b);
  }
  const int producer = program_.producer[part.value];
  if (producer >= 0 && program_.steps[producer].scalesGradient() && program_.steps[producer].add < 0) {
    to.scale = vectors_[producer].scale.data();
  }
  return to;
}

void Inference::backwardGroup(const Group& group, size_t images, const float* logitGradient, const GradientSink& sink, char* arena) {
  char* values = arena + scratchBytes_;
  const int logits = graph().outputValue();
  const PartBlocks top = partBlocks({logits, true, true}, group, values);
  for (int b = 0; b < group.count; b++) {
    const size_t block = group.first + b;
    float* from = const_cast<float*>(logitGradient) + block * kLine * graph().classes;
    machine_.target->passes->blockFromImages({graph().plane(logits), from, top.gradient[b], imagesIn(images, block)});
    if (top.mask[b] || top.scale) {
      machine_.target->passes->mapGradient({graph().plane(logits), top.gradient[b], top.gradient[b], nullptr, StepRunner::endOf(top, b)});
    }
  }
  for (size_t i = program_.steps.size(); i-- > 0;) {
    const Step& step = program_.steps[i];
    GradientBlocks blocks;
    blocks.count = group.count;
    blocks.input = partBlocks(program_.inputPart[i], group, values);
    blocks.add = partBlocks(program_.addPart[i], group, values);
    for (int b = 0; b < group.count; b++) {
      blocks.output[b] = reinterpret_cast<float*>(slot(values, b, backwardPlaces_.offset[step.output]));
      blocks.chosen[b] = chosenOf(i, group.first + b);
    }
    runner_.backward(step, vectors_[i], blocks, arena);
  }
  for (int b = 0; b < group.count; b++) {
    sink(group.first + b, reinterpret_cast<float*>(slot(values, b, backwardPlaces_.offset[0])));
  }
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

size_t Inference::bytes() const {
  size_t total = masks_.bytes();
  for (const Buffer& arena : arenas_) total += arena.bytes();
  return total;
}

}  // namespace sparse_robust
