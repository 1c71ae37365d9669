// The largest magnitudes of an array: which scores, weights or gradients stay where only some may.
#pragma once
#include <cstddef>
#include <cstdint>

namespace sparse_robust {

/** Which of equal magnitudes go first. */
enum class Ties { First, Last };

/** Writes the ascending positions of the `kept` largest of `count` magnitudes, at most 2^32; src/engines/plain-largest.ts defines them. */
void largestMagnitudes(const float* values, size_t count, size_t kept, Ties ties, uint32_t* positions);

}  // namespace sparse_robust
