// Weight gradient: for each connection, the products of its input lines with the output's gradient, summed lane by lane over
// blocks, rows and columns in this order, then over lanes in one tree: the same bits whether a layer is dense or sparse.
// Dense loops: groups of output channels; bands of positions; groups of input channels; taps. Six channels times four are sums in
// registers, so ten lines loaded serve 24 multiply-adds; a band is short enough that its lines stay in L1 for all taps.
// Sparse loops: as many output channels as the scratch holds sums for; bands; channels; taps; eight connections at a time share
// the gradient's line. Wall: L2, one line for each multiply-add.
#include "packed.h"
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

SR_INLINE int least(int a, int b) { return a < b ? a : b; }
SR_INLINE int most(int a, int b) { return a > b ? a : b; }

/** Some rows of one block, or all rows of some. */
struct Band { int block, blocks, row, rows; };

// Dense, batch of 128, one core with AVX-512, milliseconds with 32, 64, 128: 64 -> 64 at 32x32 87, 83, 93; 128 -> 128 at 16x16
// 69, 77, 85; 256 -> 256 at 8x8 71, 65, 79; 512 -> 512 at 4x4 78, 72, 81. Fewer move more sums, more overrun L1.
constexpr int kBandLines = 64;

SR_INLINE Band bandAt(const WeightGradientCall& call, int block, int row) {
  const Plane& out = call.shape.out;
  int lines = out.height * out.width;
  if (lines < kBandLines) return {block, least(call.blocks - block, kBandLines / lines), 0, out.height};
  return {block, 1, row, least(out.height - row, most(1, kBandLines / out.width))};
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
  rows = {most(rows.from, band.row), least(rows.to, band.row + band.rows)};
  return {row - s.padTop, column - s.padLeft, rows, outputsOf(column, s.stride, s.padLeft, s.in.width, s.out.width)};
}

constexpr int kOutputs = kRegisters == 32 ? 6 : 3, kInputs = 4;   // 24 sums of 32 registers, or 12 of 16

/** Channels of a tile; past the last one its place is taken by the last, and the result is dropped. */
struct Channels { size_t out[kOutputs], in[kInputs]; };

/** One vector of the lines of kOutputs x kInputs sums of one tap over a band. */
SR_INLINE void addProducts(const WeightGradientCall& call, const Band& band, const Reach& reach, const Channels& channels, int vector, Vec* acc) {
  const ConvShape& s = call.shape;
  ptrdiff_t step = s.stride * kLine;
  for (int block = band.block; block < band.block + band.blocks; block++) {
    for (int y = reach.rows.from; y < reach.rows.to; y++) {
      const float *gradient[kOutputs], *input[kInputs];
      ptrdiff_t out = ptrdiff_t(y) * s.out.width + reach.columns.from;
      ptrdiff_t in = ptrdiff_t(y * s.stride + reach.row) * s.in.width + reach.columns.from * s.stride + reach.column;
      for (int r = 0; r < kOutputs; r++) gradient[r] = call.outputGradient[block] + (ptrdiff_t(channels.out[r]) + out) * kLine + vector * kLanes;
      for (int c = 0; c < kInputs; c++) input[c] = call.input[block] + (ptrdiff_t(channels.in[c]) + in) * kLine + vector * kLanes;
      int columns = reach.columns.to - reach.columns.from;
      for (ptrdiff_t i = 0, j = 0; i < columns * kLine; i += kLine, j += step) {
        Vec x[kInputs];
#pragma GCC unroll 8
        for (int c = 0; c < kInputs; c++) x[c] = load(input[c] + j);
#pragma GCC unroll 8
        for (int r = 0; r < kOutputs; r++) {
          Vec g = load(gradient[r] + i);
#pragma GCC unroll 8
          for (int c = 0; c < kInputs; c++) acc[r * kInputs + c] = fma(g, x[c], acc[r * kInputs + c]);
        }
      }
    }
  }
}

constexpr int kTileFloats = kOutputs * kInputs * kLine;

/** One tap of a tile over a band: sums from scratch (zero in the first band) and back. */
void tileOfBand(const WeightGradientCall& call, const Band& band, const Reach& reach, const Channels& channels, bool first, float* sums) {
  for (int v = 0; v < kVectorsPerLine; v++) {
    Vec acc[kOutputs * kInputs];
    float* mine = sums + v * kLanes;
#pragma GCC unroll 32
    for (int i = 0; i < kOutputs * kInputs; i++) acc[i] = first ? zero() : load(mine + i * kLine);
    addProducts(call, band, reach, channels, v, acc);
#pragma GCC unroll 32
    for (int i = 0; i < kOutputs * kInputs; i++) store(mine + i * kLine, acc[i]);
  }
}

