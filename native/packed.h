// How packed weights lie in memory: written by pack.cc, read by the kernels.
#pragma once
#include "kernels.h"

namespace sparse_robust {

constexpr size_t kAlignment = 64;
SR_INLINE constexpr size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }
SR_INLINE constexpr int groupsOf(int count, int size) { return (count + size - 1) / size; }
SR_INLINE constexpr int lesser(int a, int b) { return a < b ? a : b; }
SR_INLINE constexpr int greater(int a, int b) { return a > b ? a : b; }

/** 3x3, stride 1, a border of one: the plane keeps its size. */
SR_INLINE bool keepsPlane3x3(const ConvShape& s) {
  bool samePlane = s.in.height == s.out.height && s.in.width == s.out.width;
  return s.kernel == 3 && s.stride == 1 && s.padTop == 1 && s.padLeft == 1 && samePlane;
}

/** One connection of a sparse convolution. */
struct Connection {
  uint32_t line;   // first of its source channel in a block; of its row of the kernel (3x3); in tiles, the copied source's first under it
  float weight;
};

/** Target positions whose sums are in registers together, 24 of AVX-512's 32, and the lines of a source channel under and around them. */
constexpr int kTileRows = 3, kTileColumns = 8, kTilePitch = kTileColumns + 2;
constexpr int kTileLines = kTileRows * kTileColumns, kTileSourceLines = (kTileRows + 2) * kTilePitch;

/** Blocks of source channels are copied to L1 tile by tile: on planes wider than eight, which a tile's rows do not span. */
SR_INLINE bool inTiles(const ConvPlan& plan) {
  const Plane& plane = plan.target();
  bool inBlocks = plan.algorithm == Algorithm::Sparse && plan.channelBlock < plan.source().channels;
  return inBlocks && keepsPlane3x3(plan.shape) && plane.width > kTileColumns && plane.width % kTileColumns == 0;
}

/**
 * Sparse: connections ordered by (block of source channels, target channel, tap, source channel);
 * those of (block, target, tap) are runs[i] .. runs[i + 1] with i = (block * targets + target) * taps + tap.
 * Where the plane keeps its size under 3x3 taps are ordered by column, then row.
 * In tiles one run holds (block, target), in the file's order.
 */
struct PackedSparse {
  const uint32_t* runs;
  const Connection* connections;
  int blocks;
};
SR_INLINE int sparseRunsOfTarget(const ConvPlan& plan) {
  return inTiles(plan) ? 1 : plan.shape.kernel * plan.shape.kernel;
}
SR_INLINE size_t sparseRuns(const ConvPlan& plan) {
  size_t blocks = groupsOf(plan.source().channels, plan.channelBlock);
  return blocks * plan.target().channels * sparseRunsOfTarget(plan);
}
SR_INLINE PackedSparse readSparse(const ConvPlan& plan, const void* packed) {
  const char* bytes = static_cast<const char*>(packed);
  return {reinterpret_cast<const uint32_t*>(bytes),
          reinterpret_cast<const Connection*>(bytes + aligned((sparseRuns(plan) + 1) * sizeof(uint32_t))),
          groupsOf(plan.source().channels, plan.channelBlock)};
}

constexpr int kSparseLines = 16;   // lines of sums that a sparse kernel holds at most: half of AVX-512's registers
/** Sums of a tile between two blocks of source channels, and the copied source. */
SR_INLINE size_t sparseScratchBytes(const ConvPlan& plan) {
  size_t tileLines = size_t(plan.channelBlock) * kTileSourceLines + size_t(plan.target().channels) * kTileLines;
  if (inTiles(plan)) return tileLines * kLine * sizeof(float);
  bool inBlocks = plan.channelBlock < plan.source().channels;
  return inBlocks ? size_t(plan.target().channels) * kSparseLines * kLine * sizeof(float) : 0;
}

