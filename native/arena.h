// Memory for activations: aligned buffers, a pool that keeps them between passes, and places for values that do not live at
// the same time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace sparse_robust {

/** 64-byte aligned bytes with undefined content. Throws std::bad_alloc. */
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes);
  Buffer(Buffer&& other) noexcept : data_(std::move(other.data_)), bytes_(std::exchange(other.bytes_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }

  /** Grows to at least `bytes`; the content is lost if it does. */
  void reserve(size_t bytes);

  size_t bytes() const { return bytes_; }
  char* data() const { return data_.get(); }
  float* floats() const { return reinterpret_cast<float*>(data_.get()); }
  uint16_t* masks() const { return reinterpret_cast<uint16_t*>(data_.get()); }

 private:
  struct Free { void operator()(char* data) const; };
  std::unique_ptr<char, Free> data_;
  size_t bytes_ = 0;
};

/** Buffers that go back when they are no longer needed, so that a step of training does not ask the system for pages again. */
class BufferPool {
 public:
  /** The smallest free buffer that holds `bytes`, or a new one. */
  Buffer take(size_t bytes);
  void give(Buffer&& buffer);
  size_t bytes() const { return bytes_; }

 private:
  std::vector<Buffer> free_;
  size_t bytes_ = 0;   // of all buffers, also those taken
};

/** A value lives from `birth` to `death`, both included; one of 0 bytes gets no place. */
struct Lifetime {
  size_t bytes;
  int birth, death;
};

struct Places {
  std::vector<size_t> offset;
  size_t total = 0;
};

/** Offsets, multiples of 64, such that values that live at one time do not overlap; the largest are placed first. */
Places placeAll(const std::vector<Lifetime>& lifetimes);

inline size_t alignedBytes(size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace sparse_robust
