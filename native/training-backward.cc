// The backward half: gradients of values go from buffer to buffer of the pool, those of parameters into their sums.
#include <cmath>

#include "threads.h"
#include "training.h"

namespace sparse_robust {

struct Training::Pass {
  Tape tape;
  std::vector<Buffer> gradients;   // [value]
};

namespace {

/** Channels of one task: enough tasks that no thread waits long for the last. */
int taskChannels(int channels, int threads) { return std::max(1, channels / (4 * threads)); }

void addTo(Collected& gradient, size_t i, double value) {
  gradient.sums[i] = gradient.clean ? float(value) : gradient.sums[i] + float(value);
}

}  // namespace

void Training::backward(Tape&& tape, const float* logitGradient) {
  const Graph& graph = parameters_->graph();
  const int logits = graph.outputValue();
  const size_t blocks = blocksOf(tape.images);
  Pass pass{std::move(tape), {}};
  pass.gradients.resize(logits + 1);
  pass.gradients[logits] = takeValue(logits, pass.tape.images);
  for (size_t b = 0; b < blocks; b++) {
    float* from = const_cast<float*>(logitGradient) + b * kLine * graph.classes;
    float* to = block(pass.gradients[logits], logits, b);
    machine_.target->passes->blockFromImages({graph.plane(logits), from, to, imagesIn(pass.tape.images, b)});
    const Buffer& mask = pass.tape.masks[logits];
    if (mask.bytes() == 0) continue;
    machine_.target->passes->mapGradient({graph.plane(logits), to, to, nullptr, {nullptr, mask.masks() + b * graph.plane(logits).lines(), nullptr}});
  }
  for (size_t i = program_.steps.size(); i-- > 0;) {
    const int output = program_.steps[i].output;
    if (program_.wantsGradient[output]) runBackward(i, pass);
    pool_.give(std::move(pass.gradients[output]));
    pool_.give(std::move(pass.tape.values[output]));
  }
  for (auto& state : kernels) state.gradient.clean = state.biasGradient.clean = false;
  for (auto& state : norms) state.gammaGradient.clean = state.betaGradient.clean = false;
  discard(std::move(pass.tape));
}

void Training::runBackward(size_t i, Pass& pass) {
  const Step& step = program_.steps[i];
  for (const Part& part : {program_.addPart[i], program_.inputPart[i]})
    if (part.first) pass.gradients[part.value] = takeValue(part.value, pass.tape.images);
  if (step.kind == StepKind::Conv) {
    weightGradient(step, pass);
    biasGradient(step, pass);
  }
  if (isBatchNorm(step)) return normBackward(i, pass);
  const std::vector<Group> groups = groupBlocks(blocksOf(pass.tape.images), machine_.threads);
  parallel(machine_.threads, groups.size(), [&](size_t g, int thread) {
    runner_.backward(step, pass.tape.vectors[i], gradientBlocks(i, groups[g], pass), scratch_[thread].data());
  });
}

PartBlocks Training::partBlocks(const Part& part, const Group& group, Pass& pass) {
  PartBlocks to{part, {}, {}};
  if (part.value < 0) return to;
  const Buffer& mask = pass.tape.masks[part.value];
  const size_t words = parameters_->graph().plane(part.value).lines();
  for (int b = 0; b < group.count; b++) {
    to.gradient[b] = block(pass.gradients[part.value], part.value, group.first + b);
    to.mask[b] = mask.bytes() > 0 ? mask.masks() + (group.first + b) * words : nullptr;
  }
  return to;
}

GradientBlocks Training::gradientBlocks(size_t i, const Group& group, Pass& pass) {
  const Step& step = program_.steps[i];
  const PoolShape& pool = parameters_->graph().layers[step.layer].pool;
  const size_t chosenWords = size_t(pool.out.channels) * pool.out.height * pool.out.width * pool.rows * pool.columns;
  GradientBlocks blocks;
  blocks.count = group.count;
  blocks.input = partBlocks(program_.inputPart[i], group, pass);
  blocks.add = partBlocks(program_.addPart[i], group, pass);
  for (int b = 0; b < group.count; b++) {
    const size_t number = group.first + b;
    blocks.output[b] = block(pass.gradients[step.output], step.output, number);
    blocks.chosen[b] = step.kind == StepKind::MaximumPool ? pass.tape.chosen[i].masks() + number * chosenWords : nullptr;
  }
  return blocks;
}

/** dx = gamma / deviation * (g - mean of g - (x - mean) * mean of (g (x - mean)) / deviation^2), the means over the batch. */
void Training::normBackward(size_t i, Pass& pass) {
  const Step& step = program_.steps[i];
  const Plane& plane = parameters_->graph().plane(step.input);
  const BatchStatistics& statistics = pass.tape.statistics[i];
  const std::vector<const float*> gradients = blocksOfValue(pass.gradients[step.output], step.output, pass.tape.images);
  const std::vector<const float*> values = blocksOfValue(pass.tape.values[step.input], step.input, pass.tape.images);
  const int last = imagesIn(pass.tape.images, gradients.size() - 1), count = int(gradients.size());
  std::vector<double> sum(plane.channels), product(plane.channels);
  const int channels = taskChannels(plane.channels, machine_.threads);
  parallel(machine_.threads, (plane.channels + channels - 1) / channels, [&](size_t task, int) {
    const int from = int(task) * channels, to = std::min(plane.channels, from + channels);
    machine_.target->passes->gradientSums({plane, gradients.data(), values.data(), statistics.mean.data(), count, last, from, to, sum.data(), product.data()});
  });
  const size_t number = size_t(&parameters_->normOf(step.norm) - parameters_->norms.data());
  const double epsilon = parameters_->graph().layers[step.norm].epsilon;
  const double entries = double(pass.tape.images) * plane.height * plane.width;
  std::vector<float> slope(plane.channels), average(plane.channels);
  for (int c = 0; c < plane.channels; c++) {
    const double variance = statistics.variance[c] + epsilon;
    addTo(norms[number].gammaGradient, c, product[c] / std::sqrt(variance));
    addTo(norms[number].betaGradient, c, sum[c]);
    slope[c] = float(product[c] / entries / variance);
    average[c] = float(sum[c] / entries);
  }
  const StepVectors& vectors = pass.tape.vectors[i];
  parallel(machine_.threads, gradients.size(), [&](size_t b, int) {
    const GradientBlocks blocks = gradientBlocks(i, {b, 1}, pass);
    runner_.backwardAdd(step, blocks);
    if (blocks.input.part.value < 0) return;
    machine_.target->passes->normGradient({plane, values[b], blocks.output[0], blocks.input.gradient[0], vectors.center.data(), slope.data(),
                                           average.data(), vectors.scale.data(), imagesIn(pass.tape.images, b), StepRunner::endOf(blocks.input, 0)});
  });
}

void Training::weightGradient(const Step& step, Pass& pass) {
  const Kernel& kernel = parameters_->kernelOf(step.layer);
  KernelState& state = kernels[size_t(&kernel - parameters_->kernels.data())];
  Weights weights = kernel.weights();
  if (state.full) weights = {nullptr, nullptr, kernel.size};
  const std::vector<const float*> inputs = blocksOfValue(pass.tape.values[step.input], step.input, pass.tape.images);
  const std::vector<const float*> gradients = blocksOfValue(pass.gradients[step.output], step.output, pass.tape.images);
  const Algorithm algorithm = planWeightGradient(kernel.shape, weights);
  const size_t bytes = weightGradientScratchBytes(kernel.shape, algorithm);
  for (Buffer& scratch : scratch_) scratch.reserve(bytes);
  Buffer second = state.gradient.clean ? Buffer() : pool_.take(weights.count * sizeof(float));
  float* into = state.gradient.clean ? state.gradient.sums.data() : second.floats();
  const int channels = weightGradientTask(kernel.shape, algorithm, machine_.threads);
  parallel(machine_.threads, (kernel.shape.out.channels + channels - 1) / channels, [&](size_t task, int thread) {
    const int from = int(task) * channels, to = std::min(kernel.shape.out.channels, from + channels);
    machine_.target->kernels->weightGradient({kernel.shape, algorithm, &weights, inputs.data(), gradients.data(), int(inputs.size()), from, to, into, scratch_[thread].data()});
  });
  if (state.gradient.clean) return;
  for (size_t i = 0; i < weights.count; i++) state.gradient.sums[i] += into[i];
  pool_.give(std::move(second));
}

void Training::biasGradient(const Step& step, Pass& pass) {
  const Kernel& kernel = parameters_->kernelOf(step.layer);
  if (kernel.bias.empty()) return;
  KernelState& state = kernels[size_t(&kernel - parameters_->kernels.data())];
  const std::vector<const float*> gradients = blocksOfValue(pass.gradients[step.output], step.output, pass.tape.images);
  const int last = imagesIn(pass.tape.images, gradients.size() - 1);
  std::vector<double> sum(kernel.bias.size());
  machine_.target->passes->gradientSums({kernel.shape.out, gradients.data(), nullptr, nullptr, int(gradients.size()), last, 0, int(sum.size()), sum.data(), nullptr});
  for (size_t c = 0; c < sum.size(); c++) addTo(state.biasGradient, c, sum[c]);
}

}  // namespace sparse_robust
