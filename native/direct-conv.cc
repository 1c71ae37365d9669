// Direct convolution of dense weights: any kernel, stride and plane, dense layers included (1x1 on a plane of 1x1).
// Loops: runs of positions that the same taps reach; groups of target channels; tiles of a run (neighbours of a row, or one
// position of several blocks); source channels; taps, which share lines in L1 (on small planes taps, then channels). A group times a tile of sums stays in registers: each source line loaded serves the whole
// group, each weight the whole tile. Wall: the multiply-adds, or L2 where a tile's source does not stay in L1.
#include "epilogue.h"
#include "geometry.h"
#include "packed.h"

namespace sparse_robust {
namespace SR_TARGET {
namespace {

/** Lines in registers beside a group's channels: 24 sums of AVX-512's 32 registers, 12 of AVX2's 16. */
constexpr int linesHeld(int group) {
  int registers = kRegisters == 32 ? 24 : 12, lines = registers / (group * kVectorsPerLine);
  return lines < 1 ? 1 : lines;
}

/** Where the lines of a tile lie: line i is line `step * i` of its block, or the same line of block `block + i`. */
struct Tile {
  const Run* run;
  int block, from;
  bool acrossBlocks;
};

/** Lines `at` floats from `source`, each times a weight of each channel of the group. */
template <int kGroup, int kLines>
SR_INLINE void addProducts(const float* const* source, size_t at, const float* weights, Vec* acc) {
  constexpr int kHeld = kLines * kVectorsPerLine;
  Vec x[kHeld];
#pragma GCC unroll 16
  for (int j = 0; j < kHeld; j++) x[j] = load(source[j / kVectorsPerLine] + at + j % kVectorsPerLine * kLanes);
#pragma GCC unroll 8
  for (int r = 0; r < kGroup; r++) {
    Vec weight = set1(weights[r]);
#pragma GCC unroll 16
    for (int j = 0; j < kHeld; j++) acc[r * kHeld + j] = fma(weight, x[j], acc[r * kHeld + j]);
  }
}

/** kLines sums for each of kGroup channels. */
template <int kGroup, int kLines>
SR_INLINE void sums(const float* const* source, const Geometry& g, const Run& run, int channels, bool tapsInside, const float* weights, Vec* acc) {
#pragma GCC unroll 64
  for (int i = 0; i < kGroup * kLines * kVectorsPerLine; i++) acc[i] = zero();
  int taps = g.kernel * g.kernel;
  size_t plane = g.sourceStride * kLine;
  if (tapsInside) {
    for (int channel = 0; channel < channels; channel++, weights += taps * kGroup) {
      for (int i = 0; i < run.taps; i++) {
        const Tap& tap = run.tap[i];
        addProducts<kGroup, kLines>(source, channel * plane + tap.offset * kLine, weights + tap.index * kGroup, acc);
      }
    }
    return;
  }
  for (int i = 0; i < run.taps; i++) {
    const float* w = weights + size_t(run.tap[i].index) * channels * kGroup;
    size_t at = run.tap[i].offset * kLine;
    for (int channel = 0; channel < channels; channel++, at += plane, w += kGroup) addProducts<kGroup, kLines>(source, at, w, acc);
  }
}

template <int kGroup, int kLines>
void tile(const ConvCall& call, const Geometry& g, const Tile& t, int group) {
  constexpr int kHeld = kLines * kVectorsPerLine;
  int sources = call.plan->source().channels, targets = call.plan->target().channels;
  const float* weights = static_cast<const float*>(call.packed) + size_t(group) * g.kernel * g.kernel * sources;
  const float* source[kLines];
  for (int i = 0; i < kLines; i++) {
    int block = t.acrossBlocks ? t.block + i : t.block, at = t.acrossBlocks ? t.from : t.from + i;
    source[i] = call.input[block] + size_t(at) * g.sourceStep * kLine;
  }
  Vec acc[kGroup * kHeld];
  sums<kGroup, kLines>(source, g, *t.run, sources, directTapsInside(*call.plan), weights, acc);
#pragma GCC unroll 8
  for (int r = 0; r < kGroup; r++) {
    if (group + r >= targets) break;
    size_t first = (group + r) * g.targetStride + t.run->first + size_t(t.from) * g.targetStep;
    if (!t.acrossBlocks) {
      finish<kLines>(call, {t.block, group + r, first, size_t(g.targetStep)}, acc + r * kHeld);
      continue;
    }
#pragma GCC unroll 8
    for (int i = 0; i < kLines; i++) finish<1>(call, {t.block + i, group + r, first, 1}, acc + r * kHeld + i * kVectorsPerLine);
  }
}

/** `count` lines from `t` on in tiles of kLines and smaller. */
template <int kGroup, int kLines>
SR_INLINE void tiles(const ConvCall& call, const Geometry& g, Tile t, int count, int group) {
  int& at = t.acrossBlocks ? t.block : t.from;
  for (; count >= kLines; count -= kLines, at += kLines) tile<kGroup, kLines>(call, g, t, group);
  if constexpr (kLines > 1) {
    if (count > 0) tiles<kGroup, kLines / 2>(call, g, t, count, group);
  }
}

/** One group of channels over a whole run: its sums are stored line after line, its weights stay in L1. */
template <int kGroup>
SR_INLINE void wholeRun(const ConvCall& call, const Geometry& g, const Run& run, int group) {
  constexpr int kLines = linesHeld(kGroup);
  bool acrossBlocks = call.blocks > 1 && run.count % kLines != 0;
  if (acrossBlocks) {
    for (int i = 0; i < run.count; i++) tiles<kGroup, kLines>(call, g, {&run, 0, i, true}, call.blocks, group);
  } else {
    for (int b = 0; b < call.blocks; b++) tiles<kGroup, kLines>(call, g, {&run, b, 0, false}, run.count, group);
  }
}

template <int kGroup>
void directConvOf(const ConvCall& call) {
  Geometry g = geometryOf(*call.plan, call.rows);
  forEachRun(g, [&](Run& run) {
    for (int group = 0; group < call.plan->target().channels; group += kGroup) wholeRun<kGroup>(call, g, run, group);
  });
}

}  // namespace

void directConv(const ConvCall& call) {
  if (call.plan->channelGroup == kNarrowGroup) directConvOf<kNarrowGroup>(call);
  else directConvOf<kDirectGroup>(call);
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
