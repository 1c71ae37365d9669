// Detection asks the processor (cpuid) and the operating system: XCR0 says which registers it saves when threads switch.
#include "targets.h"

#include <stdexcept>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace sparse_robust {
namespace {

#if defined(__x86_64__)

struct Cpuid { unsigned eax = 0, ebx = 0, ecx = 0, edx = 0; };

Cpuid cpuid(unsigned leaf) {
  Cpuid r;
  __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

/** The registers that the system saves; 0 where it does not say. */
unsigned savedState() {
  const unsigned osxsave = 1u << 27;
  if (!(cpuid(1).ecx & osxsave)) return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool hasAvx2() {
  const unsigned ymm = 0x6, fma = 1u << 12, avx = 1u << 28, avx2 = 1u << 5;
  return (savedState() & ymm) == ymm && (cpuid(1).ecx & (fma | avx)) == (fma | avx) && (cpuid(7).ebx & avx2);
}

bool hasAvx512() {
  const unsigned zmm = 0xe6, f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
  return hasAvx2() && (savedState() & zmm) == zmm && (cpuid(7).ebx & (f | dq | bw | vl)) == (f | dq | bw | vl);
}

#endif

struct Candidate {
  Target target;
  bool usable;
};

/** Best first. */
const std::vector<Candidate>& candidates() {
  static const std::vector<Candidate>* all = new std::vector<Candidate>{
#if defined(__x86_64__)
      {{"avx512", &kernels_avx512, &passes_avx512}, hasAvx512()},
      {{"avx2", &kernels_avx2, &passes_avx2}, hasAvx2()},
#elif defined(__aarch64__)
      {{"neon", &kernels_neon, &passes_neon}, true},
#endif
      {{"portable", &kernels_portable, &passes_portable}, true},
  };
  return *all;
}

}  // namespace

std::string usableTargets() {
  std::string names;
  for (const Candidate& candidate : candidates()) {
    if (candidate.usable) names += (names.empty() ? "" : ", ") + std::string(candidate.target.name);
  }
  return names;
}

const Target& chooseTarget(const std::string& forced) {
  for (const Candidate& candidate : candidates()) {
    if (candidate.usable && (forced.empty() || forced == candidate.target.name)) return candidate.target;
  }
  throw std::invalid_argument("SPARSE_ROBUST_TARGET is \"" + forced + "\"; this machine runs " + usableTargets());
}

}  // namespace sparse_robust
