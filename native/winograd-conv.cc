// Dense 3x3 convolution of stride 1 by Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray 2016): a 6x6 patch of the source
// gives 4x4 outputs with 36 products a channel pair instead of 144. With images innermost all transforms are plain vector arithmetic.
// Loops: four patches at a time; all source channels into frequency space; some groups of target channels, whose products stay in L2;
// for each of the 36 frequencies a small matrix product (its patches stay in L1 or L2, the weights stream once); back, and through the
// epilogue. Wall: the products, at 4 times peak, from 128 channels on; at 64 channels and 32x32 half the time goes into the
// transforms' memory traffic. Asking for the next patches' lines during the products gained nothing there.
#include "epilogue.h"
#include "winograd-transform.h"

namespace sparse_robust {
namespace SR_TARGET {
namespace {

/** Six frequencies apart by `step` into four outputs: the rows of A^T. */
SR_INLINE void backwardTransform(const Vec* m, int step, Vec* out) {
  Vec a = add(m[step], m[2 * step]), b = sub(m[step], m[2 * step]);
  Vec c = add(m[3 * step], m[4 * step]), d = sub(m[3 * step], m[4 * step]);
  out[0] = add(m[0], add(a, c));
  out[1] = fma(set1(2.0f), d, b);
  out[2] = fma(set1(4.0f), c, a);
  out[3] = add(m[5 * step], fma(set1(8.0f), d, b));
}

constexpr int kChannelsAtOnce = 4;   // transformed before the next patch's: neighbours share rows, so lines and pages are met again soon

constexpr int kWeightsAhead = 1024;   // floats: weights past L2 are asked for so early

/** A group of target channels times `kLines` lines at one frequency, over all source channels in order. */
template <int kLines>
SR_INLINE void multiply(const float* weights, const float* source, size_t apart, int channels, float* out, size_t channelFloats) {
  constexpr int kHeld = kLines * kVectorsPerLine;
  Vec acc[kWinogradGroup][kHeld];
#pragma GCC unroll 8
  for (int r = 0; r < kWinogradGroup; r++) {
#pragma GCC unroll 16
    for (int i = 0; i < kHeld; i++) acc[r][i] = zero();
  }
  for (int channel = 0; channel < channels; channel++, source += apart * kLine, weights += kWinogradGroup) {
    __builtin_prefetch(weights + kWeightsAhead);
    Vec x[kHeld];
#pragma GCC unroll 16
    for (int i = 0; i < kHeld; i++) x[i] = load(source + i * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kWinogradGroup; r++) {
      Vec w = set1(weights[r]);
#pragma GCC unroll 16
      for (int i = 0; i < kHeld; i++) acc[r][i] = fma(w, x[i], acc[r][i]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kWinogradGroup; r++) {
#pragma GCC unroll 16
    for (int i = 0; i < kHeld; i++) store(out + r * channelFloats + i * kLanes, acc[r][i]);
  }
}

// Lines of patches in registers: six target channels times four fill 24 of AVX-512's 32 registers; one fills 12 of AVX2's 16.
constexpr int kLinesHeld = kLanes == 16 ? 4 : 1;

/** All frequencies of the groups [from, from + groups); their products lie as [channel][frequency][patch]. */
template <int kPatches>
void multiplyGroups(const float* weights, int channels, int groups, const float* source, size_t frequencyFloats, float* products) {
  constexpr int kLines = kPatches < kLinesHeld ? kPatches : kLinesHeld;
  constexpr size_t kChannelFloats = size_t(kFrequencies) * kPatches * kLine;
  for (int f = 0; f < kFrequencies; f++) {
    for (int group = 0; group < groups; group++, weights += channels * kWinogradGroup) {
      float* out = products + group * kWinogradGroup * kChannelFloats + size_t(f) * kPatches * kLine;
      for (int t = 0; t < kPatches; t += kLines) {
        multiply<kLines>(weights, source + f * frequencyFloats + t * kLine, kPatches, channels, out + t * kLine, kChannelFloats);
      }
    }
  }
}

/** One vector of a patch's 36 products into its 16 outputs, row by row at `out`. */
SR_INLINE void backwardPatch(const float* products, size_t apart, Vec* out, int outApart) {
  Vec columns[24];
#pragma GCC unroll 6
  for (int c = 0; c < 6; c++) {
    Vec m[6], column[4];
#pragma GCC unroll 6
    for (int r = 0; r < 6; r++) m[r] = load(products + (r * 6 + c) * apart);
    backwardTransform(m, 1, column);
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++) columns[r * 6 + c] = column[r];
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++) {
    Vec row[4];
    backwardTransform(columns + r * 6, 1, row);
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) out[(r * 4 + c) * outApart] = row[c];
  }
}

void transformTarget(const ConvCall& call, const Grid& grid, const Patch& patch, int channel, const float* products, int apart) {
  int rows = lesser(4, grid.height - patch.row), columns = lesser(4, grid.width - patch.column);
  Vec out[16 * kVectorsPerLine];
  for (int v = 0; v < kVectorsPerLine; v++) backwardPatch(products + v * kLanes, size_t(apart) * kLine, out + v, kVectorsPerLine);
  size_t first = channel * call.plan->target().stride() + size_t(patch.row) * grid.width + patch.column;
  for (int r = 0; r < rows; r++, first += grid.width) {
    Vec* row = out + r * 4 * kVectorsPerLine;
    if (columns == 4) finish<4>(call, {patch.block, channel, first, 1}, row);
    for (int c = 0; c < columns && columns < 4; c++) finish<1>(call, {patch.block, channel, first + c, 1}, row + c * kVectorsPerLine);
  }
}

template <int kPatches>
void patches(const ConvCall& call, const Grid& grid, int first) {
  const ConvPlan& plan = *call.plan;
  size_t frequencyFloats = winogradFrequencyLines(plan.source().channels, kPatches) * kLine;
  float* source = static_cast<float*>(call.scratch);
  float* products = source + frequencyFloats * kFrequencies;
  Patch patch[kPatches];
  for (int i = 0; i < kPatches; i++) patch[i] = patchAt(grid, first + i);
  for (int channel = 0; channel < plan.source().channels; channel += kChannelsAtOnce) {
    int channels = lesser(kChannelsAtOnce, plan.source().channels - channel);
    for (int i = 0; i < kPatches; i++) {
      transformSource(call.input[patch[i].block], plan.source(), grid, patch[i], channel, channels, source + i * kLine, frequencyFloats, kPatches * kLine);
    }
  }
  int groups = groupsOf(plan.target().channels, kWinogradGroup);
  for (int group = 0; group < groups; group += kWinogradGroupsAtOnce) {
    int together = lesser(kWinogradGroupsAtOnce, groups - group), from = group * kWinogradGroup;
    const float* weights = static_cast<const float*>(call.packed) + winogradGroupsAt(plan, group);
    multiplyGroups<kPatches>(weights, plan.source().channels, together, source, frequencyFloats, products);
    for (int channel = from; channel < lesser(plan.target().channels, from + together * kWinogradGroup); channel++) {
      const float* mine = products + size_t(channel - from) * kFrequencies * kPatches * kLine;
      for (int i = 0; i < kPatches; i++) transformTarget(call, grid, patch[i], channel, mine + i * kLine, kPatches);
    }
  }
}

}  // namespace

void winogradConv(const ConvCall& call) {
  Grid grid = gridOf(call.plan->target());
  int height = call.plan->target().height, i = call.rows.from / kWinogradSide * grid.across;
  int count = (call.blocks - 1) * grid.perBlock + groupsOf(call.rows.end(height), kWinogradSide) * grid.across;
  for (; i + 4 <= count; i += 4) patches<4>(call, grid, i);
  for (; i + 2 <= count; i += 2) patches<2>(call, grid, i);
  for (; i < count; i++) patches<1>(call, grid, i);
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