SR_INLINE float sumAt(const float* line) {
  Vec vectors[kVectorsPerLine];
  for (int v = 0; v < kVectorsPerLine; v++) vectors[v] = load(line + v * kLanes);
  return sumOfLine(vectors);
}

/** Ascending positions [from, to) among the weights. */
struct Part { size_t from, to; };

SR_INLINE size_t lowerBound(const uint32_t* index, size_t count, size_t position) {
  size_t from = 0;
  while (from < count) {
    size_t middle = (from + count) / 2;
    if (index[middle] < position) from = middle + 1;
    else count = middle;
  }
  return from;
}

SR_INLINE Part partOf(const WeightGradientCall& call, int from, int to) {
  size_t perChannel = size_t(call.shape.in.channels) * call.shape.kernel * call.shape.kernel;
  const Weights& w = *call.weights;
  if (!w.index) return {from * perChannel, to * perChannel};
  return {lowerBound(w.index, w.count, from * perChannel), lowerBound(w.index, w.count, to * perChannel)};
}

/** Sums of a finished group of output channels into the gradients of the weights that exist. */
void collect(const WeightGradientCall& call, int group, int to, const float* sums) {
  int taps = call.shape.kernel * call.shape.kernel, inputs = call.shape.in.channels;
  Part part = partOf(call, group, least(to, group + kOutputs));
  for (size_t i = part.from; i < part.to; i++) {
    size_t index = call.weights->index ? call.weights->index[i] : i;
    size_t tap = index % taps, in = index / taps % inputs, out = index / taps / inputs - group;
    const float* tile = sums + (in / kInputs * taps + tap) * kTileFloats;
    call.gradient[i] = sumAt(tile + (out * kInputs + in % kInputs) * kLine);
  }
}

void dense(const WeightGradientCall& call) {
  const ConvShape& s = call.shape;
  int taps = s.kernel * s.kernel;
  float* scratch = static_cast<float*>(call.scratch);
  for (int group = call.from; group < call.to; group += kOutputs) {
    Channels channels;
    for (int r = 0; r < kOutputs; r++) channels.out[r] = size_t(least(group + r, call.to - 1)) * s.out.stride();
    forEachBand(call, [&](const Band& band, bool first) {
      float* sums = scratch;
      for (int in = 0; in < s.in.channels; in += kInputs) {
        for (int c = 0; c < kInputs; c++) channels.in[c] = size_t(least(in + c, s.in.channels - 1)) * s.in.stride();
        for (int tap = 0; tap < taps; tap++, sums += kTileFloats) {
          tileOfBand(call, band, reachOf(s, tap, band), channels, first, sums);
        }
      }
    });
    collect(call, group, call.to, scratch);
  }
}

constexpr int kAtOnce = 8;   // connections: as many chains of multiply-adds as hide their latency

/** kCount connections of one output channel and tap over a band; `input` are their channels' first lines. */
template <int kCount>
SR_INLINE void addConnections(const WeightGradientCall& call, const Band& band, const Reach& reach, size_t output, const uint32_t* input, bool first, float* sums) {
  const ConvShape& s = call.shape;
  ptrdiff_t step = s.stride * kLine;
  Vec acc[kCount * kVectorsPerLine];
#pragma GCC unroll 32
  for (int i = 0; i < kCount * kVectorsPerLine; i++) acc[i] = first ? zero() : load(sums + i * kLanes);
  for (int block = band.block; block < band.block + band.blocks; block++) {
    for (int y = reach.rows.from; y < reach.rows.to; y++) {
      const float* gradient = call.outputGradient[block] + (ptrdiff_t(output) + ptrdiff_t(y) * s.out.width + reach.columns.from) * kLine;
      ptrdiff_t in = ptrdiff_t(y * s.stride + reach.row) * s.in.width + reach.columns.from * s.stride + reach.column;
      const float* lines[kCount];
      for (int i = 0; i < kCount; i++) lines[i] = call.input[block] + (ptrdiff_t(input[i]) + in) * kLine;
      int columns = reach.columns.to - reach.columns.from;
      for (ptrdiff_t at = 0, from = 0; at < columns * kLine; at += kLine, from += step) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectorsPerLine; v++) {
          Vec g = load(gradient + at + v * kLanes);
#pragma GCC unroll 8
          for (int i = 0; i < kCount; i++) {
            acc[i * kVectorsPerLine + v] = fma(g, load(lines[i] + from + v * kLanes), acc[i * kVectorsPerLine + v]);
          }
        }
      }
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < kCount * kVectorsPerLine; i++) store(sums + i * kLanes, acc[i]);
}

