// Weight gradient at all positions of a layer, from which those of the connections are picked. Loops: groups of output channels;
// bands of positions; groups of input channels; taps. Six channels times four are sums in registers, so ten lines loaded serve 24
// multiply-adds.
#include "gradient-bands.h"

namespace sparse_robust {
namespace SR_TARGET {

void sparseWeightGradient(const WeightGradientCall& call);
void winogradWeightGradient(const WeightGradientCall& call);

namespace {

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

/** Sums of a finished group of output channels into the gradients of the weights that exist. */
void collect(const WeightGradientCall& call, int group, int to, const float* sums) {
  int taps = call.shape.kernel * call.shape.kernel, inputs = call.shape.in.channels;
  Part part = partOf(call, group, lesser(to, group + kOutputs));
  for (size_t i = part.from; i < part.to; i++) {
    size_t index = call.weights->index ? call.weights->index[i] : i;
    size_t tap = index % taps, in = index / taps % inputs, out = index / taps / inputs - group;
    const float* tile = sums + (in / kInputs * taps + tap) * kTileFloats;
    call.gradient[i] = sumAt(tile + (out * kInputs + in % kInputs) * kLine);
  }
}

}  // namespace

void denseWeightGradient(const WeightGradientCall& call) {
  const ConvShape& s = call.shape;
  int taps = s.kernel * s.kernel;
  float* scratch = static_cast<float*>(call.scratch);
  for (int group = call.from; group < call.to; group += kOutputs) {
    Channels channels;
    for (int r = 0; r < kOutputs; r++) channels.out[r] = size_t(lesser(group + r, call.to - 1)) * s.out.stride();
    forEachBand(call, [&](const Band& band, bool first) {
      float* sums = scratch;
      for (int in = 0; in < s.in.channels; in += kInputs) {
        for (int c = 0; c < kInputs; c++) channels.in[c] = size_t(lesser(in + c, s.in.channels - 1)) * s.in.stride();
        for (int tap = 0; tap < taps; tap++, sums += kTileFloats) {
          tileOfBand(call, band, reachOf(s, tap, band), channels, first, sums);
        }
      }
    });
    collect(call, group, call.to, scratch);
  }
}

void weightGradient(const WeightGradientCall& call) {
  switch (call.algorithm) {
    case Algorithm::Sparse: return sparseWeightGradient(call);
    case Algorithm::Direct: return denseWeightGradient(call);
    case Algorithm::Winograd: return winogradWeightGradient(call);
  }
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
