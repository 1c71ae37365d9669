// One machine register of floats and the operations that kernels use, for the target that this file is compiled for.
// Only what IEEE 754 rounds exactly, so every target gives the same bits; multiply-adds are fused on all of them.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels.h"

#define SR_KIND_portable 1
#define SR_KIND_avx2 2
#define SR_KIND_avx512 3
#define SR_KIND_neon 4
#define SR_JOIN_(a, b) a##b
#define SR_JOIN(a, b) SR_JOIN_(a, b)
#define SR_KIND SR_JOIN(SR_KIND_, SR_TARGET)

#if SR_KIND == SR_KIND_avx512 || SR_KIND == SR_KIND_avx2
#include <immintrin.h>
#elif SR_KIND == SR_KIND_neon
#include <arm_neon.h>
#elif SR_KIND != SR_KIND_portable
#error "SR_TARGET must be avx512, avx2, neon or portable"
#endif

namespace sparse_robust {
namespace SR_TARGET {

#if SR_KIND == SR_KIND_avx512

using Vec = __m512;
constexpr int kLanes = 16;
constexpr int kRegisters = 32;
SR_INLINE Vec load(const float* p) { return _mm512_load_ps(p); }
SR_INLINE void store(float* p, Vec v) { _mm512_store_ps(p, v); }
SR_INLINE Vec set1(float x) { return _mm512_set1_ps(x); }
SR_INLINE Vec zero() { return _mm512_setzero_ps(); }
SR_INLINE Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
SR_INLINE Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
SR_INLINE Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
SR_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
SR_INLINE Vec negativeFma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }
SR_INLINE unsigned positiveBits(Vec v) { return _mm512_cmp_ps_mask(v, zero(), _CMP_GT_OQ); }
SR_INLINE Vec keepBits(unsigned bits, Vec v) { return _mm512_maskz_mov_ps(static_cast<__mmask16>(bits), v); }
SR_INLINE Vec keepPositive(Vec v) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, zero(), _CMP_GT_OQ), v); }

#elif SR_KIND == SR_KIND_avx2

using Vec = __m256;
constexpr int kLanes = 8;
constexpr int kRegisters = 16;
SR_INLINE Vec load(const float* p) { return _mm256_load_ps(p); }
SR_INLINE void store(float* p, Vec v) { _mm256_store_ps(p, v); }
SR_INLINE Vec set1(float x) { return _mm256_set1_ps(x); }
SR_INLINE Vec zero() { return _mm256_setzero_ps(); }
SR_INLINE Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
SR_INLINE Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
SR_INLINE Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
SR_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
SR_INLINE Vec negativeFma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a, b, c); }
SR_INLINE unsigned positiveBits(Vec v) { return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(v, zero(), _CMP_GT_OQ))); }
SR_INLINE Vec keepBits(unsigned bits, Vec v) {
  const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  __m256i kept = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), lane), lane);
  return _mm256_and_ps(v, _mm256_castsi256_ps(kept));
}
SR_INLINE Vec keepPositive(Vec v) { return _mm256_and_ps(v, _mm256_cmp_ps(v, zero(), _CMP_GT_OQ)); }

#elif SR_KIND == SR_KIND_neon

using Vec = float32x4_t;
constexpr int kLanes = 4;
constexpr int kRegisters = 32;
SR_INLINE Vec load(const float* p) { return vld1q_f32(p); }
SR_INLINE void store(float* p, Vec v) { vst1q_f32(p, v); }
SR_INLINE Vec set1(float x) { return vdupq_n_f32(x); }
SR_INLINE Vec zero() { return vdupq_n_f32(0.0f); }
SR_INLINE Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
SR_INLINE Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
SR_INLINE Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
SR_INLINE Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
SR_INLINE Vec negativeFma(Vec a, Vec b, Vec c) { return vfmsq_f32(c, a, b); }
SR_INLINE uint32x4_t laneBits() { return uint32x4_t{1, 2, 4, 8}; }
SR_INLINE unsigned positiveBits(Vec v) { return vaddvq_u32(vandq_u32(vcgtq_f32(v, zero()), laneBits())); }
SR_INLINE Vec keepBits(unsigned bits, Vec v) {
  uint32x4_t kept = vtstq_u32(vdupq_n_u32(bits), laneBits());
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), kept));
}
SR_INLINE Vec keepPositive(Vec v) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), vcgtq_f32(v, zero())));
}

#else

struct Vec { float lane[4]; };
constexpr int kLanes = 4;
constexpr int kRegisters = 16;
#define SR_EACH(expression) \
  Vec r; \
  for (int i = 0; i < kLanes; i++) r.lane[i] = (expression); \
  return r
SR_INLINE Vec load(const float* p) { SR_EACH(p[i]); }
SR_INLINE void store(float* p, Vec v) { for (int i = 0; i < kLanes; i++) p[i] = v.lane[i]; }
SR_INLINE Vec set1(float x) { SR_EACH(x); }
SR_INLINE Vec zero() { return set1(0.0f); }
SR_INLINE Vec add(Vec a, Vec b) { SR_EACH(a.lane[i] + b.lane[i]); }
SR_INLINE Vec sub(Vec a, Vec b) { SR_EACH(a.lane[i] - b.lane[i]); }
SR_INLINE Vec mul(Vec a, Vec b) { SR_EACH(a.lane[i] * b.lane[i]); }
SR_INLINE Vec fma(Vec a, Vec b, Vec c) { SR_EACH(__builtin_fmaf(a.lane[i], b.lane[i], c.lane[i])); }
SR_INLINE Vec negativeFma(Vec a, Vec b, Vec c) { SR_EACH(__builtin_fmaf(-a.lane[i], b.lane[i], c.lane[i])); }
SR_INLINE unsigned positiveBits(Vec v) {
  unsigned bits = 0;
  for (int i = 0; i < kLanes; i++) bits |= static_cast<unsigned>(v.lane[i] > 0.0f) << i;
  return bits;
}
SR_INLINE Vec keepBits(unsigned bits, Vec v) { SR_EACH((bits >> i & 1) != 0 ? v.lane[i] : 0.0f); }
SR_INLINE Vec keepPositive(Vec v) { SR_EACH(v.lane[i] > 0.0f ? v.lane[i] : 0.0f); }
#undef SR_EACH

#endif

constexpr int kVectorsPerLine = kLine / kLanes;

/**
 * The same pointer, of which the compiler knows nothing: what is read at constant distances from it is addressed so. Else GCC keeps
 * each distance in a register of its own, and where they run out moves them in and out of vector registers beside every multiply-add.
 */
SR_INLINE const float* base(const float* p) {
#if defined(__GNUC__)
  asm("" : "+r"(p));
#endif
  return p;
}

/** The 16 lanes of a line added as halves: i and i + 8, then i + 4, i + 2, i + 1; the same tree on every target. */
SR_INLINE float sumOfLine(const Vec* line) {
#if SR_KIND == SR_KIND_avx512 || SR_KIND == SR_KIND_avx2
#if SR_KIND == SR_KIND_avx512
  alignas(64) float both[kLine];
  store(both, line[0]);
  __m256 eight = _mm256_add_ps(_mm256_load_ps(both), _mm256_load_ps(both + 8));
#else
  __m256 eight = _mm256_add_ps(line[0], line[1]);
#endif
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
#else
  alignas(64) float four[4];
  store(four, add(add(line[0], line[2]), add(line[1], line[3])));
  return (four[0] + four[2]) + (four[1] + four[3]);
#endif
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
