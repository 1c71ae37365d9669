// Which algorithm computes a convolution: a pure function of its shape, its number of connections and the direction.
#include "packed.h"

namespace sparse_robust {

bool supports(const ConvShape& shape, Algorithm algorithm) {
  return shape.kernel <= kMaximumKernel && algorithm == Algorithm::Sparse;
}

ConvPlan planConv(const ConvShape& shape, Direction direction, Algorithm algorithm) {
  ConvPlan plan{shape, direction, algorithm, 1, 1};
  plan.channelBlock = plan.source().channels;
  return plan;
}

ConvPlan planConv(const ConvShape& shape, size_t, Direction direction) {
  return planConv(shape, direction, Algorithm::Sparse);
}

size_t scratchBytes(const ConvPlan&) { return 0; }

size_t weightGradientScratchBytes(const ConvShape&, const Weights&) { return 0; }

}  // namespace sparse_robust
