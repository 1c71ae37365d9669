// How a batch is cut: blocks of 16 images, and groups of blocks that go through the network together on one core.
#pragma once
#include <algorithm>
#include <vector>

#include "kernels.h"

namespace sparse_robust {

struct Group {
  size_t first;
  int count;   // blocks, at most kBlocksTogether
};

inline size_t blocksOf(size_t images) { return (images + kLine - 1) / kLine; }

/** Images in a block of the batch. */
inline int imagesIn(size_t images, size_t block) { return int(std::min<size_t>(kLine, images - block * kLine)); }

/** As few groups as fit, but a multiple of the threads where there are blocks enough, of sizes that differ by one at most. */
inline std::vector<Group> groupBlocks(size_t blocks, int threads) {
  size_t groups = (blocks + kBlocksTogether - 1) / kBlocksTogether;
  groups = std::min(blocks, (groups + threads - 1) / threads * threads);
  std::vector<Group> cut;
  for (size_t g = 0; g < groups; g++) {
    const size_t first = blocks * g / groups;
    cut.push_back({first, int(blocks * (g + 1) / groups - first)});
  }
  return cut;
}

}  // namespace sparse_robust
