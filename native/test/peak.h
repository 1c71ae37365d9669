// The peak f32 rate of the machine: fused multiply-adds on registers, timed like the kernels that are compared with it.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace sparse_robust {
namespace {

bool processorTime = false;

/** Wall time; with --processor-time the calling thread's own, which other programs on the machine disturb less. */
double seconds() {
  if (processorTime) {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/** Seconds of `work(thread)` on all threads at once: the best of several turns. */
double timeOf(int threads, const std::function<void(int)>& work) {
  double best = 1e9, spent = 0;
  for (int turn = 0; turn < 12 && (turn < 4 || spent < 0.25); turn++) {
    std::atomic<int> ready{0};
    std::vector<std::thread> pool;
    std::vector<double> took(threads);
    for (int t = 0; t < threads; t++) {
      pool.emplace_back([&, t] {
        ready++;
        while (ready < threads) {}
        double start = seconds();
        work(t);
        took[t] = seconds() - start;
      });
    }
    for (auto& thread : pool) thread.join();
    double slowest = *std::max_element(took.begin(), took.end());
    best = std::min(best, slowest), spent += slowest;
  }
  return best;
}

volatile float sink;
#if defined(__x86_64__)
__attribute__((target("avx512f"))) void multiplyAdds512(long rounds) {
  __m512 acc[16], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
  for (auto& x : acc) x = b;
  for (long i = 0; i < rounds; i++) for (auto& x : acc) x = _mm512_fmadd_ps(x, a, b);
  for (int i = 1; i < 16; i++) acc[0] = _mm512_add_ps(acc[0], acc[i]);
  sink = _mm512_cvtss_f32(acc[0]);
}
__attribute__((target("avx2,fma"))) void multiplyAdds256(long rounds) {
  __m256 acc[12], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f);
  for (auto& x : acc) x = b;
  for (long i = 0; i < rounds; i++) for (auto& x : acc) x = _mm256_fmadd_ps(x, a, b);
  for (int i = 1; i < 12; i++) acc[0] = _mm256_add_ps(acc[0], acc[i]);
  sink = _mm256_cvtss_f32(acc[0]);
}
#elif defined(__aarch64__)
void multiplyAdds128(long rounds) {
  float32x4_t acc[16], a = vdupq_n_f32(0.999f), b = vdupq_n_f32(1e-3f);
  for (auto& x : acc) x = b;
  for (long i = 0; i < rounds; i++) for (auto& x : acc) x = vfmaq_f32(b, x, a);
  for (int i = 1; i < 16; i++) acc[0] = vaddq_f32(acc[0], acc[i]);
  sink = vgetq_lane_f32(acc[0], 0);
}
#endif

/** FLOP/s of fused multiply-adds on registers, all threads; 0: not measured for this target. */
double peakOf(const std::string& target, int threads) {
  const long rounds = 2000000;
#if defined(__x86_64__)
  if (target == "avx512") return 512.0 * rounds * threads / timeOf(threads, [&](int) { multiplyAdds512(rounds); });
  if (target == "avx2") return 192.0 * rounds * threads / timeOf(threads, [&](int) { multiplyAdds256(rounds); });
#elif defined(__aarch64__)
  if (target == "neon") return 128.0 * rounds * threads / timeOf(threads, [&](int) { multiplyAdds128(rounds); });
#endif
  return 0 * static_cast<double>(rounds);
}

}  // namespace
}  // namespace sparse_robust
