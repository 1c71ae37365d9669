// Connections at ascending positions with a value and a momentum each, changed in place: from step to step most of them stay.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sparse_robust {

/** A few of them, on their way from one list to another. */
struct Moving {
  std::vector<uint32_t> index;
  std::vector<float> value, momentum;

  size_t size() const { return index.size(); }
  void push(uint32_t position, float v, float a) { index.push_back(position), value.push_back(v), momentum.push_back(a); }
};

/** The three arrays of a list. */
struct Entries {
  std::vector<uint32_t>& index;
  std::vector<float>&value, &momentum;

  size_t size() const { return index.size(); }
  void resize(size_t count) { index.resize(count), value.resize(count), momentum.resize(count); }

  /** Stays, at a place not behind its own. */
  void keep(size_t to, size_t from) { index[to] = index[from], value[to] = value[from], momentum[to] = momentum[from]; }

  /** Puts `more` between them, from the last on: what stands between two moves at once. No position is in both. */
  void insert(const Moving& more) {
    size_t end = size();
    resize(end + more.size());
    for (size_t i = more.size(); i-- > 0;) {
      const size_t from = std::lower_bound(index.begin(), index.begin() + end, more.index[i]) - index.begin();
      const auto shift = [&](auto& all) { std::move_backward(all.begin() + from, all.begin() + end, all.begin() + end + i + 1); };
      shift(index), shift(value), shift(momentum);
      index[from + i] = more.index[i], value[from + i] = more.value[i], momentum[from + i] = more.momentum[i];
      end = from;
    }
  }
};

}  // namespace sparse_robust
