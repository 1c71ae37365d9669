// The forward half: step by step over the whole batch, since batch statistics need all of it, each step cut into groups of
// blocks (statistics: into channels) for the threads.
#include "training.h"

#include <cmath>

#include "threads.h"

namespace sparse_robust {
namespace {

constexpr size_t kLineBytes = kLine * sizeof(float);

/** Channels of one task of a pass over all blocks. */
constexpr int kTaskChannels = 8;

bool allFinite(const std::vector<float>& values) {
  for (float value : values)
    if (!std::isfinite(value)) return false;
  return true;
}

}  // namespace

Training::Training(const Machine& machine, std::shared_ptr<Parameters> parameters)
    : machine_(machine), parameters_(std::move(parameters)), program_(compileTraining(parameters_->graph())),
      runner_(machine_, *parameters_), kept_(parameters_->graph().outputValue() + 1) {
  kernels.resize(parameters_->kernels.size());
  norms.resize(parameters_->norms.size());
  for (const Step& step : program_.steps)
    if (step.kind == StepKind::Conv || isBatchNorm(step)) kept_[step.input] = true;
}

bool Training::isBatchNorm(const Step& step) const {
  return step.norm >= 0 && parameters_->graph().layers[step.norm].op == Op::BatchNorm;
}

Buffer Training::takeValue(int value, size_t images) {
  return pool_.take(blocksOf(images) * parameters_->graph().plane(value).lines() * kLineBytes);
}

float* Training::block(const Buffer& buffer, int value, size_t number) const {
  return buffer.floats() + number * parameters_->graph().plane(value).lines() * kLine;
}

std::vector<const float*> Training::blocksOfValue(const Buffer& buffer, int value, size_t images) const {
  std::vector<const float*> blocks;
  for (size_t b = 0; b < blocksOf(images); b++) blocks.push_back(block(buffer, value, b));
  return blocks;
}

void Training::keepScratch() {
  size_t bytes = 0;
  for (const Step& step : program_.steps) bytes = std::max(bytes, runner_.scratchBytes(step));
  scratch_.resize(machine_.threads);
  for (Buffer& scratch : scratch_) scratch.reserve(bytes);
}

Tape Training::forward(const float* images, size_t count, float* logits) {
  const Graph& graph = parameters_->graph();
  parameters_->prepare(machine_.threads);
  keepScratch();
  Tape tape;
  tape.images = count;
  tape.values.resize(graph.outputValue() + 1);
  tape.masks.resize(graph.outputValue() + 1);
  tape.chosen.resize(program_.steps.size());
  tape.vectors.resize(program_.steps.size());
  tape.statistics.resize(program_.steps.size());
  tape.values[0] = takeValue(0, count);
  const size_t entries = size_t(graph.input.channels) * graph.input.height * graph.input.width;
  parallel(machine_.threads, blocksOf(count), [&](size_t b, int) {
    float* from = const_cast<float*>(images) + b * kLine * entries;
    machine_.target->passes->blockFromImages({graph.input, from, block(tape.values[0], 0, b), imagesIn(count, b)});
  });
  for (size_t i = 0; i < program_.steps.size(); i++) runForward(i, tape);
  const int output = graph.outputValue();
  for (size_t b = 0; b < blocksOf(count); b++) {
    float* to = logits + b * kLine * graph.classes;
    machine_.target->passes->imagesFromBlock({graph.plane(output), to, block(tape.values[output], output, b), imagesIn(count, b)});
  }
  return tape;
}

void Training::runForward(size_t i, Tape& tape) {
  const Step& step = program_.steps[i];
  const Graph& graph = parameters_->graph();
  const size_t blocks = blocksOf(tape.images);
  tape.values[step.output] = takeValue(step.output, tape.images);
  const size_t maskWords = graph.plane(step.output).lines();
  const PoolShape& pool = graph.layers[step.layer].pool;
  const size_t chosenWords = size_t(pool.out.channels) * pool.out.height * pool.out.width * pool.rows * pool.columns;
  if (step.relu) tape.masks[step.output] = pool_.take(blocks * maskWords * 2);
  if (step.kind == StepKind::MaximumPool) tape.chosen[i] = pool_.take(blocks * chosenWords * 2);
  if (isBatchNorm(step)) normForward(i, tape);
  else tape.vectors[i] = vectorsOf(*parameters_, step);
  const std::vector<Group> groups = groupBlocks(blocks, machine_.threads);
  parallel(machine_.threads, groups.size(), [&](size_t g, int thread) {
    StepBlocks at;
    at.count = groups[g].count;
    for (int b = 0; b < at.count; b++) {
      const size_t number = groups[g].first + b;
      at.input[b] = block(tape.values[step.input], step.input, number);
      if (step.add >= 0) at.add[b] = block(tape.values[step.add], step.add, number);
      at.output[b] = block(tape.values[step.output], step.output, number);
      at.mask[b] = step.relu ? tape.masks[step.output].masks() + number * maskWords : nullptr;
      at.chosen[b] = step.kind == StepKind::MaximumPool ? tape.chosen[i].masks() + number * chosenWords : nullptr;
      at.images[b] = imagesIn(tape.images, number);
    }
    runner_.forward(step, tape.vectors[i], at, scratch_[thread].data());
  });
  release(i, tape);
}

/** The statistics of the batch, and with them the step's vectors. */
void Training::normForward(size_t i, Tape& tape) {
  const Step& step = program_.steps[i];
  const Norm& norm = parameters_->normOf(step.norm);
  const Plane& plane = parameters_->graph().plane(step.input);
  BatchStatistics& statistics = tape.statistics[i];
  statistics.mean.resize(plane.channels);
  statistics.variance.resize(plane.channels);
  const std::vector<const float*> blocks = blocksOfValue(tape.values[step.input], step.input, tape.images);
  const int last = imagesIn(tape.images, blocks.size() - 1);
  parallel(machine_.threads, (plane.channels + kTaskChannels - 1) / kTaskChannels, [&](size_t task, int) {
    const int from = int(task) * kTaskChannels, to = std::min(plane.channels, from + kTaskChannels);
    machine_.target->passes->statistics({plane, blocks.data(), int(blocks.size()), last, from, to, statistics.mean.data(), statistics.variance.data()});
  });
  StepVectors& vectors = tape.vectors[i];
  const double epsilon = parameters_->graph().layers[step.norm].epsilon;
  vectors.shift = norm.beta;
  for (int c = 0; c < plane.channels; c++) {
    vectors.center.push_back(float(statistics.mean[c]));
    vectors.scale.push_back(float(norm.gamma[c] / std::sqrt(statistics.variance[c] + epsilon)));
  }
}

/** Values that no later step and no backward reads. */
void Training::release(size_t i, Tape& tape) {
  for (int value : {program_.steps[i].input, program_.steps[i].add}) {
    if (value >= 0 && program_.lastUse[value] == int(i) && !kept_[value]) pool_.give(std::move(tape.values[value]));
  }
}

void Training::updateStatistics(const Tape& tape, bool unbiased) {
  for (size_t i = 0; i < program_.steps.size(); i++) {
    const Step& step = program_.steps[i];
    if (!isBatchNorm(step)) continue;
    Norm& norm = parameters_->normOf(step.norm);
    const Plane& plane = parameters_->graph().plane(step.input);
    const double share = parameters_->graph().layers[step.norm].momentum;
    const double count = double(tape.images) * plane.height * plane.width;
    const double factor = unbiased ? count / (count - 1) : 1;
    for (int c = 0; c < plane.channels; c++) {
      norm.mean[c] = float((1 - share) * norm.mean[c] + share * tape.statistics[i].mean[c]);
      norm.variance[c] = float((1 - share) * norm.variance[c] + share * (tape.statistics[i].variance[c] * factor));
    }
  }
  parameters_->changed();
}

void Training::discard(Tape&& tape) {
  for (auto* buffers : {&tape.values, &tape.masks, &tape.chosen})
    for (Buffer& buffer : *buffers) pool_.give(std::move(buffer));
}

void Training::prepareState() {
  for (size_t k = 0; k < kernels.size(); k++) {
    const Kernel& kernel = parameters_->kernels[k];
    KernelState& state = kernels[k];
    state.momentum.resize(kernel.value.size());
    state.biasMomentum.resize(kernel.bias.size());
    state.gradient.clear(state.full ? kernel.size : kernel.value.size());
    state.biasGradient.clear(kernel.bias.size());
  }
  for (size_t n = 0; n < norms.size(); n++) {
    for (auto* momentum : {&norms[n].gammaMomentum, &norms[n].betaMomentum}) momentum->resize(parameters_->norms[n].gamma.size());
    for (auto* gradient : {&norms[n].gammaGradient, &norms[n].betaGradient}) gradient->clear(parameters_->norms[n].gamma.size());
  }
}

bool Training::isClean() const {
  for (const KernelState& kernel : kernels)
    if (!kernel.gradient.clean || !kernel.biasGradient.clean) return false;
  for (const NormState& norm : norms)
    if (!norm.gammaGradient.clean || !norm.betaGradient.clean) return false;
  return true;
}

void Training::attract(size_t kernel, const float* target, float strength) {
  Collected& gradient = kernels[kernel].gradient;
  const std::vector<float>& value = parameters_->kernels[kernel].value;
  for (size_t i = 0; i < value.size(); i++) gradient.sums[i] += strength * (value[i] - target[i]);
  gradient.clean = false;
}

void Training::step(const StepOptions& options) {
  for (size_t k = 0; k < kernels.size() && !options.onlyNorms; k++) {
    Kernel& kernel = parameters_->kernels[k];
    KernelState& state = kernels[k];
    const bool pick = kernel.sparse && state.full;
    if (state.rule == WeightRule::Mortal) updateMortal(kernel, state, options, uint32_t(k), machine_);
    else updateOrdinary(kernel.value, state.momentum, state.gradient.sums, pick ? kernel.index.data() : nullptr, options, machine_.threads);
    updateOrdinary(kernel.bias, state.biasMomentum, state.biasGradient.sums, nullptr, options, machine_.threads);
    kernel.stale = true;
  }
  for (size_t n = 0; n < norms.size(); n++) {
    Norm& norm = parameters_->norms[n];
    updateOrdinary(norm.gamma, norms[n].gammaMomentum, norms[n].gammaGradient.sums, nullptr, options, machine_.threads);
    updateOrdinary(norm.beta, norms[n].betaMomentum, norms[n].betaGradient.sums, nullptr, options, machine_.threads);
  }
  prepareState();
  parameters_->changed();
}

void Training::reconnect(size_t kernel, const Reconnection& change) {
  sparse_robust::reconnect(parameters_->kernels[kernel], kernels[kernel], change);
  prepareState();
  parameters_->changed();
}

std::string Training::firstNonFinite(const std::vector<const Tape*>& tapes) const {
  const Graph& graph = parameters_->graph();
  std::vector<bool> bad(graph.layers.size());
  for (size_t k = 0; k < kernels.size(); k++) {
    const Kernel& kernel = parameters_->kernels[k];
    bad[kernel.layer] = !allFinite(kernel.value) || !allFinite(kernel.bias) || !allFinite(kernels[k].dead.value);
  }
  for (const Norm& norm : parameters_->norms)
    bad[norm.layer] = !allFinite(norm.gamma) || !allFinite(norm.beta) || !allFinite(norm.mean) || !allFinite(norm.variance);
  for (const Tape* tape : tapes) {
    for (const Step& step : program_.steps) {
      if (tape->values[step.output].bytes() == 0) continue;
      const Plane& plane = graph.plane(step.output);
      for (size_t b = 0; b < blocksOf(tape->images); b++) {
        const float* values = block(tape->values[step.output], step.output, b);
        for (int c = 0; c < plane.channels; c++)
          for (int p = 0; p < plane.height * plane.width; p++)
            for (int i = 0; i < imagesIn(tape->images, b); i++)
              if (!std::isfinite(values[(c * plane.stride() + p) * kLine + i])) bad[step.output - 1] = true;
      }
    }
  }
  for (size_t i = 0; i < bad.size(); i++)
    if (bad[i]) return graph.layers[i].name;
  return "";
}

}  // namespace sparse_robust
