// Passes that touch each line once: normalisation, addition, ReLU and their gradients, images in and out, steps of ascent.
// Bound by memory; what can be fused into a convolution's store is, and does not come here.
#include <cmath>

#include "gradient-end.h"

namespace sparse_robust {
namespace SR_TARGET {

namespace {

/** A template over the optional parts, so that the loop has no branch. */
template <bool kCenter, bool kScale, bool kAdd, bool kRelu>
void mapChannel(const MapCall& call, int channel) {
  const Vec center = set1(kCenter ? call.center[channel] : 0), scale = set1(kScale ? call.scale[channel] : 1);
  const Vec shift = set1(kScale ? call.shift[channel] : 0);
  const size_t begin = channel * call.plane.stride(), width = call.plane.width;
  const size_t first = begin + call.rows.from * width, end = begin + call.rows.end(call.plane.height) * width;
  for (size_t line = first; line < end; line++) {
    unsigned bits = 0;
    for (int v = 0; v < kVectorsPerLine; v++) {
      const size_t at = line * kLine + v * kLanes;
      Vec value = load(call.input + at);
      if (kCenter) value = sub(value, center);
      if (kScale) value = fma(value, scale, shift);
      if (kAdd) value = add(value, load(call.add + at));
      if (kRelu) {
        bits |= positiveBits(value) << v * kLanes;
        value = keepPositive(value);
      }
      if (call.images < kLine) value = keepBits(liveLanes(call.images, v), value);
      store(call.output + at, value);
    }
    if (kRelu && call.maskOut) call.maskOut[line] = static_cast<uint16_t>(bits);
  }
}

template <bool kCenter, bool kScale>
void mapChannelOf(const MapCall& call, int channel) {
  if (call.add && call.relu) return mapChannel<kCenter, kScale, true, true>(call, channel);
  if (call.add) return mapChannel<kCenter, kScale, true, false>(call, channel);
  if (call.relu) return mapChannel<kCenter, kScale, false, true>(call, channel);
  return mapChannel<kCenter, kScale, false, false>(call, channel);
}

template <typename Lane>
void eachLine(const AscentCall& call, const Lane& lane) {
  const size_t lines = size_t(call.plane.height) * call.plane.width;
  for (int channel = 0; channel < call.plane.channels; channel++) {
    const size_t first = channel * call.plane.stride() * kLine;
    for (size_t at = first; at < first + lines * kLine; at += kLine) lane(at);
  }
}

/** Where a line of the image (channel, position in its plane) lies in the vector. */
SR_INLINE size_t flatLine(const Plane& plane, bool channelsFirst, int channel, size_t position) {
  const size_t positions = size_t(plane.height) * plane.width;
  return channelsFirst ? channel * positions + position : position * plane.channels + channel;
}

SR_INLINE float clipped(float pixel, float low, float high) {
  pixel = pixel < low ? low : pixel;
  return pixel > high ? high : pixel;
}

}  // namespace

void map(const MapCall& call) {
  for (int channel = 0; channel < call.plane.channels; channel++) {
    if (call.center) mapChannelOf<true, true>(call, channel);
    else if (call.scale) mapChannelOf<false, true>(call, channel);
    else mapChannelOf<false, false>(call, channel);
  }
}

void mapGradient(const GradientMapCall& call) {
  const size_t width = call.plane.width;
  for (int channel = 0; channel < call.plane.channels; channel++) {
    if (!isWanted(call.end, channel)) continue;
    const Vec before = set1(call.before ? call.before[channel] : 1);
    const size_t first = channel * call.plane.stride();
    for (size_t line = first + call.rows.from * width; line < first + call.rows.end(call.plane.height) * width; line++) {
      for (int v = 0; v < kVectorsPerLine; v++) {
        const size_t at = line * kLine + v * kLanes;
        store(call.output + at, endGradient(call.end, channel, line, v, mul(load(call.input + at), before)));
      }
    }
  }
}

void flatten(const FlattenCall& call) {
  const size_t positions = size_t(call.plane.height) * call.plane.width;
  for (int channel = 0; channel < call.plane.channels; channel++) {
    for (size_t position = 0; position < positions; position++) {
      const float* from = call.input + (channel * call.plane.stride() + position) * kLine;
      float* to = call.output + flatLine(call.plane, call.channelsFirst, channel, position) * kLine;
      for (int v = 0; v < kVectorsPerLine; v++) store(to + v * kLanes, load(from + v * kLanes));
    }
  }
}

void flattenGradient(const FlattenGradientCall& call) {
  const size_t positions = size_t(call.plane.height) * call.plane.width;
  for (int channel = 0; channel < call.plane.channels; channel++) {
    for (size_t position = 0; position < positions; position++) {
      const size_t line = channel * call.plane.stride() + position;
      const float* from = call.outputGradient + flatLine(call.plane, call.channelsFirst, channel, position) * kLine;
      for (int v = 0; v < kVectorsPerLine; v++) {
        const Vec value = endGradient(call.end, channel, line, v, load(from + v * kLanes));
        store(call.inputGradient + line * kLine + v * kLanes, value);
      }
    }
  }
}

void blockFromImages(const ImagesCall& call) {
  const size_t positions = size_t(call.plane.height) * call.plane.width, channels = call.plane.channels;
  for (size_t position = 0; position < positions; position++) {
    for (size_t channel = 0; channel < channels; channel++) {
      float* line = call.block + (channel * call.plane.stride() + position) * kLine;
      const float* image = call.images + position * channels + channel;
      for (int i = 0; i < call.count; i++) line[i] = image[i * positions * channels];
      for (int i = call.count; i < kLine; i++) line[i] = 0;
    }
  }
}

void imagesFromBlock(const ImagesCall& call) {
  const size_t positions = size_t(call.plane.height) * call.plane.width, channels = call.plane.channels;
  for (int i = 0; i < call.count; i++) {
    for (size_t position = 0; position < positions; position++) {
      for (size_t channel = 0; channel < channels; channel++) {
        const float* line = call.block + (channel * call.plane.stride() + position) * kLine;
        call.images[(i * positions + position) * channels + channel] = line[i];
      }
    }
  }
}

void signStep(const AscentCall& call) {
  const float epsilon = call.epsilon, stepSize = call.stepSize, low = call.low, high = call.high;
  eachLine(call, [&](size_t at) {
    float* z = call.images + at;
    const float *x = call.origin + at, *g = call.gradient + at;
    for (int i = 0; i < kLine; i++) {
      const float move = g[i] > 0 ? stepSize : g[i] < 0 ? -stepSize : 0.0f;
      float d = (z[i] + move) - x[i];
      d = d < -epsilon ? -epsilon : d;
      d = d > epsilon ? epsilon : d;
      z[i] = clipped(x[i] + d, low, high);
    }
  });
}

void normStep(const AscentCall& call) {
  double square[kLine] = {};
  eachLine(call, [&](size_t at) {
    for (int i = 0; i < kLine; i++) square[i] += double(call.gradient[at + i]) * double(call.gradient[at + i]);
  });
  float scale[kLine], factor[kLine];
  for (int i = 0; i < kLine; i++) {
    const double length = std::sqrt(square[i]);
    scale[i] = call.stepSize * float(1 / (length < 1e-12 ? 1e-12 : length));
    square[i] = 0;
  }
  eachLine(call, [&](size_t at) {
    for (int i = 0; i < kLine; i++) {
      call.images[at + i] = call.images[at + i] + scale[i] * call.gradient[at + i];
      const double d = call.images[at + i] - call.origin[at + i];
      square[i] += d * d;
    }
  });
  for (int i = 0; i < kLine; i++) {
    const double length = std::sqrt(square[i]);
    factor[i] = length > call.epsilon ? float(call.epsilon / length) : 1.0f;
  }
  eachLine(call, [&](size_t at) {
    for (int i = 0; i < kLine; i++) {
      const float d = call.images[at + i] - call.origin[at + i];
      call.images[at + i] = clipped(call.origin[at + i] + d * factor[i], call.low, call.high);
    }
  });
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
