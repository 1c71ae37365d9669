// The generator of src/core/rng.ts and src/core/normal.ts, bit for bit: Threefry-4x32-20 (Salmon et al. 2011) and normals by
// Box & Muller from + - * / and square root on doubles alone. Must be compiled with -ffp-contract=off.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>

#include "kernels.h"

namespace sparse_robust {

using Words = std::array<uint32_t, 4>;

/** The purpose "noise" of src/core/rng.ts. */
constexpr uint32_t kNoisePurpose = 7;

constexpr uint32_t kThreefryParity = 0x1bd11bda;

SR_INLINE uint32_t rotated(uint32_t word, int by) { return (word << by) | (word >> (32 - by)); }

/** One block of four words: 20 rounds, the key added before the first and after every fourth. */
inline Words threefry(const Words& key, const Words& counter) {
  constexpr int rotations[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5}, {6, 20}, {17, 11}, {25, 10}, {18, 20}};
  const uint32_t keys[5] = {key[0], key[1], key[2], key[3], key[0] ^ key[1] ^ key[2] ^ key[3] ^ kThreefryParity};
  Words x;
  for (int i = 0; i < 4; i++) x[i] = counter[i] + keys[i];
  for (int round = 0; round < 20; round++) {
    const int partner = round % 2 ? 3 : 1;
    const int* by = rotations[round % 8];
    x[0] += x[partner];
    x[partner] = rotated(x[partner], by[0]) ^ x[0];
    x[2] += x[4 - partner];
    x[4 - partner] = rotated(x[4 - partner], by[1]) ^ x[2];
    if (round % 4 == 3) {
      const int added = round / 4 + 1;
      for (int i = 0; i < 4; i++) x[i] += keys[(added + i) % 5];
      x[3] += added;
    }
  }
  return x;
}

/** ln(n / 2^24) for n in [1, 2^24]. */
inline double lnFraction(uint32_t n) {
  const int high = 31 - __builtin_clz(n);
  const double scaled = double(n) / double(1u << high);
  const bool upper = scaled > 1.4142135623730951;
  const double m = upper ? scaled * 0.5 : scaled;
  const int e = (upper ? high + 1 : high) - 24;
  const double z = (m - 1) / (m + 1);
  const double y = z * z;
  double sum = 1.0 / 21;
  for (int odd = 19; odd >= 3; odd -= 2) sum = sum * y + 1.0 / odd;
  sum = sum * y + 1;
  return e * 0.6931471805599453 + 2 * (z * sum);
}

/** sin x for |x| <= pi / 4. */
SR_INLINE double sine(double x) {
  const double y = x * x;
  double sum = 1 / 355687428096000.0;
  sum = sum * y - 1 / 1307674368000.0;
  sum = sum * y + 1 / 6227020800.0;
  sum = sum * y - 1 / 39916800.0;
  sum = sum * y + 1 / 362880.0;
  sum = sum * y - 1 / 5040.0;
  sum = sum * y + 1 / 120.0;
  sum = sum * y - 1 / 6.0;
  sum = sum * y + 1;
  return x * sum;
}

/** cos x for |x| <= pi / 4. */
SR_INLINE double cosine(double x) {
  const double y = x * x;
  double sum = -1 / 6402373705728000.0;
  sum = sum * y + 1 / 20922789888000.0;
  sum = sum * y - 1 / 87178291200.0;
  sum = sum * y + 1 / 479001600.0;
  sum = sum * y - 1 / 3628800.0;
  sum = sum * y + 1 / 40320.0;
  sum = sum * y - 1 / 720.0;
  sum = sum * y + 1 / 24.0;
  sum = sum * y - 1 / 2.0;
  sum = sum * y + 1;
  return sum;
}

/** Two words to two normals: r cos, r sin. */
inline std::array<double, 2> normalPair(uint32_t first, uint32_t second) {
  const double radius = std::sqrt(-2 * lnFraction((1u << 24) - (first >> 8)));
  const int turn = int(second >> 8);
  const int quarter = (turn + (1 << 21)) >> 22;
  const double radians = 2 * 3.141592653589793 / 16777216.0;
  const double x = (turn - quarter * 4194304) * radians;
  const double s = sine(x), c = cosine(x);
  const double cos = quarter & 1 ? -s : c;
  const double sin = quarter & 1 ? c : s;
  const bool opposite = quarter & 2;
  return {radius * (opposite ? -cos : cos), radius * (opposite ? -sin : sin)};
}

/** normalAt of src/core/rng.ts for ascending indices: random access that computes each block of four words once. */
class Normals {
 public:
  Normals(uint64_t seed, uint32_t purpose, uint32_t a, uint32_t b)
      : key_{uint32_t(seed), uint32_t(seed >> 32), purpose, a}, b_(b) {}

  double at(uint32_t index) {
    const uint32_t block = index / 4;
    if (!started_ || block != block_) {
      words_ = threefry(key_, {block, b_, 0, 0});
      block_ = block;
      started_ = true;
    }
    const uint32_t pair = index % 4 / 2;
    return normalPair(words_[2 * pair], words_[2 * pair + 1])[index % 2];
  }

 private:
  Words key_, words_{};
  uint32_t b_, block_ = 0;
  bool started_ = false;
};

}  // namespace sparse_robust
