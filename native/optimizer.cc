// Every product, sum and difference is rounded to float32 (this file, like all, is compiled without contraction), as
// src/training/sgdw.ts defines it.
#include "optimizer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "random.h"
#include "threads.h"

namespace sparse_robust {
namespace {

/** A dormant connection with less momentum than this is forgotten. */
constexpr double kForgottenMomentum = 1e-12;

/** Entries of one task: enough to be worth waking a thread. */
constexpr size_t kTaskEntries = 1 << 15;

template <typename Body>
void eachStretch(size_t count, int threads, const Body& body) {
  parallel(threads, (count + kTaskEntries - 1) / kTaskEntries, [&](size_t task, int) {
    body(task * kTaskEntries, std::min(count, (task + 1) * kTaskEntries));
  });
}

struct Connections {
  std::vector<uint32_t> index;
  std::vector<float> value, momentum;

  void push(uint32_t position, float v, float a) {
    index.push_back(position);
    value.push_back(v);
    momentum.push_back(a);
  }

  void reserve(size_t count) { index.reserve(count), value.reserve(count), momentum.reserve(count); }

  void append(const Connections& other, size_t from, size_t to) {
    const auto part = [from, to](auto& all, const auto& more) { all.insert(all.end(), more.begin() + from, more.begin() + to); };
    part(index, other.index), part(value, other.value), part(momentum, other.momentum);
  }
};

/** Both in ascending order, without a position in common; many of `a` stand between two of `b`, and are copied at once. */
Connections merged(Connections a, const Connections& b) {
  if (b.index.empty()) return a;
  Connections all;
  all.reserve(a.index.size() + b.index.size());
  size_t from = 0;
  for (size_t i = 0; i < b.index.size(); i++) {
    size_t to = from;
    while (to < a.index.size() && a.index[to] < b.index[i]) to++;
    all.append(a, from, to);
    all.push(b.index[i], b.value[i], b.momentum[i]);
    from = to;
  }
  all.append(a, from, a.index.size());
  return all;
}

/** All but those at the ascending positions from `drop` to `end`. */
Connections without(const Connections& all, const uint32_t* drop, const uint32_t* end) {
  Connections kept;
  for (size_t i = 0; i < all.index.size(); i++)
    if (!std::binary_search(drop, end, all.index[i])) kept.push(all.index[i], all.value[i], all.momentum[i]);
  return kept;
}

void putConnections(Kernel& kernel, KernelState& state, Connections&& all) {
  kernel.index = std::move(all.index), kernel.value = std::move(all.value), state.momentum = std::move(all.momentum);
  kernel.stale = true;
}

void putDead(KernelState& state, Connections&& all) {
  state.dead = {std::move(all.index), std::move(all.value), std::move(all.momentum)};
}

/** In terms of theta = sign * w; afterwards `value` and `momentum` are again those of w, with theta <= 0 where it died. */
void moveConnections(Kernel& kernel, KernelState& state, const StepOptions& options, const float* noise, size_t from, size_t to) {
  const std::vector<float>& gradient = state.gradient.sums;
  for (size_t i = from; i < to; i++) {
    const float sign = kernel.value[i] < 0 ? -1.0f : 1.0f;
    float theta = sign * kernel.value[i], momentum = sign * state.momentum[i];
    updateEntry(theta, momentum, sign * gradient[state.full ? kernel.index[i] : i], options);
    theta = theta - options.pull;
    if (options.noise.wanted) theta = theta + options.noise.deviation * noise[i - from];
    const bool dormant = !(theta > 0);
    // A dead theta of either zero is written so that the sign can be told: -0 for +1, +0 for -1.
    kernel.value[i] = dormant && theta == 0 ? -sign * 0.0f : sign * theta;
    state.momentum[i] = sign * momentum;
  }
}

/** The same in pieces whose noise stays in L1. */
void moveWithNoise(Kernel& kernel, KernelState& state, const StepOptions& options, uint32_t layer, const Passes& passes, size_t from, size_t to) {
  constexpr size_t kPiece = 1024;
  float noise[kPiece];
  const uint64_t seed = options.noise.seed;
  for (; from < to; from += kPiece) {
    const size_t end = std::min(to, from + kPiece);
    const NormalsCall call{{uint32_t(seed), uint32_t(seed >> 32), kNoisePurpose, uint32_t(options.noise.step)}, layer, kernel.index.data() + from, end - from, noise};
    if (options.noise.wanted) passes.normals(call);
    moveConnections(kernel, state, options, noise, from, end);
  }
}

float signOfDead(float value) { return std::signbit(value) ? 1.0f : -1.0f; }

bool isForgotten(float momentum) { return std::fabs(double(momentum)) < kForgottenMomentum; }

/** The dead of earlier steps: those that come back go to `revived`, the others that are still moving to `still`. */
void moveDead(const RecentlyDead& dead, const StepOptions& options, Connections& revived, Connections& still) {
  for (size_t i = 0; i < dead.index.size(); i++) {
    const float sign = signOfDead(dead.value[i]);
    float theta = sign * dead.value[i], momentum = sign * dead.momentum[i];
    updateEntry(theta, momentum, 0.0f, options);
    if (theta > 0) revived.push(dead.index[i], sign * theta, sign * momentum);
    else if (!isForgotten(momentum)) still.push(dead.index[i], theta == 0 ? -sign * 0.0f : sign * theta, sign * momentum);
  }
}

void requireAscending(const uint32_t* positions, size_t count, size_t size, const char* what) {
  for (size_t i = 0; i < count; i++) {
    if (positions[i] >= size || (i > 0 && positions[i] <= positions[i - 1])) {
      throw std::out_of_range(std::string(what) + ": positions must ascend and be below " + std::to_string(size));
    }
  }
}

void requireConnected(const Kernel& kernel, const uint32_t* positions, size_t count, bool connected) {
  for (size_t i = 0; i < count; i++) {
    if (std::binary_search(kernel.index.begin(), kernel.index.end(), positions[i]) == connected) continue;
    throw std::out_of_range(connected ? "drop: position " + std::to_string(positions[i]) + " is not connected"
                                      : "grow: position " + std::to_string(positions[i]) + " is connected already");
  }
}

void requireValues(const Reconnection& change, WeightRule rule) {
  for (size_t i = 0; i < change.grown; i++) {
    if (!std::isfinite(change.values[i])) throw std::out_of_range("values: every value must be finite");
    if (rule == WeightRule::Mortal && change.values[i] == 0) throw std::out_of_range("values: a grown connection must not be 0");
  }
}

}  // namespace

void updateOrdinary(std::vector<float>& values, std::vector<float>& momentum, const std::vector<float>& gradient,
                    const uint32_t* index, const StepOptions& options, int threads) {
  eachStretch(values.size(), threads, [&](size_t from, size_t to) {
    for (size_t i = from; i < to; i++) updateEntry(values[i], momentum[i], gradient[index ? index[i] : i], options);
  });
}

void updateMortal(Kernel& kernel, KernelState& state, const StepOptions& options, uint32_t layer, const Machine& machine) {
  std::vector<uint8_t> negative(kernel.value.size());
  for (size_t i = 0; i < negative.size(); i++) negative[i] = kernel.value[i] < 0;
  eachStretch(kernel.value.size(), machine.threads, [&](size_t from, size_t to) {
    moveWithNoise(kernel, state, options, layer, *machine.target->passes, from, to);
  });
  Connections alive, died, revived, still;
  alive.reserve(kernel.value.size());
  for (size_t i = 0; i < kernel.value.size(); i++) {
    const float theta = negative[i] ? -kernel.value[i] : kernel.value[i];
    if (theta > 0) alive.push(kernel.index[i], kernel.value[i], state.momentum[i]);
    else if (!isForgotten(state.momentum[i])) died.push(kernel.index[i], kernel.value[i], state.momentum[i]);
  }
  moveDead(state.dead, options, revived, still);
  putConnections(kernel, state, merged(std::move(alive), revived));
  putDead(state, merged(std::move(still), died));
}

void reconnect(Kernel& kernel, KernelState& state, const Reconnection& change) {
  requireAscending(change.drop, change.dropped, kernel.size, "drop");
  requireAscending(change.grow, change.grown, kernel.size, "grow");
  requireConnected(kernel, change.drop, change.dropped, true);
  requireConnected(kernel, change.grow, change.grown, false);
  requireValues(change, state.rule);
  Connections grown, still;
  Connections kept = {std::move(kernel.index), std::move(kernel.value), std::move(state.momentum)};
  if (change.dropped > 0) kept = without(kept, change.drop, change.drop + change.dropped);
  for (size_t i = 0; i < change.grown; i++) grown.push(change.grow[i], change.values[i], 0);
  for (size_t i = 0; i < state.dead.index.size(); i++) {
    const uint32_t position = state.dead.index[i];
    const auto at = std::lower_bound(grown.index.begin(), grown.index.end(), position);
    if (at == grown.index.end() || *at != position) still.push(position, state.dead.value[i], state.dead.momentum[i]);
    else if (!change.resetMomentum) grown.momentum[at - grown.index.begin()] = state.dead.momentum[i];
  }
  putConnections(kernel, state, merged(std::move(kept), grown));
  putDead(state, std::move(still));
}

}  // namespace sparse_robust
