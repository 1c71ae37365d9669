// Weight gradient by connections: the products of a connection's input lines with the output's gradient. Loops: as many output
// channels as the scratch holds sums for; bands; channels; taps; eight connections at a time share the gradient's line. Wall: L2,
// one line for each multiply-add.
#include "gradient-bands.h"

namespace sparse_robust {
namespace SR_TARGET {
namespace {

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

}  // namespace

void sparseWeightGradient(const WeightGradientCall& call) {
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

}  // namespace SR_TARGET
}  // namespace sparse_robust
