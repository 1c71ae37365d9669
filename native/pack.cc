// Weights from file order [out][in][kernel][kernel] into the order in which a kernel walks them.
#include <algorithm>
#include <cstring>

#include "packed.h"

namespace sparse_robust {
namespace {

struct Position { int target, source, tap; };

/** A weight's place as seen by the kernel: the input gradient exchanges the two channel axes. */
Position positionOf(const ConvPlan& plan, size_t index) {
  size_t taps = size_t(plan.shape.kernel) * plan.shape.kernel, inputs = plan.shape.in.channels;
  int out = static_cast<int>(index / (inputs * taps)), in = static_cast<int>(index / taps % inputs);
  int tap = static_cast<int>(index % taps);
  return plan.direction == Direction::Forward ? Position{out, in, tap} : Position{in, out, tap};
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

}  // namespace

size_t packedBytes(const ConvPlan& plan, size_t connections) {
  return aligned((sparseRuns(plan) + 1) * sizeof(uint32_t)) + aligned(connections * sizeof(Connection));
}

size_t packScratchBytes(const ConvPlan&, size_t) { return 0; }

void packWeights(const ConvPlan& plan, const Weights& weights, void* packed, void*) {
  packSparse(plan, weights, packed);
}

}  // namespace sparse_robust
