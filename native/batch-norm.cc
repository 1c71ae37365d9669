// Batch normalisation with the statistics of the batch (Ioffe & Szegedy 2015): sums in double over the true images, a channel
// at a time, each lane for itself in the order of blocks and lines, the 16 lanes then added in one fixed tree.
#include "gradient-end.h"

namespace sparse_robust {
namespace SR_TARGET {

namespace {

struct LaneSums { double lane[kLine] = {}; };

double total(const LaneSums& sums) {
  double half[8];
  for (int i = 0; i < 8; i++) half[i] = sums.lane[i] + sums.lane[i + 8];
  for (int i = 0; i < 4; i++) half[i] += half[i + 4];
  return (half[0] + half[2]) + (half[1] + half[3]);
}

/** Calls body(block, offset of a line in floats, lanes that hold images) for each line of a channel. */
template <typename Body>
SR_INLINE void eachLine(const Plane& plane, int channel, int count, int lastImages, const Body& body) {
  const size_t first = channel * plane.stride() * kLine, lines = size_t(plane.height) * plane.width;
  const int full = lastImages == kLine ? count : count - 1;
  for (int block = 0; block < full; block++)
    for (size_t line = 0; line < lines; line++) body(block, first + line * kLine, kLine);
  for (size_t line = 0; line < lines && full < count; line++) body(full, first + line * kLine, lastImages);
}

}  // namespace

void statistics(const StatisticsCall& call) {
  const double images = double(call.count - 1) * kLine + call.lastImages;
  const double values = images * call.plane.height * call.plane.width;
  for (int channel = call.from; channel < call.to; channel++) {
    LaneSums sum, square;
    eachLine(call.plane, channel, call.count, call.lastImages, [&](int block, size_t at, int lanes) {
      const float* x = call.blocks[block] + at;
      if (lanes == kLine) for (int i = 0; i < kLine; i++) sum.lane[i] += x[i];
      else for (int i = 0; i < lanes; i++) sum.lane[i] += x[i];
    });
    const double mean = total(sum) / values;
    eachLine(call.plane, channel, call.count, call.lastImages, [&](int block, size_t at, int lanes) {
      const float* x = call.blocks[block] + at;
      if (lanes == kLine) for (int i = 0; i < kLine; i++) square.lane[i] += (x[i] - mean) * (x[i] - mean);
      else for (int i = 0; i < lanes; i++) square.lane[i] += (x[i] - mean) * (x[i] - mean);
    });
    call.mean[channel] = mean;
    call.variance[channel] = total(square) / values;
  }
}

void gradientSums(const GradientSumsCall& call) {
  for (int channel = call.from; channel < call.to; channel++) {
    LaneSums sum, product;
    const double mean = call.values ? call.mean[channel] : 0;
    eachLine(call.plane, channel, call.count, call.lastImages, [&](int block, size_t at, int lanes) {
      const float* g = call.gradients[block] + at;
      if (lanes == kLine) for (int i = 0; i < kLine; i++) sum.lane[i] += g[i];
      else for (int i = 0; i < lanes; i++) sum.lane[i] += g[i];
      if (!call.values) return;
      const float* x = call.values[block] + at;
      if (lanes == kLine) for (int i = 0; i < kLine; i++) product.lane[i] += g[i] * (x[i] - mean);
      else for (int i = 0; i < lanes; i++) product.lane[i] += g[i] * (x[i] - mean);
    });
    call.sum[channel] = total(sum);
    if (call.values) call.product[channel] = total(product);
  }
}

void normGradient(const NormGradientCall& call) {
  const size_t lines = size_t(call.plane.height) * call.plane.width;
  for (int channel = 0; channel < call.plane.channels; channel++) {
    const Vec center = set1(call.center[channel]), slope = set1(call.slope[channel]);
    const Vec average = set1(call.average[channel]), scale = set1(call.scale[channel]);
    const size_t first = channel * call.plane.stride();
    for (size_t line = first; line < first + lines; line++) {
      for (int v = 0; v < kVectorsPerLine; v++) {
        const size_t at = line * kLine + v * kLanes;
        const Vec deviation = sub(load(call.values + at), center);
        const Vec centred = sub(load(call.gradient + at), average);
        Vec value = mul(negativeFma(deviation, slope, centred), scale);
        if (call.images < kLine) value = keepBits(liveLanes(call.images, v), value);
        store(call.output + at, endGradient(call.end, channel, line, v, value));
      }
    }
  }
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
