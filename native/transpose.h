// Lines to columns: the one place where lanes change theirs. By fours on every target, which costs what sixteen at once would.
#pragma once
#include "kernels.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace sparse_robust {
namespace SR_TARGET {

/** Four rows of four, `apart` floats from one to the next, to columns `outApart` apart. */
SR_INLINE void transposeFour(const float* in, size_t apart, float* out, size_t outApart) {
#if defined(__SSE2__)
  __m128 a = _mm_load_ps(in), b = _mm_load_ps(in + apart), c = _mm_load_ps(in + 2 * apart), d = _mm_load_ps(in + 3 * apart);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_store_ps(out, a), _mm_store_ps(out + outApart, b), _mm_store_ps(out + 2 * outApart, c), _mm_store_ps(out + 3 * outApart, d);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  float32x4x4_t rows = {{vld1q_f32(in), vld1q_f32(in + apart), vld1q_f32(in + 2 * apart), vld1q_f32(in + 3 * apart)}};
  float32x4_t a = vzip1q_f32(rows.val[0], rows.val[2]), b = vzip2q_f32(rows.val[0], rows.val[2]);
  float32x4_t c = vzip1q_f32(rows.val[1], rows.val[3]), d = vzip2q_f32(rows.val[1], rows.val[3]);
  vst1q_f32(out, vzip1q_f32(a, c)), vst1q_f32(out + outApart, vzip2q_f32(a, c));
  vst1q_f32(out + 2 * outApart, vzip1q_f32(b, d)), vst1q_f32(out + 3 * outApart, vzip2q_f32(b, d));
#else
  for (size_t row = 0; row < 4; row++)
    for (size_t column = 0; column < 4; column++) out[column * outApart + row] = in[row * apart + column];
#endif
}

/** Sixteen lines to sixteen columns: out[lane * outApart + line] = in[line * 16 + lane]. */
SR_INLINE void transposeLines(const float* in, float* out, size_t outApart) {
  for (int lane = 0; lane < kLine; lane += 4)
    for (int line = 0; line < kLine; line += 4) transposeFour(in + line * kLine + lane, kLine, out + lane * outApart + line, outApart);
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
