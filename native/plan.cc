// Which algorithm computes a convolution: a pure function of its shape, its number of connections and the direction.
#include "packed.h"

namespace sparse_robust {

bool supports(const ConvShape& shape, Algorithm algorithm) {
  if (shape.kernel > kMaximumKernel) return false;
  if (algorithm == Algorithm::Winograd) return keepsPlane3x3(shape) && shape.in.height >= 4 && shape.in.width >= 4;
  return true;
}

ConvPlan planConv(const ConvShape& shape, Direction direction, Algorithm algorithm) {
  ConvPlan plan{shape, direction, algorithm, 1, 1};
  plan.channelBlock = plan.source().channels;
  if (algorithm == Algorithm::Winograd) plan.channelGroup = kWinogradGroup;
  if (algorithm == Algorithm::Direct) plan.channelGroup = plan.target().channels <= kNarrowGroup ? kNarrowGroup : kDirectGroup;
  return plan;
}

ConvPlan planConv(const ConvShape& shape, size_t connections, Direction direction) {
  double density = double(connections) / (double(shape.in.channels) * shape.out.channels * shape.kernel * shape.kernel);
  bool fewChannels = shape.in.channels <= kNarrowGroup;
  if (!fewChannels && density >= 0.17 && supports(shape, Algorithm::Winograd)) return planConv(shape, direction, Algorithm::Winograd);
  return planConv(shape, direction, density >= 0.5 ? Algorithm::Direct : Algorithm::Sparse);
}

size_t scratchBytes(const ConvPlan& plan) {
  switch (plan.algorithm) {
    case Algorithm::Sparse: return sparseScratchBytes(plan);
    case Algorithm::Winograd: return winogradScratchBytes(plan);
    default: return 0;
  }
}

/** Dense: six output channels at all positions of four input channels each. Sparse: sums, then two words a connection, then runs. */
size_t weightGradientScratchBytes(const ConvShape& shape, const Weights& weights) {
  size_t taps = size_t(shape.kernel) * shape.kernel;
  if (gradientOfAllPositions(shape, weights)) return groupsOf(shape.in.channels, 4) * taps * 24 * kLine * sizeof(float);
  size_t held = gradientConnectionsHeld(shape);
  return aligned(held * kLine * sizeof(float) + (2 * held + kGradientChannelsHeld * (taps + 1)) * sizeof(uint32_t));
}

}  // namespace sparse_robust
