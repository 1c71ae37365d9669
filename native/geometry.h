// Which source lines a convolution's taps reach: the forward pass and the input gradient in the same words.
// "Target" is what a kernel writes, "source" what it reads; a gradient reads the output's gradient and writes the input's.
#pragma once
#include "kernels.h"

namespace sparse_robust {
namespace SR_TARGET {

struct Geometry {
  bool forward;
  int kernel, stride, padTop, padLeft;
  Rows rows;                           // of the target
  int sourceHeight, sourceWidth, targetHeight, targetWidth;
  size_t sourceStride, targetStride;   // lines from one channel to the next
  int sourceStep, targetStep;          // neighbours in a run lie so many lines apart
};

/** A 1x1 convolution of stride 1 sees a whole plane as one long row. */
SR_INLINE Geometry geometryOf(const ConvPlan& plan, const Rows& rows) {
  const ConvShape& shape = plan.shape;
  const Plane &source = plan.source(), &target = plan.target();
  Geometry g;
  g.forward = plan.direction == Direction::Forward;
  g.kernel = shape.kernel, g.stride = shape.stride, g.padTop = shape.padTop, g.padLeft = shape.padLeft;
  g.sourceHeight = source.height, g.sourceWidth = source.width, g.sourceStride = source.stride();
  g.targetHeight = target.height, g.targetWidth = target.width, g.targetStride = target.stride();
  g.rows = rows;
  g.sourceStep = g.forward ? shape.stride : 1, g.targetStep = g.forward ? 1 : shape.stride;
  bool whole = rows.from == 0 && rows.end(target.height) == target.height;
  bool pointwise = whole && g.kernel == 1 && g.stride == 1 && g.padTop == 0 && g.padLeft == 0;
  if (pointwise && source.height == target.height && source.width == target.width) {
    g.sourceWidth = g.targetWidth = source.height * source.width;
    g.sourceHeight = g.targetHeight = 1;
  }
  return g;
}

/** The source coordinate under `tap` at target coordinate `at` along one axis; -1: none. */
SR_INLINE int sourceAt(const Geometry& g, int at, int tap, int pad, int size) {
  int place = g.forward ? at * g.stride - pad + tap : at + pad - tap;
  if (place < 0) return -1;
  if (!g.forward) {
    if (place % g.stride != 0) return -1;
    place /= g.stride;
  }
  return place < size ? place : -1;
}

/** Bit k: tap k reaches the source from target coordinate `at`. */
SR_INLINE unsigned reached(const Geometry& g, int at, int pad, int size) {
  unsigned bits = 0;
  for (int tap = 0; tap < g.kernel; tap++) bits |= static_cast<unsigned>(sourceAt(g, at, tap, pad, size) >= 0) << tap;
  return bits;
}

struct Tap {
  int index;       // kernel row * kernel + kernel column; a gradient's kernel is turned by half a circle, as it is packed
  size_t offset;   // source line under it for the first position of a run, within a channel
};

/** Target positions of one row, `targetStep` apart, that the same taps reach, and those taps. */
struct Run {
  size_t first;   // target line within a channel
  int count, taps;
  Tap tap[kMaximumKernel * kMaximumKernel];
};

SR_INLINE void listTaps(const Geometry& g, int row, int column, Run& run) {
  run.taps = 0;
  for (int y = 0; y < g.kernel; y++) {
    int sourceRow = sourceAt(g, row, y, g.padTop, g.sourceHeight);
    for (int x = 0; x < g.kernel && sourceRow >= 0; x++) {
      int sourceColumn = sourceAt(g, column, x, g.padLeft, g.sourceWidth);
      if (sourceColumn < 0) continue;
      int index = g.forward ? y * g.kernel + x : g.kernel * g.kernel - 1 - (y * g.kernel + x);
      run.tap[run.taps++] = {index, static_cast<size_t>(sourceRow) * g.sourceWidth + sourceColumn};
    }
  }
}

/** Calls visit(run) for every run; together they hold each target position of the rows once. */
template <class Visit>
SR_INLINE void forEachRun(const Geometry& g, const Visit& visit) {
  Run run;
  for (int row = g.rows.from; row < g.rows.end(g.targetHeight); row++) {
    for (int phase = 0; phase < g.targetStep; phase++) {
      for (int column = phase; column < g.targetWidth; column += run.count * g.targetStep) {
        unsigned bits = reached(g, column, g.padLeft, g.sourceWidth);
        run.count = 1;
        for (int next = column + g.targetStep; next < g.targetWidth; next += g.targetStep, run.count++) {
          if (reached(g, next, g.padLeft, g.sourceWidth) != bits) break;
        }
        run.first = static_cast<size_t>(row) * g.targetWidth + column;
        listTaps(g, row, column, run);
        visit(run);
      }
    }
  }
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
