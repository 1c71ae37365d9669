// Normals of a random stream at many positions at once: the arithmetic of random.h, operation by operation and so bit for bit,
// in loops over sixteen positions that a compiler turns into vectors. The noise of the method is one for each connection.
#include "passes.h"
#include "random.h"

namespace sparse_robust {
namespace SR_TARGET {
namespace {

constexpr int kAtOnce = 16;

template <int kFirst, int kSecond>
SR_INLINE void mix(uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) {
  a += b, b = rotated(b, kFirst) ^ a;
  c += d, d = rotated(d, kSecond) ^ c;
}

/** Rounds 8n + 1 to 8n + 4. */
SR_INLINE void firstRounds(uint32_t* x) {
  mix<10, 26>(x[0], x[1], x[2], x[3]);
  mix<11, 21>(x[0], x[3], x[2], x[1]);
  mix<13, 27>(x[0], x[1], x[2], x[3]);
  mix<23, 5>(x[0], x[3], x[2], x[1]);
}

/** Rounds 8n + 5 to 8n + 8. */
SR_INLINE void lastRounds(uint32_t* x) {
  mix<6, 20>(x[0], x[1], x[2], x[3]);
  mix<17, 11>(x[0], x[3], x[2], x[1]);
  mix<25, 10>(x[0], x[1], x[2], x[3]);
  mix<18, 20>(x[0], x[3], x[2], x[1]);
}

template <int kTime>
SR_INLINE void addKey(const uint32_t* keys, uint32_t* x) {
  x[0] += keys[kTime % 5];
  x[1] += keys[(kTime + 1) % 5];
  x[2] += keys[(kTime + 2) % 5];
  x[3] += keys[(kTime + 3) % 5] + kTime;
}

/** The two words of each position's normal. */
SR_INLINE void wordsAt(const NormalsCall& call, const uint32_t* position, uint32_t* first, uint32_t* second) {
  const uint32_t* key = call.key;
  const uint32_t keys[5] = {key[0], key[1], key[2], key[3], key[0] ^ key[1] ^ key[2] ^ key[3] ^ kThreefryParity};
  const uint32_t counter = call.counter;
  for (int i = 0; i < kAtOnce; i++) {
    uint32_t x[4] = {position[i] / 4 + keys[0], counter + keys[1], keys[2], keys[3]};
    firstRounds(x), addKey<1>(keys, x);
    lastRounds(x), addKey<2>(keys, x);
    firstRounds(x), addKey<3>(keys, x);
    lastRounds(x), addKey<4>(keys, x);
    firstRounds(x), addKey<5>(keys, x);
    const bool later = position[i] & 2;
    first[i] = later ? x[2] : x[0];
    second[i] = later ? x[3] : x[1];
  }
}

template <int kOdd>
SR_INLINE double logarithmSeries(double sum, double y) {
  if constexpr (kOdd < 3) return sum;
  else return logarithmSeries<kOdd - 2>(sum * y + 1.0 / kOdd, y);
}

/** -2 ln(n / 2^24) for n in [1, 2^24]; the parts of n as a double are read from its bits. */
SR_INLINE double squareOfRadius(int n) {
  const double whole = n;
  uint64_t bits;
  __builtin_memcpy(&bits, &whole, sizeof bits);
  const int high = int(bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffffu) | 0x3ff0000000000000u;
  double scaled;
  __builtin_memcpy(&scaled, &bits, sizeof bits);
  const bool upper = scaled > 1.4142135623730951;
  const double m = upper ? scaled * 0.5 : scaled;
  const int e = (upper ? high + 1 : high) - 24;
  const double z = (m - 1) / (m + 1);
  const double y = z * z;
  const double sum = logarithmSeries<19>(1.0 / 21, y) * y + 1;
  return -2 * (e * 0.6931471805599453 + 2 * (z * sum));
}

/** The cosine for even positions, the sine for odd ones, of the turn that a word says. */
SR_INLINE double direction(uint32_t word, bool odd) {
  const int turn = int(word >> 8);
  const int quarter = (turn + (1 << 21)) >> 22;
  const double radians = 2 * 3.141592653589793 / 16777216.0;
  const double x = (turn - quarter * 4194304) * radians;
  const double s = sine(x), c = cosine(x);
  const bool across = quarter & 1;
  const double cos = across ? -s : c, sin = across ? c : s;
  const double value = odd ? sin : cos;
  return quarter & 2 ? -value : value;
}

}  // namespace

void normals(const NormalsCall& call) {
  for (size_t from = 0; from < call.count; from += kAtOnce) {
    const size_t left = call.count - from;
    uint32_t position[kAtOnce], first[kAtOnce], second[kAtOnce];
    double square[kAtOnce], radius[kAtOnce];
    float value[kAtOnce];
    for (int i = 0; i < kAtOnce; i++) position[i] = call.positions[from + (size_t(i) < left ? i : left - 1)];
    wordsAt(call, position, first, second);
    for (int i = 0; i < kAtOnce; i++) square[i] = squareOfRadius((1 << 24) - int(first[i] >> 8));
    for (int i = 0; i < kAtOnce; i++) radius[i] = std::sqrt(square[i]);
    for (int i = 0; i < kAtOnce; i++) value[i] = float(radius[i] * direction(second[i], position[i] & 1));
    for (int i = 0; i < kAtOnce && size_t(i) < left; i++) call.values[from + i] = value[i];
  }
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
