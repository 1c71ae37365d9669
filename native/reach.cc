// From the images upwards: a channel is reached through any connection from one that is.
#include "reach.h"

#include <algorithm>

#include "packed.h"

namespace sparse_robust {
namespace {

using Reached = std::vector<uint8_t>;

/** A gradient that is computed from all channels, with weights of 0 where there is no connection, needs all of them. */
bool tellsApart(const Kernel& kernel) { return kernel.sparse && kernel.backward.plan.algorithm == Algorithm::Sparse; }

/** Output channels with a connection from a reached input. */
Reached through(const Kernel& kernel, const Reached& input) {
  if (!tellsApart(kernel)) return {};
  const Weights weights = kernel.weights();
  const size_t taps = size_t(kernel.shape.kernel) * kernel.shape.kernel, inputs = kernel.shape.in.channels;
  Reached output(kernel.shape.out.channels);
  size_t i = 0;
  for (size_t channel = 0; channel < output.size(); channel++) {
    const size_t end = (channel + 1) * inputs * taps;
    for (; i < weights.count && weights.index[i] < end; i++) {
      if (!input.empty() && !input[weights.index[i] / taps % inputs]) continue;
      output[channel] = 1;
      i = firstWeightFrom(weights, end);
      break;
    }
  }
  return output;
}

Reached flattened(const Layer& layer, const Reached& input) {
  if (input.empty()) return {};
  const size_t positions = size_t(layer.in.height) * layer.in.width, channels = input.size();
  Reached output(positions * channels);
  for (size_t i = 0; i < output.size(); i++) output[i] = input[layer.channelsFirst ? i / positions : i % channels];
  return output;
}

/** Where one of both is reached. */
Reached joined(Reached a, const Reached& b) {
  if (a.empty() || b.empty()) return {};
  for (size_t i = 0; i < a.size(); i++) a[i] |= b[i];
  return a;
}

Reached reachedBy(const Step& step, const Parameters& parameters, const Reached& input) {
  if (step.kind == StepKind::Conv) return through(parameters.kernelOf(step.layer), input);
  return step.kind == StepKind::Flatten ? flattened(parameters.graph().layers[step.layer], input) : input;
}

}  // namespace

std::vector<std::vector<uint8_t>> channelsReached(const Program& program, const Parameters& parameters) {
  std::vector<Reached> reached(program.lastUse.size());
  for (const Step& step : program.steps) {
    Reached& output = reached[step.output];
    output = reachedBy(step, parameters, reached[step.input]);
    if (step.add >= 0) output = joined(std::move(output), reached[step.add]);
    if (std::count(output.begin(), output.end(), 1) == long(output.size())) output.clear();
  }
  return reached;
}

}  // namespace sparse_robust
