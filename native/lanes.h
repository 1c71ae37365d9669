// Comparison and selection by lane, beside the operations of vec.h.
#pragma once
#include "vec.h"

namespace sparse_robust {
namespace SR_TARGET {

#if SR_KIND == SR_KIND_avx512

SR_INLINE unsigned greaterBits(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
SR_INLINE Vec selectBits(unsigned bits, Vec a, Vec b) { return _mm512_mask_blend_ps(static_cast<__mmask16>(bits), b, a); }

#elif SR_KIND == SR_KIND_avx2

SR_INLINE unsigned greaterBits(Vec a, Vec b) { return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ))); }
SR_INLINE Vec selectBits(unsigned bits, Vec a, Vec b) {
  return _mm256_or_ps(keepBits(bits, a), keepBits(~bits, b));
}

#elif SR_KIND == SR_KIND_neon

SR_INLINE unsigned greaterBits(Vec a, Vec b) { return vaddvq_u32(vandq_u32(vcgtq_f32(a, b), laneBits())); }
SR_INLINE Vec selectBits(unsigned bits, Vec a, Vec b) {
  return vbslq_f32(vtstq_u32(vdupq_n_u32(bits), laneBits()), a, b);
}

#else

SR_INLINE unsigned greaterBits(Vec a, Vec b) {
  unsigned bits = 0;
  for (int i = 0; i < kLanes; i++) bits |= static_cast<unsigned>(a.lane[i] > b.lane[i]) << i;
  return bits;
}
SR_INLINE Vec selectBits(unsigned bits, Vec a, Vec b) {
  for (int i = 0; i < kLanes; i++) a.lane[i] = (bits >> i & 1) != 0 ? a.lane[i] : b.lane[i];
  return a;
}

#endif

}  // namespace SR_TARGET
}  // namespace sparse_robust
