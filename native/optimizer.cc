// Every product, sum and difference is rounded to float32 (this file, like all, is compiled without contraction), as
// src/training/sgdw.ts defines it.
#include "optimizer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "entries.h"
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

Entries connectionsOf(Kernel& kernel, KernelState& state) { return {kernel.index, kernel.value, state.momentum}; }

Entries deadOf(KernelState& state) { return {state.dead.index, state.dead.value, state.dead.momentum}; }

/** Entries whose noise and gradients stay in L1. */
constexpr size_t kPiece = 1024;

/** Of a stretch of connections or of the recently dead: what a step changes, and a mark where one crossed 0. */
struct Piece {
  float *value, *momentum;
  uint8_t* crossed;
  size_t count;
};

/**
 * In terms of theta = sign * w; afterwards `value` and `momentum` are again those of w, with theta <= 0 where it is dead: a dead theta
 * of either zero is written so that the sign can be told, -0 for +1, +0 for -1. The options come by value, and nothing branches, so
 * that the loop becomes one of vectors. The dead have neither gradient nor pull nor noise.
 */
template <bool kDead, bool kDecoupled>
void movePiece(const Piece piece, const float* gradient, const float* noise, StepOptions options) {
  options.decoupled = kDecoupled;
  for (size_t i = 0; i < piece.count; i++) {
    const float value = piece.value[i], sign = (kDead ? std::signbit(value) : !(value < 0)) ? 1.0f : -1.0f;
    float theta = sign * value, momentum = sign * piece.momentum[i];
    updateEntry(theta, momentum, kDead ? 0.0f : sign * gradient[i], options);
    if (!kDead) theta = theta - options.pull + options.noise.deviation * noise[i];
    piece.value[i] = sign * (theta > 0 ? theta : -std::fabs(theta));
    piece.momentum[i] = sign * momentum;
    piece.crossed[i] = (theta > 0) == kDead;
  }
}

/** Moves the connections [from, to) of weight layer `layer` and marks those that died. */
void moveConnections(Kernel& kernel, KernelState& state, const StepOptions& options, uint32_t layer, const Passes& passes, uint8_t* crossed,
                     size_t from, size_t to) {
  float noise[kPiece] = {}, picked[kPiece];
  const uint64_t seed = options.noise.seed;
  for (; from < to; from += kPiece) {
    const size_t count = std::min(kPiece, to - from);
    const uint32_t* index = kernel.index.data() + from;
    const NormalsCall call{{uint32_t(seed), uint32_t(seed >> 32), kNoisePurpose, uint32_t(options.noise.step)}, layer, index, count, noise};
    if (options.noise.wanted) passes.normals(call);
    const float* gradient = state.gradient.sums.data() + from;
    if (state.full) {
      for (size_t i = 0; i < count; i++) picked[i] = state.gradient.sums[index[i]];
      gradient = picked;
    }
    const auto move = options.decoupled ? movePiece<false, true> : movePiece<false, false>;
    move({kernel.value.data() + from, state.momentum.data() + from, crossed + from, count}, gradient, noise, options);
  }
}

/** Moves the dead of earlier steps [from, to) and marks those that came back. */
void moveDead(RecentlyDead& dead, const StepOptions& options, uint8_t* crossed, size_t from, size_t to) {
  const auto move = options.decoupled ? movePiece<true, true> : movePiece<true, false>;
  move({dead.value.data() + from, dead.momentum.data() + from, crossed + from, to - from}, nullptr, nullptr, options);
}

bool isForgotten(float momentum) { return std::fabs(double(momentum)) < kForgottenMomentum; }

/** Takes away those that crossed 0, and whatever is then dormant and forgotten; gives the others that crossed. */
template <bool kDead>
Moving takeCrossed(Entries all, const std::vector<uint8_t>& crossed) {
  Moving taken;
  size_t kept = 0;
  for (size_t i = 0; i < all.size(); i++) {
    const bool isDormant = crossed[i] ? !kDead : kDead;
    if (isDormant && isForgotten(all.momentum[i])) continue;
    if (crossed[i]) taken.push(all.index[i], all.value[i], all.momentum[i]);
    else all.keep(kept++, i);
  }
  all.resize(kept);
  return taken;
}

/** Leaves those that are not at the ascending positions of `drop`. */
void removeAll(Entries all, const uint32_t* drop, size_t dropped) {
  size_t kept = 0, next = 0;
  for (size_t i = 0; i < all.size(); i++) {
    while (next < dropped && drop[next] < all.index[i]) next++;
    if (next == dropped || drop[next] != all.index[i]) all.keep(kept++, i);
  }
  all.resize(kept);
}

/** What grows is dead no more: its momentum goes with it, unless that is to be forgotten. */
void takeGrown(Entries dead, Moving& grown, bool resetMomentum) {
  size_t still = 0, next = 0;
  for (size_t i = 0; i < dead.size(); i++) {
    while (next < grown.size() && grown.index[next] < dead.index[i]) next++;
    if (next == grown.size() || grown.index[next] != dead.index[i]) dead.keep(still++, i);
    else if (!resetMomentum) grown.momentum[next] = dead.momentum[i];
  }
  dead.resize(still);
}

void requireAscending(const uint32_t* positions, size_t count, size_t size, const char* what) {
  for (size_t i = 0; i < count; i++) {
    if (positions[i] >= size || (i > 0 && positions[i] <= positions[i - 1])) {
      throw std::out_of_range(std::string(what) + ": positions must ascend and be below " + std::to_string(size));
    }
  }
}

void requireConnected(const Kernel& kernel, const uint32_t* positions, size_t count, bool connected) {
  auto at = kernel.index.begin();
  for (size_t i = 0; i < count; i++) {
    at = std::lower_bound(at, kernel.index.end(), positions[i]);
    if ((at != kernel.index.end() && *at == positions[i]) == connected) continue;
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
  std::vector<uint8_t> died(kernel.value.size()), revived(state.dead.value.size());
  eachStretch(died.size(), machine.threads, [&](size_t from, size_t to) {
    moveConnections(kernel, state, options, layer, *machine.target->passes, died.data(), from, to);
  });
  eachStretch(revived.size(), machine.threads, [&](size_t from, size_t to) { moveDead(state.dead, options, revived.data(), from, to); });
  Entries connections = connectionsOf(kernel, state), dead = deadOf(state);
  const Moving away = takeCrossed<false>(connections, died), back = takeCrossed<true>(dead, revived);
  connections.insert(back);
  dead.insert(away);
  kernel.stale = true;
}

void reconnect(Kernel& kernel, KernelState& state, const Reconnection& change) {
  requireAscending(change.drop, change.dropped, kernel.size, "drop");
  requireAscending(change.grow, change.grown, kernel.size, "grow");
  requireConnected(kernel, change.drop, change.dropped, true);
  requireConnected(kernel, change.grow, change.grown, false);
  requireValues(change, state.rule);
  Moving grown;
  for (size_t i = 0; i < change.grown; i++) grown.push(change.grow[i], change.values[i], 0);
  takeGrown(deadOf(state), grown, change.resetMomentum);
  if (change.dropped > 0) removeAll(connectionsOf(kernel, state), change.drop, change.dropped);
  connectionsOf(kernel, state).insert(grown);
  kernel.stale = true;
}

}  // namespace sparse_robust
