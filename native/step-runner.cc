// From steps to kernel calls.
#include "step-runner.h"

#include <algorithm>
#include <cmath>

namespace sparse_robust {
namespace {

const float* dataOf(const std::vector<float>& vector) { return vector.empty() ? nullptr : vector.data(); }

/** normalize, or a batch-norm that stands alone: the mean is taken off first, so that nothing cancels. */
StepVectors mapVectors(const Parameters& parameters, const Layer& layer, int index) {
  StepVectors v;
  const size_t channels = layer.out.channels;
  v.center.resize(channels), v.scale.resize(channels), v.shift.resize(channels);
  for (size_t c = 0; c < channels; c++) {
    if (layer.op == Op::Normalize) {
      v.center[c] = float(layer.mean[c]), v.scale[c] = float(1 / layer.deviation[c]), v.shift[c] = 0;
    } else {
      const Norm& norm = parameters.normOf(index);
      v.center[c] = norm.mean[c], v.shift[c] = norm.beta[c];
      v.scale[c] = float(norm.gamma[c] / std::sqrt(double(norm.variance[c]) + layer.epsilon));
    }
  }
  return v;
}

/** acc * scale + shift = norm(acc + bias). */
StepVectors foldedVectors(const Parameters& parameters, const Step& step) {
  StepVectors v;
  const std::vector<float>& bias = parameters.kernelOf(step.layer).bias;
  if (step.norm < 0) {
    v.shift = bias;
    return v;
  }
  const Norm& norm = parameters.normOf(step.norm);
  const double epsilon = parameters.graph().layers[step.norm].epsilon;
  const size_t channels = norm.gamma.size();
  v.scale.resize(channels), v.shift.resize(channels);
  for (size_t c = 0; c < channels; c++) {
    const double scale = norm.gamma[c] / std::sqrt(double(norm.variance[c]) + epsilon);
    v.scale[c] = float(scale);
    v.shift[c] = float(norm.beta[c] + ((bias.empty() ? 0.0 : bias[c]) - norm.mean[c]) * scale);
  }
  return v;
}

}  // namespace

StepVectors vectorsOf(const Parameters& parameters, const Step& step) {
  if (step.kind == StepKind::Conv) return foldedVectors(parameters, step);
  if (step.norm >= 0) return mapVectors(parameters, parameters.graph().layers[step.norm], step.norm);
  return {};
}

size_t StepRunner::scratchBytes(const Step& step) const {
  if (step.kind != StepKind::Conv) return 0;
  const Kernel& kernel = parameters_.kernelOf(step.layer);
  return std::max(sparse_robust::scratchBytes(kernel.forward.plan), sparse_robust::scratchBytes(kernel.backward.plan));
}

void StepRunner::forward(const Step& step, const StepVectors& vectors, const StepBlocks& blocks, char* scratch) const {
  if (step.kind == StepKind::Conv) return convForward(step, vectors, blocks, scratch);
  for (int block = 0; block < blocks.count; block++) forwardBlock(step, vectors, blocks, block);
}

void StepRunner::convForward(const Step& step, const StepVectors& vectors, const StepBlocks& blocks, char* scratch) const {
  const Kernel& kernel = parameters_.kernelOf(step.layer);
  ConvCall call{&kernel.forward.plan, kernel.forward.bytes.data(), blocks.input, blocks.output, blocks.count, {}, scratch, blocks.rows};
  call.epilogue.scale = dataOf(vectors.scale);
  call.epilogue.shift = dataOf(vectors.shift);
  call.epilogue.add = step.add >= 0 ? blocks.add : nullptr;
  call.epilogue.relu = step.relu;
  call.epilogue.maskOut = step.relu && blocks.mask[0] ? blocks.mask : nullptr;
  runConv(*machine_.target->kernels, call);
}

void StepRunner::forwardBlock(const Step& step, const StepVectors& vectors, const StepBlocks& blocks, int block) const {
  const Layer& layer = layerOf(step);
  const float* input = blocks.input[block];
  float* output = blocks.output[block];
  switch (step.kind) {
    case StepKind::Map: {
      MapCall call;
      call.plane = layer.out, call.input = input, call.output = output, call.images = blocks.images[block];
      call.center = dataOf(vectors.center), call.scale = dataOf(vectors.scale), call.shift = dataOf(vectors.shift);
      call.add = step.add >= 0 ? blocks.add[block] : nullptr;
      call.relu = step.relu, call.maskOut = step.relu ? blocks.mask[block] : nullptr, call.rows = blocks.rows;
      return passes().map(call);
    }
    case StepKind::MaximumPool: return passes().maximumPool({layer.pool, input, output, blocks.chosen[block], blocks.rows, step.joinsRelu});
    case StepKind::AveragePool: return passes().averagePool({layer.pool, input, output, nullptr});
    case StepKind::Flatten: return passes().flatten({layer.in, layer.channelsFirst, input, output});
    case StepKind::Conv: return;
  }
}

GradientEnd StepRunner::endOf(const PartBlocks& part, int block) {
  GradientEnd end;
  if (!part.part.first) end.add = part.gradient[block];
  if (part.part.last) end.maskIn = part.mask[block], end.scale = part.scale;
  end.wanted = part.wanted;
  return end;
}

void StepRunner::backward(const Step& step, const StepVectors& vectors, const GradientBlocks& blocks, char* scratch) const {
  backwardAdd(step, blocks);
  backwardInput(step, vectors, blocks, scratch);
}

void StepRunner::backwardInput(const Step& step, const StepVectors& vectors, const GradientBlocks& blocks, char* scratch) const {
  if (blocks.input.part.value < 0) return;
  if (step.kind == StepKind::Conv) return convBackward(step, vectors, blocks, scratch);
  for (int block = 0; block < blocks.count; block++) backwardBlock(step, vectors, blocks, block);
}

void StepRunner::backwardAdd(const Step& step, const GradientBlocks& blocks) const {
  if (step.add < 0 || blocks.add.part.value < 0) return;
  for (int block = 0; block < blocks.count; block++) {
    const float* gradient = blocks.output[block];
    passes().mapGradient({layerOf(step).out, gradient, blocks.add.gradient[block], nullptr, endOf(blocks.add, block), blocks.rows});
  }
}

void StepRunner::convBackward(const Step& step, const StepVectors& vectors, const GradientBlocks& blocks, char* scratch) const {
  const Kernel& kernel = parameters_.kernelOf(step.layer);
  if (step.scalesGradient() && step.add >= 0) {   // the sum's other part needed it without the scale
    for (int block = 0; block < blocks.count; block++)
      passes().mapGradient({kernel.shape.out, blocks.output[block], blocks.output[block], vectors.scale.data(), {}});
  }
  const PartBlocks& to = blocks.input;
  ConvCall call{&kernel.backward.plan, kernel.backward.bytes.data(), blocks.output, to.gradient, blocks.count, {}, scratch, blocks.rows, to.wanted};
  call.epilogue.add = to.part.first ? nullptr : to.gradient;
  call.epilogue.maskIn = to.part.last && to.mask[0] ? to.mask : nullptr;
  call.epilogue.scale = to.part.last ? to.scale : nullptr;
  runConv(*machine_.target->kernels, call);
}

void StepRunner::backwardBlock(const Step& step, const StepVectors& vectors, const GradientBlocks& blocks, int block) const {
  const Layer& layer = layerOf(step);
  const float* output = blocks.output[block];
  float* input = blocks.input.gradient[block];
  const GradientEnd end = endOf(blocks.input, block);
  switch (step.kind) {
    case StepKind::Map: return passes().mapGradient({layer.out, output, input, dataOf(vectors.scale), end, blocks.rows});
    case StepKind::MaximumPool: return passes().maximumPoolGradient({layer.pool, output, blocks.chosen[block], input, end, blocks.rows});
    case StepKind::AveragePool: return passes().averagePoolGradient({layer.pool, output, nullptr, input, end});
    case StepKind::Flatten: return passes().flattenGradient({layer.in, layer.channelsFirst, output, input, end});
    case StepKind::Conv: return;
  }
}

}  // namespace sparse_robust
