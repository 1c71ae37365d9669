// The optimiser: momentum of every parameter, and connections that die, come back and are exchanged.
#pragma once
#include <string>
#include <vector>

#include "step-runner.h"

namespace sparse_robust {

enum class WeightRule { Dense, Masked, Mortal };

struct NoiseOptions {
  bool wanted = false;
  float deviation = 0;
  uint64_t seed = 0;
  uint32_t step = 0;
};

/** eta, mu and lambda are rounded to float32 by their type. */
struct StepOptions {
  bool decoupled;   // "sgdw", else "sgd"
  float rate, inertia, decay;
  bool onlyNorms;
  float pull;       // taken from theta of mortal connections
  NoiseOptions noise;
};

/** Gradients since the last step; the kernel's in connection order, or of every position. */
struct Collected {
  std::vector<float> sums;
  bool clean = true;   // nothing was added yet: zeros

  /** Zeros, `count` of them; they are not written again where they are there. */
  void clear(size_t count) {
    if (!clean) sums.clear();
    sums.resize(count);
    clean = true;
  }
};

/** Dormant connections whose momentum may still lift them, at ascending positions. */
struct RecentlyDead {
  std::vector<uint32_t> index;
  std::vector<float> value;      // sign * theta with theta <= 0, so the sign is the opposite of the value's, of a zero too
  std::vector<float> momentum;   // of w = sign * theta, like that of connections
};

struct Reconnection {
  const uint32_t *drop, *grow;
  const float* values;
  size_t dropped, grown;
  bool resetMomentum;
};

/** What training knows of a kernel beyond its weights. */
struct KernelState {
  WeightRule rule = WeightRule::Dense;
  bool full = false;             // gradient of every position
  std::vector<float> momentum, biasMomentum;
  Collected gradient, biasGradient;
  RecentlyDead dead;
};

struct NormState {
  std::vector<float> gammaMomentum, betaMomentum;
  Collected gammaGradient, betaGradient;
};

/** One entry: v <- v - lambda v, a <- mu a - eta g, v <- v + a; or g <- g + lambda v, a <- mu a + g, v <- v - eta a. */
inline void updateEntry(float& value, float& momentum, float gradient, const StepOptions& options) {
  if (options.decoupled) {
    const float decayed = value - options.decay * value;
    momentum = options.inertia * momentum - options.rate * gradient;
    value = decayed + momentum;
  } else {
    momentum = options.inertia * momentum + (gradient + options.decay * value);
    value = value - options.rate * momentum;
  }
}

/** Ordinary parameters, also the connections of a fixed mask; `index` picks the gradient of every position (null: in order). */
void updateOrdinary(std::vector<float>& values, std::vector<float>& momentum, const std::vector<float>& gradient,
                    const uint32_t* index, const StepOptions& options, int threads);

/** w = sign * max(0, theta) with its pull and noise, deaths and returns; `layer` counts weight layers. */
void updateMortal(Kernel& kernel, KernelState& state, const StepOptions& options, uint32_t layer, const Machine& machine);

/** Throws std::out_of_range, before anything changes, where a position is out of order or not as it must be. */
void reconnect(Kernel& kernel, KernelState& state, const Reconnection& change);

}  // namespace sparse_robust
