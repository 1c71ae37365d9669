// The forward pass keeps 16 bits a line for each relu and each place of a maximum's windows, nothing else; with them the
// backward pass needs no activation.
#include "inference.h"

#include <chrono>
#include <cstring>

#include "reach.h"
#include "threads.h"

namespace sparse_robust {
namespace {

/** Adds its lifetime to a sum. */
class StepClock {
 public:
  explicit StepClock(double& seconds) : seconds_(seconds), start_(std::chrono::steady_clock::now()) {}
  ~StepClock() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_;
};

/** Rows of every channel that is wanted (null: of all) to the begin of their memory. */
void moveRows(const Plane& plane, float* memory, const uint8_t* wanted, const RowsMoved& moved) {
  const size_t row = size_t(plane.width) * kLine;
  for (int channel = 0; channel < plane.channels; channel++, memory += plane.stride() * kLine) {
    if (wanted && !wanted[channel]) continue;
    std::memmove(memory, memory + (moved.from - moved.base) * row, (moved.to - moved.from) * row * sizeof(float));
  }
}

}  // namespace

Inference::Inference(const Machine& machine, std::shared_ptr<Parameters> parameters)
    : machine_(machine), parameters_(std::move(parameters)), program_(compileInference(graph())), runner_(machine_, *parameters_) {
  placeMasks();
}

/** Follows changed parameters: packed weights, folded batch-norm, scratch, chains. */
void Inference::update() {
  if (vectorsVersion_ == parameters_->version()) return;
  parameters_->prepare(machine_.threads);
  vectors_.clear();
  scratchBytes_ = 0;
  for (const Step& step : program_.steps) {
    vectors_.push_back(vectorsOf(*parameters_, step));
    scratchBytes_ = std::max(scratchBytes_, alignedBytes(runner_.scratchBytes(step)));
  }
  countAlone();
  shareGradients();
  forwardChains_ = chainsOf(program_, *parameters_, Direction::Forward, alone_);
  backwardChains_ = chainsOf(program_, *parameters_, Direction::InputGradient, alone_);
  reached_ = channelsReached(program_, *parameters_);
  placeValues();
  vectorsVersion_ = parameters_->version();
}

/** Whether the bits of a value's relu are among those of the maximum that reads it. */
bool Inference::joinsRelu(int value) const {
  const size_t reader = program_.lastUse[value];
  return reader < program_.steps.size() && program_.steps[reader].joinsRelu;
}

uint16_t* Inference::maskOf(int value, size_t block) const {
  const int producer = program_.producer[value];
  if (producer < 0 || !program_.steps[producer].relu || joinsRelu(value)) return nullptr;
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
    auto chain = forwardChains_.begin();
    for (size_t i = 0; i < alone_;) {
      if (chain != forwardChains_.end() && chain->from == int(i)) {
        forwardChain(*chain, group, b, first, keep, space);
        i = (chain++)->to;
      } else {
        forwardStep(i, group, b, b + 1, first, keep, space);
        i++;
      }
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

/** One block through a chain. The masks have a place for every row. */
void Inference::forwardChain(const Chain& chain, const Group& group, int block, const float* const* images, bool keep, Space& space) {
  const auto run = [&](int j, const Rows& rows, const BandState& state) {
    const int i = chain.jobs[j].step;
    StepBlocks blocks = blocksFor(i, group, block, block + 1, images, keep, space);
    if (j > 0) blocks.input[0] -= floatsAbove(chain, state, j - 1);
    blocks.output[0] -= floatsAbove(chain, state, j);
    blocks.rows = rows;
    const StepClock clock(space.seconds[i]);
    runner_.forward(program_.steps[i], vectors_[i], blocks, space.arena.data());
  };
  walkBands(chain, run, [&](int j, const RowsMoved& moved) {
    const int value = chain.jobs[j].writes;
    moveRows(graph().plane(value), place(space, forwardPlaces_, value, block), nullptr, moved);
  });
}

/** What the memory of a job's value lies ahead of where its row 0 would be. */
size_t Inference::floatsAbove(const Chain& chain, const BandState& state, int job) const {
  return size_t(state.base[job]) * graph().plane(chain.jobs[job].writes).width * kLine;
}

void Inference::backward(size_t images, const float* logitGradient, const GradientSink& sink) {
  const std::vector<Group> groups = groupBlocks(blocksOf(images), machine_.threads);
  parallel(machine_.threads, groups.size(), [&](size_t g, int thread) {
    backwardGroup(groups[g], images, logitGradient, sink, spaces_[thread]);
  });
}

/** Channels of a value whose gradient somebody needs; null: all. */
const uint8_t* Inference::wantedOf(int value) const { return reached_[value].empty() ? nullptr : reached_[value].data(); }

PartBlocks Inference::partBlocks(const Part& part, const Group& group, int from, int to, Space& space) const {
  PartBlocks blocks{part, {}, {}};
  if (part.value < 0) return blocks;
  blocks.wanted = wantedOf(part.value);
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
    auto chain = backwardChains_.rbegin();
    for (size_t i = alone_; i > 0;) {
      if (chain != backwardChains_.rend() && chain->to == int(i)) {
        backwardChain(*chain, group, b, space);
        i = (chain++)->from;
      } else {
        backwardStep(--i, group, b, b + 1, space);
      }
    }
    sink(group.first + b, place(space, backwardPlaces_, 0, b));
  }
}

GradientBlocks Inference::gradientBlocksFor(size_t i, const Group& group, int from, int to, Space& space) const {
  GradientBlocks blocks;
  blocks.count = to - from;
  blocks.input = partBlocks(program_.inputPart[i], group, from, to, space);
  const Part& add = program_.addPart[i];
  const bool isThere = add.first && add.value >= 0 && sharing_[add.value] >= 0;
  blocks.add = partBlocks(isThere ? Part{} : add, group, from, to, space);
  for (int b = from; b < to; b++) {
    blocks.output[b - from] = place(space, backwardPlaces_, program_.steps[i].output, b);
    blocks.chosen[b - from] = chosenOf(i, group.first + b);
  }
  return blocks;
}

void Inference::backwardStep(size_t i, const Group& group, int from, int to, Space& space) {
  const StepClock clock(space.seconds[i]);
  runner_.backward(program_.steps[i], vectors_[i], gradientBlocksFor(i, group, from, to, space), space.arena.data());
}

void Inference::backwardChain(const Chain& chain, const Group& group, int block, Space& space) {
  const auto run = [&](int j, const Rows& rows, const BandState& state) {
    const int i = chain.jobs[j].step;
    GradientBlocks blocks = gradientBlocksFor(i, group, block, block + 1, space);
    if (j > 0) blocks.output[0] -= floatsAbove(chain, state, j - 1);
    blocks.input.gradient[0] -= floatsAbove(chain, state, j);
    blocks.rows = rows;
    const StepClock clock(space.seconds[i]);
    runner_.backward(program_.steps[i], vectors_[i], blocks, space.arena.data());
  };
  walkBands(chain, run, [&](int j, const RowsMoved& moved) {
    const int value = chain.jobs[j].writes;
    moveRows(graph().plane(value), place(space, backwardPlaces_, value, block), wantedOf(value), moved);
  });
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
