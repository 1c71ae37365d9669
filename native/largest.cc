// One pass over memory, which is what bounds it: a sample tells a magnitude that all that stay most likely reach, the pass lists
// what does, and the exact cut is sought among those. Without a branch, since which value is large is not to be foreseen.
#include "largest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

namespace sparse_robust {
namespace {

/** The bits of a float without its sign order like its magnitude, not-a-number above infinity. */
uint32_t magnitudeAt(const float* values, size_t position) {
  uint32_t bits;
  std::memcpy(&bits, values + position, sizeof bits);
  return bits & 0x7fffffff;
}

/** Values looked at for a guess, and how many standard deviations it keeps below what they say: it fails once in 30,000 times. */
constexpr size_t kSamples = 4096;
constexpr double kDeviations = 4;

/** The least that stays most likely has a magnitude from `floor` on and below `ceiling`. */
struct Guess {
  uint32_t floor, ceiling;
};

constexpr Guess kNoGuess{0, 0xffffffff};

Guess guessCut(const float* values, size_t count, size_t kept) {
  const size_t stride = count / kSamples;
  if (stride < 4) return kNoGuess;
  const double share = double(kept) / double(count);
  const double expected = kSamples * share, margin = kDeviations * std::sqrt(kSamples * share * (1 - share)) + 1;
  std::vector<uint32_t> sample(kSamples);
  for (size_t i = 0; i < kSamples; i++) sample[i] = magnitudeAt(values, i * stride);
  std::sort(sample.begin(), sample.end(), std::greater<uint32_t>());
  return {expected + margin < kSamples ? sample[size_t(expected + margin)] : kNoGuess.floor,
          expected - margin >= 0 ? sample[size_t(expected - margin)] : kNoGuess.ceiling};
}

/** A magnitude with its position behind it: no two are equal, and they order as what stays does. */
struct Ranking {
  uint32_t flip;   // of the position

  uint64_t of(uint32_t magnitude, uint32_t position) const { return uint64_t(magnitude) << 32 | (position ^ flip); }
  uint32_t positionOf(uint64_t rank) const { return uint32_t(rank) ^ flip; }
};

/** The ranks of magnitudes from `floor` on, in the order of positions; gives their number. */
size_t listRanks(const float* values, size_t count, uint32_t floor, Ranking ranking, uint64_t* ranks) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t magnitude = magnitudeAt(values, i);
    ranks[found] = ranking.of(magnitude, uint32_t(i));
    found += magnitude >= floor;
  }
  return found;
}

/** The `rank`-th largest of the ranks, from 1: sought among those below the ceiling, where it is there. */
uint64_t rankOf(const uint64_t* ranks, size_t found, size_t rank, uint32_t ceiling) {
  const std::unique_ptr<uint64_t[]> below(new uint64_t[found + 1]);
  size_t open = 0;
  for (size_t i = 0; i < found; i++) {
    below[open] = ranks[i];
    open += ranks[i] >> 32 < ceiling;
  }
  const size_t above = found - open;
  if (above >= rank) return rankOf(ranks, found, rank, kNoGuess.ceiling);
  uint64_t* cut = below.get() + open - (rank - above);
  std::nth_element(below.get(), cut, below.get() + open);
  return *cut;
}

}  // namespace

void largestMagnitudes(const float* values, size_t count, size_t kept, Ties ties, uint32_t* positions) {
  if (kept == 0) return;
  const Ranking ranking{ties == Ties::First ? 0xffffffff : 0};
  const Guess guess = guessCut(values, count, kept);
  const std::unique_ptr<uint64_t[]> ranks(new uint64_t[count + 1]);   // the system gives pages as they fill
  size_t found = listRanks(values, count, guess.floor, ranking, ranks.get());
  if (found < kept) found = listRanks(values, count, kNoGuess.floor, ranking, ranks.get());
  const uint64_t least = rankOf(ranks.get(), found, kept, guess.ceiling);
  for (size_t i = 0, next = 0; next < kept; i++) {
    positions[next] = ranking.positionOf(ranks[i]);
    next += ranks[i] >= least;
  }
}

}  // namespace sparse_robust
