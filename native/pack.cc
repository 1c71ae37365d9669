// Weights from file order [out][in][kernel][kernel] into the order in which a kernel walks them.
#include <algorithm>
#include <cstring>
#include <vector>

#include "packed.h"

namespace sparse_robust {
namespace {

size_t denseBytes(const ConvPlan& plan) {
  return size_t(plan.shape.in.channels) * plan.shape.out.channels * plan.shape.kernel * plan.shape.kernel * sizeof(float);
}

/** A connection's run and line: a part of its source channel plus one of its target channel and its tap. */
struct Places {
  std::vector<uint32_t> sourceRun, sourceLine;
  uint32_t tapRun[kMaximumKernel * kMaximumKernel], tapLine[kMaximumKernel * kMaximumKernel];
  uint32_t runsOfTarget;
};

/** The input gradient exchanges the channel axes and turns the taps by half a circle. */
Places placesOf(const ConvPlan& plan) {
  const Plane& source = plan.source();
  int kernel = plan.shape.kernel, taps = kernel * kernel;
  bool kept = keepsPlane3x3(plan.shape), tiles = inTiles(plan);
  Places places{{}, {}, {}, {}, static_cast<uint32_t>(sparseRunsOfTarget(plan))};
  for (int channel = 0; channel < source.channels; channel++) {
    int block = channel / plan.channelBlock, copied = channel % plan.channelBlock * kTileSourceLines;
    places.sourceRun.push_back(static_cast<uint32_t>(block) * plan.target().channels * places.runsOfTarget);
    places.sourceLine.push_back(static_cast<uint32_t>(tiles ? copied : channel * source.stride()));
  }
  for (int i = 0; i < taps; i++) {
    int tap = plan.direction == Direction::Forward ? i : taps - 1 - i, row = tap / kernel, column = tap % kernel;
    places.tapRun[i] = tiles ? 0 : kept ? column * 3 + row : tap;
    places.tapLine[i] = tiles ? row * kTilePitch + column : kept ? row * source.width : 0;
  }
  return places;
}

/** visit(run, line, which) for all connections in the file's order, which needs no division but by the taps. */
template <class Visit>
void forEachConnection(const ConvPlan& plan, const Weights& weights, const Places& places, const Visit& visit) {
  uint32_t taps = plan.shape.kernel * plan.shape.kernel, inputs = plan.shape.in.channels, out = 0, first = 0;
  bool forward = plan.direction == Direction::Forward;
  for (size_t i = 0; i < weights.count; i++) {
    uint32_t index = weights.index ? weights.index[i] : static_cast<uint32_t>(i);
    uint32_t pair = taps == 9 ? index / 9 : index / taps, tap = index - pair * taps;
    for (; pair - first >= inputs; first += inputs) out++;
    uint32_t in = pair - first, source = forward ? in : out, target = forward ? out : in;
    visit(places.sourceRun[source] + target * places.runsOfTarget + places.tapRun[tap], places.sourceLine[source] + places.tapLine[tap], i);
  }
}

/** Counting sort by run. Within a run the order is the file's: ascending source channels in both directions. */
void packSparse(const ConvPlan& plan, const Weights& weights, void* packed) {
  PackedSparse layout = readSparse(plan, packed);
  uint32_t* runs = const_cast<uint32_t*>(layout.runs);
  Connection* connections = const_cast<Connection*>(layout.connections);
  Places places = placesOf(plan);
  size_t count = sparseRuns(plan);
  std::memset(runs, 0, (count + 1) * sizeof(uint32_t));
  forEachConnection(plan, weights, places, [&](uint32_t run, uint32_t, size_t) { runs[run + 1]++; });
  for (size_t run = 0; run < count; run++) runs[run + 1] += runs[run];
  forEachConnection(plan, weights, places, [&](uint32_t run, uint32_t line, size_t i) { connections[runs[run]++] = {line, weights.value[i]}; });
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
    int first = group / kWinogradGroupsAtOnce * kWinogradGroupsAtOnce, together = lesser(kWinogradGroupsAtOnce, groups - first);
    for (int source = 0; source < weights.sources; source++) {
      float taps[9][kAbreast] = {}, columns[3][6][kAbreast], out[6][6][kAbreast];
      for (int i = 0; i < kWinogradGroup; i++) {
        for (int tap = 0; tap < 9; tap++) taps[tap][i] = weights.at(group * kWinogradGroup + i, source, tap);
      }
      for (int x = 0; x < 3; x++) transformWeights(taps[x], taps[3 + x], taps[6 + x], columns[x]);
      for (int y = 0; y < 6; y++) transformWeights(columns[0][y], columns[1][y], columns[2][y], out[y]);
      float* to = packed + winogradGroupsAt(plan, first) + (size_t(group - first) * weights.sources + source) * kWinogradGroup;
      size_t frequency = size_t(together) * weights.sources * kWinogradGroup;
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
