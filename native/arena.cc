// Buffers and the placing of values in an arena.
#include "arena.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <numeric>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace sparse_robust {
namespace {

/** Kernels walk through planes in all channels at once; with small pages each plane is another entry of the processor's table. */
constexpr size_t kHugePage = size_t(2) << 20;

/** Asks the system for huge pages where a buffer has some; it may decline. */
void preferHugePages(void* data, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  madvise(data, bytes, MADV_HUGEPAGE);
#else
  (void)data, (void)bytes;
#endif
}

}  // namespace

void Buffer::Free::operator()(char* data) const { std::free(data); }

Buffer::Buffer(size_t bytes) : bytes_(alignedBytes(bytes)) {
  if (bytes_ == 0) return;
  void* data = nullptr;
  const bool huge = bytes_ >= kHugePage;
  if (posix_memalign(&data, huge ? kHugePage : 64, bytes_) != 0) throw std::bad_alloc();
  if (huge) preferHugePages(data, bytes_);
  data_.reset(static_cast<char*>(data));
}

void Buffer::reserve(size_t bytes) {
  if (bytes <= bytes_) return;
  *this = Buffer();
  *this = Buffer(bytes);
}

Buffer BufferPool::take(size_t bytes) {
  auto best = free_.end();
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    if (it->bytes() >= bytes && (best == free_.end() || it->bytes() < best->bytes())) best = it;
  }
  if (best == free_.end()) {
    bytes_ += alignedBytes(bytes);
    return Buffer(bytes);
  }
  Buffer taken = std::move(*best);
  free_.erase(best);
  return taken;
}

void BufferPool::give(Buffer&& buffer) {
  if (buffer.bytes() > 0) free_.push_back(std::move(buffer));
}

namespace {

struct Placed { size_t from, to; int birth, death; };

size_t firstFit(std::vector<Placed>& placed, const Lifetime& value) {
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) { return a.from < b.from; });
  size_t offset = 0;
  for (const Placed& other : placed) {
    if (other.death < value.birth || other.birth > value.death) continue;
    if (other.from >= offset + alignedBytes(value.bytes)) break;
    offset = std::max(offset, other.to);
  }
  return offset;
}

}  // namespace

Places placeAll(const std::vector<Lifetime>& lifetimes) {
  Places places;
  places.offset.assign(lifetimes.size(), 0);
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  std::vector<Placed> placed;
  for (size_t i : order) {
    const Lifetime& value = lifetimes[i];
    if (value.bytes == 0) continue;
    places.offset[i] = firstFit(placed, value);
    placed.push_back({places.offset[i], places.offset[i] + alignedBytes(value.bytes), value.birth, value.death});
    places.total = std::max(places.total, placed.back().to);
  }
  return places;
}

}  // namespace sparse_robust
