// Weights from file order [out][in][kernel][kernel] into the order in which a kernel walks them.
#include <algorithm>
#include <cstring>

#include "packed.h"

namespace sparse_robust {
namespace {

struct Position { int target, source, tap; };

/** A weight's place as the kernel sees it: the input gradient exchanges the channel axes and turns the taps by half a circle. */
Position positionOf(const ConvPlan& plan, size_t index) {
  size_t taps = size_t(plan.shape.kernel) * plan.shape.kernel, inputs = plan.shape.in.channels;
  int out = static_cast<int>(index / (inputs * taps)), in = static_cast<int>(index / taps % inputs);
  int tap = static_cast<int>(index % taps);
  return plan.direction == Direction::Forward ? Position{out, in, tap} : Position{in, out, static_cast<int>(taps) - 1 - tap};
}

size_t denseBytes(const ConvPlan& plan) {
  return size_t(plan.shape.in.channels) * plan.shape.out.channels * plan.shape.kernel * plan.shape.kernel * sizeof(float);
}

size_t indexAt(const Weights& weights, size_t i) { return weights.index ? weights.index[i] : i; }

size_t runOf(const ConvPlan& plan, const Position& at) {
  int taps = plan.shape.kernel * plan.shape.kernel;
  return (size_t(at.source / plan.channelBlock) * plan.target().channels + at.target) * taps + at.tap;
}

/** Counting sort by run. File order has ascending source channels within a run already, in both directions. */
void packSparse(const ConvPlan& plan, const Weights& weights, void* packed) {
  PackedSparse layout = readSparse(plan, packed);
  uint32_t* runs = const_cast<uint32_t*>(layout.runs);
  Connection* connections = const_cast<Connection*>(layout.connections);
  size_t count = sparseRuns(plan), stride = plan.source().stride();
  std::memset(runs, 0, (count + 1) * sizeof(uint32_t));
  for (size_t i = 0; i < weights.count; i++) runs[runOf(plan, positionOf(plan, indexAt(weights, i))) + 1]++;
  for (size_t run = 0; run < count; run++) runs[run + 1] += runs[run];
  for (size_t i = 0; i < weights.count; i++) {
    Position at = positionOf(plan, indexAt(weights, i));
    connections[runs[runOf(plan, at)]++] = {static_cast<uint32_t>(at.source * stride), weights.value[i]};
  }
  std::memmove(runs + 1, runs, count * sizeof(uint32_t));   // each run's end became the next one's start
  runs[0] = 0;
}

/** All weights as [out][in][tap]: the given ones where they are dense, else spread out in `scratch`. */
const float* denseWeights(const ConvPlan& plan, const Weights& weights, void* scratch) {
  if (weights.count * sizeof(float) == denseBytes(plan)) return weights.value;   // all of them, in order
  float* dense = static_cast<float*>(scratch);
  std::memset(dense, 0, denseBytes(plan));
  for (size_t i = 0; i < weights.count; i++) dense[weights.index[i]] = weights.value[i];
  return dense;
}

/** The dense weights of one source channel and tap order as the kernel wants them; channels past the last are zero. */
struct DenseReader {
  const float* dense;
  bool forward;
  int targets, sources, taps;
  float at(int target, int source, int tap) const {
    if (target >= targets) return 0.0f;
    size_t pair = forward ? size_t(target) * sources + source : size_t(source) * targets + target;
    return dense[pair * taps + (forward ? tap : taps - 1 - tap)];
  }
};

DenseReader readerOf(const ConvPlan& plan, const float* dense) {
  return {dense, plan.direction == Direction::Forward, plan.target().channels, plan.source().channels, plan.shape.kernel * plan.shape.kernel};
}

void packDirect(const ConvPlan& plan, const float* dense, float* packed) {
  DenseReader weights = readerOf(plan, dense);
  int group = plan.channelGroup, groups = groupsOf(weights.targets, group);
  bool tapsInside = directTapsInside(plan);
  for (int g = 0; g < groups; g++) {
    float* out = packed + size_t(g) * weights.taps * weights.sources * group;
    for (int source = 0; source < weights.sources; source++) {
      for (int i = 0; i < group; i++) {
        for (int tap = 0; tap < weights.taps; tap++) {
          size_t place = tapsInside ? size_t(source) * weights.taps + tap : size_t(tap) * weights.sources + source;
          out[place * group + i] = weights.at(g * group + i, source, tap);
        }
      }
    }
  }
}

constexpr int kAbreast = 8;   // weights transformed side by side: the group's six, rounded up

/** Three lines into six: the rows of G of F(4x4, 3x3). */
void transformWeights(const float* a, const float* b, const float* c, float out[6][kAbreast]) {
  for (int i = 0; i < kAbreast; i++) {
    float even = a[i] + c[i], wide = a[i] + 4.0f * c[i];
    out[0][i] = a[i] * 0.25f;
    out[1][i] = (even + b[i]) * (-1.0f / 6);
    out[2][i] = (even - b[i]) * (-1.0f / 6);
    out[3][i] = (wide + 2.0f * b[i]) * (1.0f / 24);
    out[4][i] = (wide - 2.0f * b[i]) * (1.0f / 24);
    out[5][i] = c[i];
  }
}

void packWinograd(const ConvPlan& plan, const float* dense, float* packed) {
  DenseReader weights = readerOf(plan, dense);
  int groups = groupsOf(weights.targets, kWinogradGroup);
  for (int group = 0; group < groups; group++) {
    for (int source = 0; source < weights.sources; source++) {
      float taps[9][kAbreast] = {}, columns[3][6][kAbreast], out[6][6][kAbreast];
      for (int i = 0; i < kWinogradGroup; i++) {
        for (int tap = 0; tap < 9; tap++) taps[tap][i] = weights.at(group * kWinogradGroup + i, source, tap);
      }
      for (int x = 0; x < 3; x++) transformWeights(taps[x], taps[3 + x], taps[6 + x], columns[x]);
      for (int y = 0; y < 6; y++) transformWeights(columns[0][y], columns[1][y], columns[2][y], out[y]);
      float* to = packed + (size_t(group) * weights.sources + source) * kWinogradGroup;
      size_t frequency = size_t(groups) * weights.sources * kWinogradGroup;
      for (int f = 0; f < 36; f++) std::memcpy(to + f * frequency, out[f / 6][f % 6], kWinogradGroup * sizeof(float));
    }
  }
}

}  // namespace

size_t packedBytes(const ConvPlan& plan, size_t connections) {
  if (plan.algorithm == Algorithm::Winograd) return aligned(winogradWeights(plan) * sizeof(float));
  if (plan.algorithm == Algorithm::Direct) return aligned(directWeights(plan) * sizeof(float));
  return aligned((sparseRuns(plan) + 1) * sizeof(uint32_t)) + aligned(connections * sizeof(Connection));
}

size_t packScratchBytes(const ConvPlan& plan, size_t connections) {
  bool needed = plan.algorithm != Algorithm::Sparse && connections * sizeof(float) < denseBytes(plan);
  return needed ? aligned(denseBytes(plan)) : 0;
}

void packWeights(const ConvPlan& plan, const Weights& weights, void* packed, void* scratch) {
  switch (plan.algorithm) {
    case Algorithm::Sparse: return packSparse(plan, weights, packed);
    case Algorithm::Direct: return packDirect(plan, denseWeights(plan, weights, scratch), static_cast<float*>(packed));
    case Algorithm::Winograd: return packWinograd(plan, denseWeights(plan, weights, scratch), static_cast<float*>(packed));
  }
}

}  // namespace sparse_robust
