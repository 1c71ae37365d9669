// How the weight gradients that go by positions walk a batch: bands short enough that their lines stay in L1 for all taps, so that
// a sum grows lane by lane over blocks, rows and columns in this order, then over lanes in one tree: the same bits whether a
// layer's connections are walked or all its positions.
#pragma once
#include "packed.h"
#include "vec.h"

namespace sparse_robust {
namespace SR_TARGET {

struct Span { int from, to; };

/** Output coordinates along one axis at which `tap` reaches the input. */
SR_INLINE Span outputsOf(int tap, int stride, int pad, int inputs, int outputs) {
  int from = 0, to = outputs;
  while (from < to && from * stride - pad + tap < 0) from++;
  while (to > from && (to - 1) * stride - pad + tap >= inputs) to--;
  return {from, to};
}

/** Some rows of one block, or all rows of some. */
struct Band { int block, blocks, row, rows; };

// Dense, batch of 128, one core with AVX-512, milliseconds with 32, 64, 128: 64 -> 64 at 32x32 87, 83, 93; 128 -> 128 at 16x16
// 69, 77, 85; 256 -> 256 at 8x8 71, 65, 79; 512 -> 512 at 4x4 78, 72, 81. Fewer move more sums, more overrun L1.
constexpr int kBandLines = 64;

SR_INLINE Band bandAt(const WeightGradientCall& call, int block, int row) {
  const Plane& out = call.shape.out;
  int lines = out.height * out.width;
  if (lines < kBandLines) return {block, lesser(call.blocks - block, kBandLines / lines), 0, out.height};
  return {block, 1, row, lesser(out.height - row, greater(1, kBandLines / out.width))};
}

/** Calls visit(band, isFirst) in the order in which sums grow. */
template <class Visit>
SR_INLINE void forEachBand(const WeightGradientCall& call, const Visit& visit) {
  for (int block = 0, row = 0; block < call.blocks;) {
    Band band = bandAt(call, block, row);
    bool first = block == 0 && row == 0;
    row += band.rows;
    if (row >= call.shape.out.height) row = 0, block += band.blocks;
    visit(band, first);
  }
}

/** A tap's columns, and its rows within a band. */
struct Reach { int row, column; Span rows, columns; };

SR_INLINE Reach reachOf(const ConvShape& s, int tap, const Band& band) {
  int row = tap / s.kernel, column = tap % s.kernel;
  Span rows = outputsOf(row, s.stride, s.padTop, s.in.height, s.out.height);
  rows = {greater(rows.from, band.row), lesser(rows.to, band.row + band.rows)};
  return {row - s.padTop, column - s.padLeft, rows, outputsOf(column, s.stride, s.padLeft, s.in.width, s.out.width)};
}

SR_INLINE float sumAt(const float* line) {
  Vec vectors[kVectorsPerLine];
  for (int v = 0; v < kVectorsPerLine; v++) vectors[v] = load(line + v * kLanes);
  return sumOfLine(vectors);
}

/** Ascending positions [from, to) among the weights. */
struct Part { size_t from, to; };

SR_INLINE Part partOf(const WeightGradientCall& call, int from, int to) {
  size_t perChannel = size_t(call.shape.in.channels) * call.shape.kernel * call.shape.kernel;
  const Weights& w = *call.weights;
  if (!w.index) return {from * perChannel, to * perChannel};
  return {firstWeightFrom(w, from * perChannel), firstWeightFrom(w, to * perChannel)};
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
