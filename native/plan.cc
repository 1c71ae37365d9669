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

namespace {

/**
 * Constants for 3x3 convolutions that keep their plane, by its size. Beside each row what they were chosen from: batch of 128,
 * one core of a Xeon with AVX-512, 230 GFLOP/s at peak, milliseconds of the forward pass (kernels-bench --processor-time).
 */
struct Row {
  int lines;             // planes of at least so many positions
  Algorithm dense;       // for densities from `denseFrom` on
  double denseFrom;
  int channelBlock;      // of sparse layers from density 0.06 on
  double gradientFrom;   // weight gradients in Winograd's domain for densities from here on
};
constexpr double kBlocksFrom = 0.06;   // at 0.03 blocks lose on small planes: 512 channels at 2x2, 0.33 ms without, 0.48 in blocks of 64
constexpr Row kRows[] = {
    {1024, Algorithm::Winograd, 0.18, 12, 0.18},   // 64 -> 64 at 32x32: Winograd 21; sparse at 0.1: all 14.5, tiles of 11 12.0, 13 12.4; at 0.06 9.9, 9.1, 9.0
    {256, Algorithm::Winograd, 0.2, 12, 0.15},     // 128 -> 128 at 16x16: Winograd 17.5; at 0.2: tiles of 12 16.6, 10 16.9; at 0.1 10.2; at 0.06 7.3, 15 7.4, all 8.5
    {64, Algorithm::Winograd, 0.18, 24, 0.15},     // 256 -> 256 at 8x8: Winograd 16.3; at 0.1: all 11.5, 16 9.0, 20 8.6, 24 8.5, 28 8.8, 32 8.5
    {16, Algorithm::Winograd, 0.26, 48, 0.11},     // 512 -> 512 at 4x4: Winograd 17.8; at 0.1: all 8.2, 64 7.0, 48 6.6, 40 6.7, 32 6.8
    {1, Algorithm::Direct, 0.5, 64, 1},            // 512 -> 512 at 2x2: direct 5.6; at 0.1: all 1.6, 64 1.1, 32 1.3, 16 2.2
};

/** From which density on the direct form wins elsewhere: stride 2, 1x1, dense layers, images. */
constexpr double kDirectForward = 0.38;    // 128 -> 256, 3x3, 16x16 to 8x8, dense: direct 42, sparse 115; 1x1 of stride 2: 6.1 and 16.3
constexpr double kDirectGradient = 0.5;    // the same: 42 and 87; 7.8 and 12.0

const Row& rowOf(const ConvShape& shape) {
  const Row* row = kRows;
  while (shape.in.height * shape.in.width < row->lines) row++;
  return *row;
}

double densityOf(const ConvShape& shape, size_t connections) {
  return double(connections) / (double(shape.in.channels) * shape.out.channels * shape.kernel * shape.kernel);
}

ConvPlan planKept(const ConvShape& shape, double density, Direction direction) {
  const Row& row = rowOf(shape);
  bool fits = supports(shape, row.dense) && shape.in.channels > kNarrowGroup;
  if (density >= row.denseFrom && fits) return planConv(shape, direction, row.dense);
  if (density >= kDirectGradient) return planConv(shape, direction, Algorithm::Direct);
  ConvPlan plan = planConv(shape, direction, Algorithm::Sparse);
  if (density >= kBlocksFrom) plan.channelBlock = row.channelBlock;
  return plan;
}

}  // namespace

ConvPlan planConv(const ConvShape& shape, size_t connections, Direction direction) {
  double density = densityOf(shape, connections);
  if (keepsPlane3x3(shape)) return planKept(shape, density, direction);
  double directFrom = direction == Direction::Forward ? kDirectForward : kDirectGradient;
  return planConv(shape, direction, density >= directFrom ? Algorithm::Direct : Algorithm::Sparse);
}

size_t scratchBytes(const ConvPlan& plan) {
  switch (plan.algorithm) {
    case Algorithm::Sparse: return sparseScratchBytes(plan);
    case Algorithm::Winograd: return winogradScratchBytes(plan);
    default: return 0;
  }
}

/**
 * Winograd takes four patches together, so a row of patches must have as many. A sparse tile is one row of a plane, two where it is
 * eight wide, three where its source is copied, all of a smaller one; without tiles of their own, rows are taken one by one.
 */
int bandRows(const ConvPlan& plan) {
  const Plane& target = plan.target();
  const bool kept = keepsPlane3x3(plan.shape);
  if (target.width < 8) return target.height;
  if (plan.algorithm == Algorithm::Winograd) return target.width % (kWinogradPatches * kWinogradSide) == 0 ? kWinogradSide : target.height;
  if (inTiles(plan)) return kTileRows;
  return kept && plan.algorithm == Algorithm::Sparse && target.width == 8 ? 2 : 1;
}

/**
 * Milliseconds in Winograd's domain, and by connections at densities 0.08, 0.12, 0.18: 64 -> 64 at 32x32 31, and 17, 23, 32; 128 -> 128
 * at 16x16 25, and 15, 22, 32; 256 -> 256 at 8x8 26, and 16, 22, 33; 512 -> 512 at 4x4 26, and 20, 30, 45; by direct sums 64 to 84.
 */
Algorithm planWeightGradient(const ConvShape& shape, const Weights& weights) {
  constexpr double kDirectFrom = 1.0 / 3;
  bool fits = supports(shape, Algorithm::Winograd) && lesser(shape.in.channels, shape.out.channels) > kNarrowGroup;
  double from = fits ? rowOf(shape).gradientFrom : kDirectFrom;
  if (weights.index && densityOf(shape, weights.count) < from) return Algorithm::Sparse;
  return fits ? Algorithm::Winograd : Algorithm::Direct;
}

size_t weightGradientScratchBytes(const ConvShape& shape, Algorithm algorithm) {
  size_t taps = size_t(shape.kernel) * shape.kernel;
  if (algorithm == Algorithm::Winograd) return winogradGradientScratchBytes(shape);
  if (algorithm == Algorithm::Direct) return groupsOf(shape.in.channels, 4) * taps * 24 * kLine * sizeof(float);   // six output channels by four
  size_t held = gradientConnectionsHeld(shape);   // sums, then two words a connection, then runs
  return aligned(held * kLine * sizeof(float) + (2 * held + kGradientChannelsHeld * (taps + 1)) * sizeof(uint32_t));
}

int weightGradientTask(const ConvShape& shape, Algorithm algorithm, int threads) {
  int channels = shape.out.channels;
  if (algorithm != Algorithm::Winograd) return greater(1, channels / (4 * threads));   // enough that no thread waits long for the last
  return groupsOf(groupsOf(channels, kGradientGroup), threads) * kGradientGroup;
}

}  // namespace sparse_robust
