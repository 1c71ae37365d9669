// What happens to accumulated lines between register and store (`Epilogue` in kernels.h).
#pragma once
#include "vec.h"

namespace sparse_robust {
namespace SR_TARGET {

/** Where a run of target lines lies: `count` lines, `step` apart, from line `first` of a block. */
struct Place {
  int block, channel;
  size_t first, step;
};

template <int kCount>
SR_INLINE void addLines(const float* other, const Place& at, Vec* acc) {
#pragma GCC unroll 64
  for (int i = 0; i < kCount * kVectorsPerLine; i++) {
    size_t line = at.first + i / kVectorsPerLine * at.step;
    acc[i] = add(acc[i], load(other + line * kLine + i % kVectorsPerLine * kLanes));
  }
}

template <int kCount>
SR_INLINE void rectify(uint16_t* mask, const Place& at, Vec* acc) {
#pragma GCC unroll 64
  for (int t = 0; t < kCount; t++) {
    unsigned bits = 0;
#pragma GCC unroll 4
    for (int v = 0; v < kVectorsPerLine; v++) {
      Vec& value = acc[t * kVectorsPerLine + v];
      if (mask) bits |= positiveBits(value) << v * kLanes;
      value = keepPositive(value);
    }
    if (mask) mask[at.first + t * at.step] = static_cast<uint16_t>(bits);
  }
}

template <int kCount>
SR_INLINE void keepMasked(const uint16_t* mask, const Place& at, Vec* acc) {
#pragma GCC unroll 64
  for (int i = 0; i < kCount * kVectorsPerLine; i++) {
    unsigned bits = mask[at.first + i / kVectorsPerLine * at.step];
    acc[i] = keepBits(bits >> i % kVectorsPerLine * kLanes & ((1u << kLanes) - 1), acc[i]);
  }
}

template <int kCount>
SR_INLINE void storeLines(float* output, const Place& at, const Vec* acc) {
#pragma GCC unroll 64
  for (int i = 0; i < kCount * kVectorsPerLine; i++) {
    size_t line = at.first + i / kVectorsPerLine * at.step;
    store(output + line * kLine + i % kVectorsPerLine * kLanes, acc[i]);
  }
}

template <int kCount>
SR_INLINE void finish(const ConvCall& call, const Place& at, Vec* acc) {
  const Epilogue& e = call.epilogue;
  bool forward = call.plan->direction == Direction::Forward;
  if (forward && (e.scale || e.shift)) {
    Vec scale = set1(e.scale ? e.scale[at.channel] : 1.0f), shift = set1(e.shift ? e.shift[at.channel] : 0.0f);
#pragma GCC unroll 64
    for (int i = 0; i < kCount * kVectorsPerLine; i++) acc[i] = fma(acc[i], scale, shift);
  }
  if (e.add) addLines<kCount>(e.add[at.block], at, acc);
  if (forward && e.relu) {
    if (e.maskOut) rectify<kCount>(e.maskOut[at.block], at, acc);
    else rectify<kCount>(nullptr, at, acc);
  }
  if (!forward && e.maskIn) keepMasked<kCount>(e.maskIn[at.block], at, acc);
  if (!forward && e.scale) {
    Vec scale = set1(e.scale[at.channel]);
#pragma GCC unroll 64
    for (int i = 0; i < kCount * kVectorsPerLine; i++) acc[i] = mul(acc[i], scale);
  }
  storeLines<kCount>(call.output[at.block], at, acc);
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
