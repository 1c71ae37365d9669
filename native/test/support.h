// What the kernels' test and benchmark share: this build's targets, guarded buffers, blocks of images and seeded numbers.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "../kernels.h"

namespace sparse_robust {

struct Target { const Kernels* kernels; bool supported; };
inline std::vector<Target> targetsOfThisBuild() {
#if defined(__x86_64__)
  return {{&kernels_portable, true},
          {&kernels_avx2, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
          {&kernels_avx512, __builtin_cpu_supports("avx512f") != 0}};
#elif defined(__aarch64__)
  return {{&kernels_portable, true}, {&kernels_neon, true}};
#else
  return {{&kernels_portable, true}};
#endif
}

/** Aligned bytes with a guard on both sides that must come back unchanged. */
class Buffer {
 public:
  explicit Buffer(size_t bytes) : bytes_((bytes + 63) / 64 * 64), memory_(allocate(bytes_ + 2 * kGuard)) {
    std::memset(memory_, kFill, bytes_ + 2 * kGuard);   // as floats: not a number, so that a stray read shows
  }
  ~Buffer() { std::free(memory_); }
  Buffer(Buffer&& other) noexcept : bytes_(other.bytes_), memory_(other.memory_) { other.memory_ = nullptr; }
  Buffer(const Buffer&) = delete;
  template <class T = float> T* as() const { return reinterpret_cast<T*>(memory_ + kGuard); }
  size_t bytes() const { return bytes_; }
  bool intact() const {
    for (size_t i = 0; i < kGuard; i++) {
      if (memory_[i] != kFill || memory_[kGuard + bytes_ + i] != kFill) return false;
    }
    return true;
  }
  static constexpr uint8_t kFill = 0xff;

 private:
  /** Large ones on huge pages where the system has them: in small pages a plane's rows overrun the address cache. */
  static uint8_t* allocate(size_t bytes) {
    constexpr size_t kHugePage = size_t(2) << 20;
    size_t alignment = bytes >= kHugePage ? kHugePage : 64;
    void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
#if defined(__linux__)
    if (alignment == kHugePage) madvise(memory, (bytes + alignment - 1) / alignment * alignment, MADV_HUGEPAGE);
#endif
    return static_cast<uint8_t*>(memory);
  }
  static constexpr size_t kGuard = 256;
  size_t bytes_;
  uint8_t* memory_;
};

class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed * 2654435761u + 88172645463325252u) {}
  double uniform() {
    state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
    return static_cast<double>(state_ >> 11) * 0x1p-53;
  }
  float around() { return static_cast<float>(uniform() * 2 - 1); }

 private:
  uint64_t state_;
};

/** A convolution of odd kernel that keeps the plane (stride 1) or halves it as frameworks do (stride 2), padded as "same". */
inline ConvShape convShape(int in, int out, int height, int width, int kernel, int stride) {
  int pad = (kernel - 1) / 2;
  int outHeight = (height + 2 * pad - kernel) / stride + 1, outWidth = (width + 2 * pad - kernel) / stride + 1;
  return {{in, height, width}, {out, outHeight, outWidth}, kernel, stride, pad, pad};
}

/** Blocks of a plane: numbers in the lines of its channels, not-a-number between them. */
struct Blocks {
  Plane plane;
  std::vector<Buffer> buffers;
  std::vector<float*> pointers;
  Blocks(const Plane& p, int blocks, Numbers* numbers) : plane(p) {
    for (int b = 0; b < blocks; b++) {
      buffers.emplace_back(p.lines() * kLine * sizeof(float));
      pointers.push_back(buffers.back().as());
      for (int c = 0; c < p.channels && numbers; c++) {
        for (int i = 0; i < p.height * p.width * kLine; i++) pointers[b][c * p.stride() * kLine + i] = numbers->around();
      }
    }
  }
  float& at(int image, int channel, int row, int column) {
    size_t line = channel * plane.stride() + size_t(row) * plane.width + column;
    return pointers[image / kLine][line * kLine + image % kLine];
  }
  bool isInside(size_t line) const { return line % plane.stride() < size_t(plane.height) * plane.width; }
  /** Guards unharmed, and the lines between channels as they were. */
  bool intact() const {
    for (size_t b = 0; b < buffers.size(); b++) {
      if (!buffers[b].intact()) return false;
      const uint8_t* bytes = buffers[b].as<uint8_t>();
      for (size_t line = 0; line < plane.lines(); line++) {
        for (size_t i = 0; i < 64 && !isInside(line); i++) if (bytes[line * 64 + i] != Buffer::kFill) return false;
      }
    }
    return true;
  }
};

struct SparseWeights {
  std::vector<uint32_t> index;
  std::vector<float> value;
  bool dense;
  Weights view() const { return {dense ? nullptr : index.data(), value.data(), value.size()}; }
};

/** Each position with probability `density`; density 1 gives the dense form. */
inline SparseWeights randomWeights(const ConvShape& shape, double density, Numbers& numbers) {
  SparseWeights weights{{}, {}, density >= 1};
  size_t size = size_t(shape.in.channels) * shape.out.channels * shape.kernel * shape.kernel;
  double scale = std::sqrt(3.0 / (shape.in.channels * shape.kernel * shape.kernel * density));
  for (size_t i = 0; i < size; i++) {
    if (density < 1 && numbers.uniform() >= density) continue;
    weights.index.push_back(static_cast<uint32_t>(i));
    weights.value.push_back(static_cast<float>(numbers.around() * scale));
  }
  return weights;
}

}  // namespace sparse_robust
