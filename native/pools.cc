// Maximum and average pooling. A maximum remembers for each position of its window the images in which it is the first
// largest; the gradient is gathered per input line over the windows that hold it, in their order.
#include "gradient-end.h"
#include "lanes.h"

namespace sparse_robust {
namespace SR_TARGET {

namespace {

SR_INLINE size_t lineOf(const Plane& plane, int channel, int y, int x) {
  return channel * plane.stride() + size_t(y) * plane.width + x;
}

/** Calls body(channel, y, x, number) for every output position of the call's rows; `number` counts all windows densely. */
template <typename Body>
SR_INLINE void eachWindow(const PoolCall& call, const Body& body) {
  const Plane& out = call.shape.out;
  const int end = call.rows.end(out.height);
  for (int channel = 0; channel < out.channels; channel++) {
    size_t number = (size_t(channel) * out.height + call.rows.from) * out.width;
    for (int y = call.rows.from; y < end; y++)
      for (int x = 0; x < out.width; x++) body(channel, y, x, number++);
  }
}

/** Windows along one side that hold `position`: [first, end). */
struct Range { int first, end; };
SR_INLINE Range windowsOver(int position, int window, int stride, int count) {
  const int first = position < window ? 0 : (position - window) / stride + 1;
  const int end = position / stride + 1;
  return {first, end < count ? end : count};
}

/** value = sum over windows of part(window line, window number, place in the window), then the end. */
template <typename Part>
SR_INLINE void gather(const PoolGradientCall& call, const Part& part) {
  const PoolShape& s = call.shape;
  for (int channel = 0; channel < s.in.channels; channel++) {
    if (!isWanted(call.end, channel)) continue;
    for (int y = call.rows.from; y < call.rows.end(s.in.height); y++) {
      const Range ys = windowsOver(y, s.rows, s.stride, s.out.height);
      for (int x = 0; x < s.in.width; x++) {
        const Range xs = windowsOver(x, s.columns, s.stride, s.out.width);
        const size_t line = lineOf(s.in, channel, y, x);
        for (int v = 0; v < kVectorsPerLine; v++) {
          Vec sum = zero();
          for (int oy = ys.first; oy < ys.end; oy++) {
            for (int ox = xs.first; ox < xs.end; ox++) {
              const size_t number = (size_t(channel) * s.out.height + oy) * s.out.width + ox;
              const int place = (y - oy * s.stride) * s.columns + x - ox * s.stride;
              const size_t from = lineOf(s.out, channel, oy, ox) * kLine + v * kLanes;
              sum = add(sum, part(load(call.outputGradient + from), number, place, v));
            }
          }
          store(call.inputGradient + line * kLine + v * kLanes, endGradient(call.end, channel, line, v, sum));
        }
      }
    }
  }
}

/** First largest of a window in row order; a later one must be strictly greater. */
SR_INLINE void maximumOfWindow(const PoolCall& call, const float* corner, float* output, uint16_t* chosen) {
  const PoolShape& s = call.shape;
  float best[kLine];
  int place[kLine];
  for (int i = 0; i < kLine; i++) best[i] = corner[i], place[i] = 0;
  for (int p = 1; p < s.rows * s.columns; p++) {
    const float* line = corner + (size_t(p / s.columns) * s.in.width + p % s.columns) * kLine;
    for (int i = 0; i < kLine; i++) {
      const bool greater = line[i] > best[i];
      place[i] = greater ? p : place[i];
      best[i] = greater ? line[i] : best[i];
    }
  }
  for (int i = 0; i < kLine; i++) output[i] = best[i];
  for (int p = 0; p < s.rows * s.columns && chosen; p++) {
    unsigned bits = 0;
    for (int i = 0; i < kLine; i++) bits |= unsigned(place[i] == p && (!call.positive || best[i] > 0)) << i;
    chosen[p] = static_cast<uint16_t>(bits);
  }
}

/** The common window of 2x2: the better of each row, then the better row; of equals the first. */
SR_INLINE void maximumOfFour(const float* corner, size_t row, bool positive, float* output, uint16_t* chosen) {
  unsigned right[2] = {}, below = 0, kept = positive ? 0 : 0xffffu;
  for (int v = 0; v < kVectorsPerLine; v++) {
    Vec best[2];
    for (int r = 0; r < 2; r++) {
      const float* at = corner + r * row + v * kLanes;
      const Vec left = load(at), next = load(at + kLine);
      const unsigned greater = greaterBits(next, left);
      best[r] = selectBits(greater, next, left);
      right[r] |= greater << v * kLanes;
    }
    const unsigned greater = greaterBits(best[1], best[0]);
    const Vec largest = selectBits(greater, best[1], best[0]);
    store(output + v * kLanes, largest);
    below |= greater << v * kLanes;
    kept |= positiveBits(largest) << v * kLanes;
  }
  if (!chosen) return;
  chosen[0] = static_cast<uint16_t>(kept & ~below & ~right[0]);
  chosen[1] = static_cast<uint16_t>(kept & ~below & right[0]);
  chosen[2] = static_cast<uint16_t>(kept & below & ~right[1]);
  chosen[3] = static_cast<uint16_t>(kept & below & right[1]);
}

bool coversOnceByFours(const PoolShape& s) {
  return s.rows == 2 && s.columns == 2 && s.stride == 2 && s.in.height == 2 * s.out.height && s.in.width == 2 * s.out.width;
}

/** Windows of 2x2 that cover the input once: a line of the gradient goes to four lines, the bits of both masks joined. */
void spreadToFour(const PoolGradientCall& call) {
  const Plane &in = call.shape.in, &out = call.shape.out;
  const int from = call.rows.from / 2, end = call.rows.end(in.height) / 2;
  for (int channel = 0; channel < out.channels; channel++) {
    if (!isWanted(call.end, channel)) continue;
    const Vec scale = set1(call.end.scale ? call.end.scale[channel] : 1);
    const uint16_t* chosen = call.chosen + (size_t(channel) * out.height + from) * out.width * 4;
    for (int y = from; y < end; y++) {
      const float* gradient = call.outputGradient + lineOf(out, channel, y, 0) * kLine;
      const size_t corner = lineOf(in, channel, 2 * y, 0);
      for (int x = 0; x < out.width; x++, gradient += kLine, chosen += 4) {
        for (int place = 0; place < 4; place++) {
          const size_t line = corner + (place >> 1) * in.width + 2 * x + (place & 1);
          const unsigned bits = chosen[place] & (call.end.maskIn ? call.end.maskIn[line] : 0xffffu);
          for (int v = 0; v < kVectorsPerLine; v++) {
            const Vec value = keepBits(bits >> v * kLanes & kLaneMask, load(gradient + v * kLanes));
            store(call.inputGradient + line * kLine + v * kLanes, mul(value, scale));
          }
        }
      }
    }
  }
}

}  // namespace

void maximumPool(const PoolCall& call) {
  const PoolShape& s = call.shape;
  const size_t places = size_t(s.rows) * s.columns;
  eachWindow(call, [&](int channel, int y, int x, size_t number) {
    const float* corner = call.input + lineOf(s.in, channel, y * s.stride, x * s.stride) * kLine;
    float* output = call.output + lineOf(s.out, channel, y, x) * kLine;
    uint16_t* chosen = call.chosen ? call.chosen + number * places : nullptr;
    if (s.rows == 2 && s.columns == 2) maximumOfFour(corner, size_t(s.in.width) * kLine, call.positive, output, chosen);
    else maximumOfWindow(call, corner, output, chosen);
  });
}

void averagePool(const PoolCall& call) {
  const PoolShape& s = call.shape;
  const Vec share = set1(1.0f / float(s.rows * s.columns));
  eachWindow(call, [&](int channel, int y, int x, size_t) {
    for (int v = 0; v < kVectorsPerLine; v++) {
      Vec sum = zero();
      for (int r = 0; r < s.rows; r++)
        for (int c = 0; c < s.columns; c++)
          sum = add(sum, load(call.input + lineOf(s.in, channel, y * s.stride + r, x * s.stride + c) * kLine + v * kLanes));
      store(call.output + lineOf(s.out, channel, y, x) * kLine + v * kLanes, mul(sum, share));
    }
  });
}

void maximumPoolGradient(const PoolGradientCall& call) {
  if (coversOnceByFours(call.shape) && !call.end.add) return spreadToFour(call);
  const size_t places = size_t(call.shape.rows) * call.shape.columns;
  gather(call, [&](Vec gradient, size_t number, int place, int v) {
    return keepBits(call.chosen[number * places + place] >> v * kLanes & kLaneMask, gradient);
  });
}

void averagePoolGradient(const PoolGradientCall& call) {
  const Vec share = set1(1.0f / float(call.shape.rows * call.shape.columns));
  gather(call, [&](Vec gradient, size_t, int, int) { return mul(gradient, share); });
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
