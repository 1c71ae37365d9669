// How packed weights lie in memory: written by pack.cc, read by the kernels.
#pragma once
#include "kernels.h"

namespace sparse_robust {

constexpr size_t kAlignment = 64;
SR_INLINE constexpr size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }
SR_INLINE constexpr int groupsOf(int count, int size) { return (count + size - 1) / size; }

/** One connection of a sparse convolution. */
struct Connection {
  uint32_t line;   // first line of its source channel in a block
  float weight;
};

/**
 * Sparse: connections ordered by (block of source channels, target channel, tap, source channel);
 * those of (block, target, tap) are runs[i] .. runs[i + 1] with i = (block * targets + target) * taps + tap.
 */
struct PackedSparse {
  const uint32_t* runs;
  const Connection* connections;
  int blocks;
};
SR_INLINE size_t sparseRuns(const ConvPlan& plan) {
  size_t blocks = groupsOf(plan.source().channels, plan.channelBlock);
  return blocks * plan.target().channels * plan.shape.kernel * plan.shape.kernel;
}
SR_INLINE PackedSparse readSparse(const ConvPlan& plan, const void* packed) {
  const char* bytes = static_cast<const char*>(packed);
  return {reinterpret_cast<const uint32_t*>(bytes),
          reinterpret_cast<const Connection*>(bytes + aligned((sparseRuns(plan) + 1) * sizeof(uint32_t))),
          groupsOf(plan.source().channels, plan.channelBlock)};
}

}  // namespace sparse_robust
