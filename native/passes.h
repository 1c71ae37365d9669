// The kernels around the convolutions: one pass over one block (or, for statistics, over a channel of all blocks).
// Compiled once per target like those of kernels.h, reached through one table; layout and masks as there.
#pragma once
#include "kernels.h"

namespace sparse_robust {

/** value = (input - center) * scale + shift (one fma); value += add; relu keeps value > 0. All but the input is optional. */
struct MapCall {
  Plane plane;
  const float* input = nullptr;
  float* output = nullptr;          // may be the input
  const float* center = nullptr;    // [channel], as are scale and shift
  const float* scale = nullptr;
  const float* shift = nullptr;
  const float* add = nullptr;
  bool relu = false;
  uint16_t* maskOut = nullptr;
  int images = kLine;               // the lanes behind are stored as 0
  Rows rows = {};
};

/** What the gradient of a value goes through when its last part arrives: value += add; keep what maskIn has; value *= scale. */
struct GradientEnd {
  const float* add = nullptr;
  const uint16_t* maskIn = nullptr;
  const float* scale = nullptr;     // [channel]
  const uint8_t* wanted = nullptr;  // [channel] those of 0 may be left out
};

/** value = input * before[channel], then the end. */
struct GradientMapCall {
  Plane plane;
  const float* input = nullptr;
  float* output = nullptr;          // may be the input
  const float* before = nullptr;
  GradientEnd end;
  Rows rows = {};
};

/** Windows of rows x columns, stride apart, all inside the input. */
struct PoolShape {
  Plane in, out;
  int rows, columns, stride;
};

/** `chosen`, for a maximum: 16 bits for each position of each window, set in the image where it is the first maximum. */
struct PoolCall {
  PoolShape shape;
  const float* input;
  float* output;
  uint16_t* chosen;
  Rows rows = {};                   // of the output
  bool positive = false;            // nothing is chosen where the maximum is not positive
};

struct PoolGradientCall {
  PoolShape shape;
  const float* outputGradient;
  const uint16_t* chosen;           // null for an average
  float* inputGradient;
  GradientEnd end;
  Rows rows = {};                   // of the input, windows of a maximum whole
};

/** An image to a vector: `channelsFirst` by channel, row, column, else by row, column, channel. */
struct FlattenCall {
  Plane plane;                      // of the image
  bool channelsFirst;
  const float* input;
  float* output;
};
struct FlattenGradientCall {
  Plane plane;
  bool channelsFirst;
  const float* outputGradient;
  float* inputGradient;
  GradientEnd end;
};

/** Channels [from, to) over all blocks; `lastImages` true images in the last. Sums in double, lanes added in one fixed tree. */
struct StatisticsCall {
  Plane plane;
  const float* const* blocks;
  int count, lastImages;
  int from, to;
  double* mean;                     // [channel]
  double* variance;                 // biased
};

/** sum = sum of g; product = sum of g * (x - mean), where `values` is given. */
struct GradientSumsCall {
  Plane plane;
  const float* const* gradients;
  const float* const* values;
  const double* mean;
  int count, lastImages;
  int from, to;
  double* sum;
  double* product;
};

/** Batch-norm with the statistics of the batch: value = ((g - average) - (x - center) * slope) * scale, then the end. */
struct NormGradientCall {
  Plane plane;
  const float* values;
  const float* gradient;
  float* output;                    // may be the gradient
  const float *center, *slope, *average, *scale;
  int images;                       // the lanes behind are stored as 0
  GradientEnd end;
};

/** Images [image][row][column][channel] to a block and back; lanes behind `images` are 0, or not written back. */
struct ImagesCall {
  Plane plane;
  float* images;
  float* block;
  int count;
};

/** One step of projected ascent on a block, as norm-ball.ts defines it bit for bit. */
struct AscentCall {
  Plane plane;
  float* images;
  const float* origin;
  const float* gradient;
  float epsilon, stepSize, low, high;
};

/** values[i] = the normal of a stream (Normals in random.h) at positions[i], rounded to float32. */
struct NormalsCall {
  uint32_t key[4], counter;
  const uint32_t* positions;
  size_t count;
  float* values;
};

struct Passes {
  void (*map)(const MapCall&);
  void (*mapGradient)(const GradientMapCall&);
  void (*maximumPool)(const PoolCall&);
  void (*averagePool)(const PoolCall&);
  void (*maximumPoolGradient)(const PoolGradientCall&);
  void (*averagePoolGradient)(const PoolGradientCall&);
  void (*flatten)(const FlattenCall&);
  void (*flattenGradient)(const FlattenGradientCall&);
  void (*statistics)(const StatisticsCall&);
  void (*gradientSums)(const GradientSumsCall&);
  void (*normGradient)(const NormGradientCall&);
  void (*blockFromImages)(const ImagesCall&);
  void (*imagesFromBlock)(const ImagesCall&);
  void (*signStep)(const AscentCall&);
  void (*normStep)(const AscentCall&);
  void (*normals)(const NormalsCall&);
};
extern const Passes passes_avx512, passes_avx2, passes_neon, passes_portable;   // passes.cc, once per target

}  // namespace sparse_robust
