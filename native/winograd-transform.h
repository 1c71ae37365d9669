// Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray 2016): patches of a plane and the transforms of their source side,
// which the convolution and the weight gradient share. A 6x6 patch of the source gives 4x4 outputs.
#pragma once
#include "packed.h"
#include "vec.h"

namespace sparse_robust {
namespace SR_TARGET {

constexpr int kFrequencies = 36;

struct Patch {
  int block, row, column;   // of its first output
};

struct Grid {
  int height, width, across, perBlock;   // of the plane; patches in a row and in a block
};

SR_INLINE Grid gridOf(const Plane& plane) {
  int across = groupsOf(plane.width, kWinogradSide);
  return {plane.height, plane.width, across, across * groupsOf(plane.height, kWinogradSide)};
}

SR_INLINE Patch patchAt(const Grid& grid, int i) {
  int inBlock = i % grid.perBlock;
  return {i / grid.perBlock, inBlock / grid.across * kWinogradSide, inBlock % grid.across * kWinogradSide};
}

/** Six lines apart by `step` into frequency space: the rows of B^T. */
SR_INLINE void forwardTransform(const Vec* d, int step, Vec* out) {
  Vec d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
  Vec four = set1(4.0f), five = set1(5.0f);
  Vec a = negativeFma(four, d2, d4), b = negativeFma(four, d1, d3), c = sub(d4, d2), e = sub(d3, d1);
  e = add(e, e);
  out[0] = fma(four, d[0], negativeFma(five, d2, d4));
  out[1] = add(a, b);
  out[2] = sub(a, b);
  out[3] = add(c, e);
  out[4] = sub(c, e);
  out[5] = fma(four, d1, negativeFma(five, d3, d[5 * step]));
}

/** Channels of one patch from `corner` on, and where their frequencies go. */
struct SourcePatch {
  const float* corner;
  size_t channelLines;
  int width, channels;
  int from, to;              // rows of the six that lie in the plane
  float* out;
  size_t frequencyFloats, channelFloats;
};

/** Columns [kFrom, kTo) of the six and rows [from, to) lie in the plane, the rest is zero. */
template <int kFrom, int kTo>
void transformPatch(const SourcePatch& p) {
  for (int channel = 0; channel < p.channels; channel++) {
    const float* corner = p.corner + channel * p.channelLines * kLine;
    float* target = p.out + size_t(channel) * p.channelFloats;
    if (channel + 1 < p.channels) {
#pragma GCC unroll 36
      for (int f = 0; f < 36; f++) __builtin_prefetch(target + p.channelFloats + f * p.frequencyFloats);
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectorsPerLine; v++) {
      Vec rows[36];
#pragma GCC unroll 6
      for (int r = 0; r < 6; r++) {
        Vec line[6];
        bool inside = r >= p.from && r < p.to;
#pragma GCC unroll 6
        for (int c = 0; c < 6; c++) {
          line[c] = c >= kFrom && c < kTo && inside ? load(corner + (ptrdiff_t(r) * p.width + c) * kLine + v * kLanes) : zero();
        }
        forwardTransform(line, 1, rows + r * 6);
      }
#pragma GCC unroll 6
      for (int c = 0; c < 6; c++) {
        Vec column[6];
        forwardTransform(rows + c, 6, column);
#pragma GCC unroll 6
        for (int r = 0; r < 6; r++) store(target + (r * 6 + c) * p.frequencyFloats + v * kLanes, column[r]);
      }
    }
  }
}

using SourceTransform = void (*)(const SourcePatch&);
constexpr SourceTransform kSourceTransforms[2][5] = {
    {transformPatch<0, 2>, transformPatch<0, 3>, transformPatch<0, 4>, transformPatch<0, 5>, transformPatch<0, 6>},
    {transformPatch<1, 2>, transformPatch<1, 3>, transformPatch<1, 4>, transformPatch<1, 5>, transformPatch<1, 6>}};

/** Channels [channel, channel + channels) of `source`, a block, at one patch. */
SR_INLINE void transformSource(const float* source, const Plane& plane, const Grid& grid, const Patch& patch, int channel, int channels, float* out,
                               size_t frequencyFloats, size_t channelFloats) {
  ptrdiff_t line = ptrdiff_t(channel * plane.stride()) + ptrdiff_t(patch.row - 1) * grid.width + patch.column - 1;
  int from = patch.row == 0, to = lesser(6, grid.height - patch.row + 1), columns = lesser(6, grid.width - patch.column + 1);
  kSourceTransforms[patch.column == 0][columns - 2](
      {source + line * kLine, plane.stride(), grid.width, channels, from, to, out + size_t(channel) * channelFloats, frequencyFloats, channelFloats});
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
