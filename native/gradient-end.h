// The end of a gradient's way into memory (`GradientEnd` in passes.h), a line at a time.
#pragma once
#include "passes.h"
#include "vec.h"

namespace sparse_robust {
namespace SR_TARGET {

constexpr unsigned kLaneMask = (1u << kLanes) - 1;

/** `line` counts from the begin of the block, `v` the vector in the line. */
SR_INLINE Vec endGradient(const GradientEnd& end, int channel, size_t line, int v, Vec value) {
  const size_t at = line * kLine + v * kLanes;
  if (end.add) value = add(value, load(end.add + at));
  if (end.maskIn) value = keepBits(end.maskIn[line] >> v * kLanes & kLaneMask, value);
  if (end.scale) value = mul(value, set1(end.scale[channel]));
  return value;
}

SR_INLINE bool isWanted(const GradientEnd& end, int channel) { return !end.wanted || end.wanted[channel]; }

/** The bits of the lanes of vector `v` that hold one of the first `images` images. */
SR_INLINE unsigned liveLanes(int images, int v) { return ((1u << images) - 1) >> v * kLanes & kLaneMask; }

}  // namespace SR_TARGET
}  // namespace sparse_robust
