// Weight gradient: for each connection, the products of its input lines with the output's gradient, summed.
#include "geometry.h"
#include "vec.h"

namespace sparse_robust {
namespace SR_TARGET {
namespace {

struct Span { int from, to; };

/** Output coordinates along one axis at which `tap` reaches the input. */
SR_INLINE Span outputsOf(int tap, int stride, int pad, int inputs, int outputs) {
  int from = 0, to = outputs;
  while (from < to && from * stride - pad + tap < 0) from++;
  while (to > from && (to - 1) * stride - pad + tap >= inputs) to--;
  return {from, to};
}

/** One weight's sum over blocks, rows and columns, in this order in each lane. */
float gradientOf(const WeightGradientCall& call, size_t index) {
  const ConvShape& s = call.shape;
  int taps = s.kernel * s.kernel, tap = static_cast<int>(index % taps), row = tap / s.kernel, column = tap % s.kernel;
  size_t in = index / taps % s.in.channels, out = index / taps / s.in.channels;
  Span rows = outputsOf(row, s.stride, s.padTop, s.in.height, s.out.height);
  Span columns = outputsOf(column, s.stride, s.padLeft, s.in.width, s.out.width);
  Vec acc[kVectorsPerLine];
  for (int v = 0; v < kVectorsPerLine; v++) acc[v] = zero();
  for (int block = 0; block < call.blocks; block++) {
    for (int y = rows.from; y < rows.to; y++) {
      const float* gradient = call.outputGradient[block] + (out * s.out.stride() + size_t(y) * s.out.width) * kLine;
      size_t inputRow = size_t(y * s.stride - s.padTop + row) * s.in.width;
      for (int x = columns.from; x < columns.to; x++) {
        size_t line = in * s.in.stride() + inputRow + (x * s.stride - s.padLeft + column);
        const float* input = call.input[block] + line * kLine;
#pragma GCC unroll 4
        for (int v = 0; v < kVectorsPerLine; v++) {
          acc[v] = fma(load(gradient + size_t(x) * kLine + v * kLanes), load(input + v * kLanes), acc[v]);
        }
      }
    }
  }
  alignas(64) float line[kLine];
  for (int v = 0; v < kVectorsPerLine; v++) store(line + v * kLanes, acc[v]);
  return sumOfLine(line);
}

SR_INLINE size_t lowerBound(const uint32_t* index, size_t count, size_t position) {
  size_t from = 0;
  while (from < count) {
    size_t middle = (from + count) / 2;
    if (index[middle] < position) from = middle + 1;
    else count = middle;
  }
  return from;
}

}  // namespace

void weightGradient(const WeightGradientCall& call) {
  size_t perChannel = size_t(call.shape.in.channels) * call.shape.kernel * call.shape.kernel;
  size_t from = call.from * perChannel, to = call.to * perChannel;
  const uint32_t* index = call.weights->index;
  if (index) from = lowerBound(index, call.weights->count, from), to = lowerBound(index, call.weights->count, to);
  for (size_t i = from; i < to; i++) call.gradient[i] = gradientOf(call, index ? index[i] : i);
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