/** Winograd: [some groups][frequency][group of target channels][source channel][target channel of the group], absent channels zero. */
constexpr int kWinogradGroup = 6;     // times four patches: 24 of AVX-512's 32 registers; 64, 128, 256, 512 waste 3% or less
constexpr int kWinogradPatches = 4;   // patches together
constexpr int kWinogradSide = 4;      // of a patch of outputs
constexpr int kWinogradGroupsAtOnce = 4;   // whose products stay in L2 beside the patches: 216 KiB
/** Weights before those of the groups from `group` on, a multiple of kWinogradGroupsAtOnce. */
SR_INLINE size_t winogradGroupsAt(const ConvPlan& plan, int group) { return size_t(36) * group * kWinogradGroup * plan.source().channels; }
SR_INLINE size_t winogradWeights(const ConvPlan& plan) {
  return size_t(36) * groupsOf(plan.target().channels, kWinogradGroup) * kWinogradGroup * plan.source().channels;
}
/** Lines from one frequency of transformed patches to the next: no power of two. */
SR_INLINE constexpr size_t winogradFrequencyLines(int channels, int patches) { return size_t(channels) * patches + 4; }
SR_INLINE size_t winogradScratchBytes(const ConvPlan& plan) {
  size_t targets = size_t(lesser(kWinogradGroupsAtOnce, groupsOf(plan.target().channels, kWinogradGroup))) * kWinogradGroup;
  size_t lines = winogradFrequencyLines(plan.source().channels, kWinogradPatches) + targets * kWinogradPatches;
  return lines * 36 * kLine * sizeof(float);
}

/**
 * Direct: [group of target channels][source channel][tap][target channel of the group], absent channels zero. On planes up to 4
 * wide, where edges leave out most taps of a position, [tap][source channel]: what is left out is not read.
 */
SR_INLINE bool directTapsInside(const ConvPlan& plan) { return plan.target().width > 4; }
constexpr int kDirectGroup = 6;   // times four lines: 24 of AVX-512's 32 registers; times one: 12 of AVX2's 16
constexpr int kNarrowGroup = 3;   // the gradient of an image has three channels: times eight lines, times two
SR_INLINE size_t directWeights(const ConvPlan& plan) {
  int taps = plan.shape.kernel * plan.shape.kernel, group = plan.channelGroup;
  return size_t(groupsOf(plan.target().channels, group)) * group * taps * plan.source().channels;
}

/** The first of the weights that lies at `position` or behind. */
SR_INLINE size_t firstWeightFrom(const Weights& weights, size_t position) {
  size_t from = 0, to = weights.count;
  while (from < to) {
    size_t middle = (from + to) / 2;
    if (weights.index[middle] < position) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Connections whose sums a sparse weight gradient keeps at once: half a MiB, a quarter of L2; at least one channel's. */
constexpr int kGradientChannelsHeld = 64;
SR_INLINE size_t gradientConnectionsHeld(const ConvShape& shape) {
  size_t perChannel = size_t(shape.in.channels) * shape.kernel * shape.kernel;
  return perChannel > 8192 ? perChannel : 8192;
}

/** A weight gradient in Winograd's domain: output channels side by side, twice AVX-512's lanes, times twelve input channels in registers. */
constexpr int kGradientGroup = 32;
/**
 * Groups whose sums are kept at once, and patches of a band. Dense, batch of 128, one core with AVX-512, milliseconds with (groups,
 * patches) of (4, 4), (4, 2), (4, 8), (4, 16), (2, 4): 64 -> 64 at 32x32 32, 29, 33, 38, 31; 128 -> 128 at 16x16 25, 25, 25, 31, 27;
 * 256 -> 256 at 8x8 23, 27, 25, 27, 26; 512 -> 512 at 4x4 23, 25, 26, 25, 24.
 */
constexpr int kMaximumGradientGroups = 4, kGradientPatches = 4;
SR_INLINE int winogradGradientGroups(const ConvShape& shape) {
  int groups = groupsOf(shape.out.channels, kGradientGroup);
  return groups < kMaximumGradientGroups ? groups : kMaximumGradientGroups;
}
SR_INLINE size_t winogradGradientScratchBytes(const ConvShape& shape) {
  size_t groups = winogradGradientGroups(shape), inputs = shape.in.channels;
  size_t source = winogradFrequencyLines(shape.in.channels, kGradientPatches) * kLine;
  size_t turned = groups * kGradientPatches * kLine * kGradientGroup;
  return (source + turned + groups * inputs * kGradientGroup + kLine * kLine) * 36 * sizeof(float);
}

}  // namespace sparse_robust