/** Connections of some output channels, those of each channel sorted by tap. */
struct ByTap {
  uint32_t* input;    // first line of the input channel
  uint32_t* weight;   // which weight of the call
  uint32_t* runs;     // [channels][taps + 1], within the part
  float* sums;        // [connections][16]
};

/** One channel's connections, which lie at [from, to) of the weights, to places from `place` on. */
SR_INLINE void sortByTap(const WeightGradientCall& call, const Part& part, uint32_t place, const ByTap& by, uint32_t* runs) {
  uint32_t taps = static_cast<uint32_t>(call.shape.kernel * call.shape.kernel);
  for (uint32_t tap = 0; tap <= taps; tap++) runs[tap] = 0;
  for (size_t i = part.from; i < part.to; i++) runs[call.weights->index[i] % taps + 1]++;
  runs[0] = place;
  for (uint32_t tap = 0; tap < taps; tap++) runs[tap + 1] += runs[tap];
  for (size_t i = part.from; i < part.to; i++) {
    uint32_t index = call.weights->index[i], at = runs[index % taps]++;
    by.input[at] = static_cast<uint32_t>(index / taps % call.shape.in.channels * call.shape.in.stride());
    by.weight[at] = static_cast<uint32_t>(i);
  }
  for (uint32_t tap = taps; tap > 0; tap--) runs[tap] = runs[tap - 1];
  runs[0] = place;
}

void addRun(const WeightGradientCall& call, const Band& band, const Reach& reach, size_t output, const uint32_t* input, int count, bool first, float* sums) {
  for (; count >= kAtOnce; count -= kAtOnce, input += kAtOnce, sums += kAtOnce * kLine) {
    addConnections<kAtOnce>(call, band, reach, output, input, first, sums);
  }
  switch (count) {
    case 7: return addConnections<7>(call, band, reach, output, input, first, sums);
    case 6: return addConnections<6>(call, band, reach, output, input, first, sums);
    case 5: return addConnections<5>(call, band, reach, output, input, first, sums);
    case 4: return addConnections<4>(call, band, reach, output, input, first, sums);
    case 3: return addConnections<3>(call, band, reach, output, input, first, sums);
    case 2: return addConnections<2>(call, band, reach, output, input, first, sums);
    case 1: return addConnections<1>(call, band, reach, output, input, first, sums);
  }
}

ByTap arraysOf(const WeightGradientCall& call) {
  size_t held = gradientConnectionsHeld(call.shape);
  float* sums = static_cast<float*>(call.scratch);
  uint32_t* words = reinterpret_cast<uint32_t*>(sums + held * kLine);
  return {words, words + held, words + 2 * held, sums};
}

/** As many channels from `from` on as the scratch holds connections of. */
int channelsHeld(const WeightGradientCall& call, int from) {
  size_t held = gradientConnectionsHeld(call.shape);
  int to = from + 1;
  while (to < call.to && to - from < kGradientChannelsHeld) {
    Part part = partOf(call, from, to + 1);
    if (part.to - part.from > held) break;
    to++;
  }
  return to;
}

void sparse(const WeightGradientCall& call) {
  const ConvShape& s = call.shape;
  int taps = s.kernel * s.kernel;
  ByTap by = arraysOf(call);
  for (int first = call.from, to; first < call.to; first = to) {
    to = channelsHeld(call, first);
    uint32_t count = 0;
    for (int channel = first; channel < to; channel++) {
      Part part = partOf(call, channel, channel + 1);
      sortByTap(call, part, count, by, by.runs + (channel - first) * (taps + 1));
      count += static_cast<uint32_t>(part.to - part.from);
    }
    forEachBand(call, [&](const Band& band, bool isFirst) {
      for (int channel = first; channel < to; channel++) {
        const uint32_t* runs = by.runs + (channel - first) * (taps + 1);
        for (int tap = 0; tap < taps; tap++) {
          int connections = static_cast<int>(runs[tap + 1] - runs[tap]);
          addRun(call, band, reachOf(s, tap, band), channel * s.out.stride(), by.input + runs[tap], connections, isFirst, by.sums + size_t(runs[tap]) * kLine);
        }
      }
    });
    for (uint32_t i = 0; i < count; i++) call.gradient[by.weight[i]] = sumAt(by.sums + size_t(i) * kLine);
  }
}

}  // namespace

void weightGradient(const WeightGradientCall& call) {
  if (gradientOfAllPositions(call.shape, *call.weights)) dense(call);
  else sparse(call);
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
