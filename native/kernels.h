// The contract between the network executor and the kernels: plain structs, one table of functions per target.
// A kernel source is compiled once per target (namespace SR_TARGET); everything outside calls through `Kernels`.
//
// Layout of an activation: blocks of 16 images; in a block [channel][row][column][16 images], so that the innermost axis,
// a *line* of 16 floats (64-byte aligned), is one image position for 16 images. Channels lie `channelStride` lines apart.
// A kernel call gets `blocks` blocks by pointer; the last block of a batch is padded with images of zeros.
#pragma once
#include <cstddef>
#include <cstdint>

// Inlined always: a copy compiled for one target must never serve another.
#define SR_INLINE inline __attribute__((always_inline))

namespace sparse_robust {

constexpr int kLine = 16;             // images in a line, on every target
constexpr int kBlocksTogether = 4;    // blocks that one call may hold: small planes keep 64 images in registers

/** Lines from one channel to the next: no power of two, which would fall on few cache sets (planes of 8x8 and larger). */
SR_INLINE constexpr size_t channelStride(int height, int width) {
  size_t lines = size_t(height) * width;
  return lines >= 64 ? lines + width + 4 : lines;
}

struct Plane {
  int channels, height, width;
  SR_INLINE size_t stride() const { return channelStride(height, width); }   // lines per channel
  SR_INLINE size_t lines() const { return stride() * channels; }             // lines per block
};

/** A convolution as the graph states it; a dense layer is a 1x1 convolution on a plane of 1x1. */
struct ConvShape {
  Plane in, out;
  int kernel, stride, padTop, padLeft;   // padding below and to the right follows from the sizes
};

/** The weights of a convolution in file order [out][in][kernel][kernel]. `index` null: dense, `count` is all of them. */
struct Weights {
  const uint32_t* index;   // ascending positions
  const float* value;
  size_t count;
};

enum class Direction { Forward, InputGradient };

/**
 * What happens to an accumulated output line before it is stored, in this order; every part is optional (null).
 * Forward: value = acc * scale[c] + shift[c] (one fma); value += add; relu keeps value > 0, its bits go to maskOut.
 * InputGradient (c is the input channel): value = acc; value += add; lines keep what maskIn has; value *= scale[c].
 * `add` may be the output itself (accumulate). Masks hold 16 bits a line, indexed like the lines of the output.
 */
struct Epilogue {
  const float* scale = nullptr;
  const float* shift = nullptr;
  const float* const* add = nullptr;       // [block]
  bool relu = false;
  uint16_t* const* maskOut = nullptr;      // [block]
  const uint16_t* const* maskIn = nullptr; // [block]
};

enum class Algorithm { Sparse, Direct, Winograd };

constexpr int kMaximumKernel = 15;   // 15x15, more than any network that we know of

/** How one convolution is computed in one direction. */
struct ConvPlan {
  ConvShape shape;
  Direction direction;
  Algorithm algorithm;
  int channelGroup;   // output channels in registers together (Direct, Winograd), 1 for Sparse
  int channelBlock;   // Sparse: source channels of a block whose part of the input stays in L1

  SR_INLINE const Plane& source() const { return direction == Direction::Forward ? shape.in : shape.out; }
  SR_INLINE const Plane& target() const { return direction == Direction::Forward ? shape.out : shape.in; }
};

/** A pure function of shape, connection count and direction (plan.cc): the same on every machine, never timed. */
ConvPlan planConv(const ConvShape& shape, size_t connections, Direction direction);
ConvPlan planConv(const ConvShape& shape, Direction direction, Algorithm algorithm);   // for tests and benchmarks
bool supports(const ConvShape& shape, Algorithm algorithm);

/** Weights in the kernel's own order; `packed` is 64-byte aligned, and so is `scratch` everywhere. */
size_t packedBytes(const ConvPlan& plan, size_t connections);
size_t packScratchBytes(const ConvPlan& plan, size_t connections);
void packWeights(const ConvPlan& plan, const Weights& weights, void* packed, void* scratch);
size_t scratchBytes(const ConvPlan& plan);   // of one running call
int bandRows(const ConvPlan& plan);          // bands of a multiple of so many rows lose nothing; the whole height: there are none

/** Rows [from, to) of the target: a band of its plane. */
struct Rows {
  int from = 0, to = 1 << 30;
  SR_INLINE int end(int height) const { return to < height ? to : height; }
};

struct ConvCall {
  const ConvPlan* plan;
  const void* packed;
  const float* const* input;    // [blocks] (of the output gradient for InputGradient)
  float* const* output;         // [blocks]
  int blocks;                   // 1 .. kBlocksTogether
  Epilogue epilogue;
  void* scratch;                // scratchBytes
  Rows rows = {};               // a band only of one block, and only as bandRows says
  const uint8_t* wanted = nullptr;   // [target channel] those of 0 may be left out, null: none
};

/** Weight gradient: for output channels [from, to), summed over all blocks of the batch in order; lanes added in one fixed tree. */
struct WeightGradientCall {
  ConvShape shape;
  Algorithm algorithm;               // Direct: at all positions
  const Weights* weights;            // which connections (values unused); index null: all positions
  const float* const* input;         // [blocks] any count
  const float* const* outputGradient;
  int blocks;
  int from, to;                      // output channels
  float* gradient;                   // [count], in the order of the weights; this call writes its channels' part only
  void* scratch;                     // weightGradientScratchBytes
};
/** Also a pure function of shape and connection count. */
Algorithm planWeightGradient(const ConvShape& shape, const Weights& weights);
size_t weightGradientScratchBytes(const ConvShape& shape, Algorithm algorithm);
int weightGradientTask(const ConvShape& shape, Algorithm algorithm, int threads);   // output channels of one call that lose nothing

/** The kernels of one target; every entry gives the same bits on every target. */
struct Kernels {
  const char* target;
  void (*sparseConv)(const ConvCall&);
  void (*directConv)(const ConvCall&);
  void (*winogradConv)(const ConvCall&);
  void (*weightGradient)(const WeightGradientCall&);
};
extern const Kernels kernels_avx512, kernels_avx2, kernels_neon, kernels_portable;   // kernels.cc, once per target

SR_INLINE void runConv(const Kernels& kernels, const ConvCall& call) {
  switch (call.plan->algorithm) {
    case Algorithm::Sparse: return kernels.sparseConv(call);
    case Algorithm::Direct: return kernels.directConv(call);
    case Algorithm::Winograd: return kernels.winogradConv(call);
  }
}

}  // namespace sparse_robust
