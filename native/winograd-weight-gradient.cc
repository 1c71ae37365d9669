// Weight gradient of a 3x3 convolution that keeps its plane, in Winograd's domain: the input's 6x6 patches and the output gradient's
// 4x4 ones go into frequency space, each of the 36 frequencies sums their products over all patches and images, and what comes back
// are the nine taps: the transpose of F(4x4, 3x3) (Lavin & Gray 2016), 36 products instead of 144.
// The gradient's patches are turned so that output channels lie side by side, and a sum is one lane: over images in order,
// patch by patch, a band's total added to those before it. Loops: at most kMaximumGradientGroups groups of output channels; bands of
// patches; frequencies; input channels; groups. Wall: the products, at 4 times peak; all sums pass through L2 once a band.
#include "transpose.h"
#include "winograd-transform.h"

namespace sparse_robust {
namespace SR_TARGET {
namespace {

/** Where a call keeps patches [frequency][patch][input channel][16 images], turned ones [frequency][group][patch][16][32], sums. */
struct Scratch {
  int inputs, groups;
  float *source, *turned, *sums, *lines;
  SR_INLINE size_t sourceFloats() const { return winogradFrequencyLines(inputs, kGradientPatches) * kLine; }
  SR_INLINE size_t turnedFloats() const { return size_t(groups) * kGradientPatches * kLine * kGradientGroup; }
  SR_INLINE size_t sumFloats() const { return size_t(groups) * inputs * kGradientGroup; }
};

Scratch scratchOf(const WeightGradientCall& call) {
  const ConvShape& s = call.shape;
  Scratch at{s.in.channels, winogradGradientGroups(s), nullptr, nullptr, nullptr, nullptr};
  at.source = static_cast<float*>(call.scratch);
  at.turned = at.source + at.sourceFloats() * kFrequencies;
  at.sums = at.turned + at.turnedFloats() * kFrequencies;
  at.lines = at.sums + at.sumFloats() * kFrequencies;
  return at;
}

/** Four lines into six frequencies: the rows of A. */
SR_INLINE void transformFour(const Vec* y, int step, Vec* out) {
  Vec a = add(y[0], y[2 * step]), b = add(y[step], y[3 * step]);
  Vec c = fma(set1(4.0f), y[2 * step], y[0]), d = fma(set1(4.0f), y[3 * step], y[step]);
  out[0] = y[0];
  out[1] = add(a, b);
  out[2] = sub(a, b);
  out[3] = fma(set1(2.0f), d, c);
  out[4] = negativeFma(set1(2.0f), d, c);
  out[5] = y[3 * step];
}

/** One channel's patch to lines[frequency * 16 lines]; columns from kColumns on and rows from `rows` on are zero. */
template <int kColumns>
SR_INLINE void transformGradient(const float* corner, int width, int rows, float* lines) {
#pragma GCC unroll 4
  for (int v = 0; v < kVectorsPerLine; v++) {
    Vec across[24];
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++) {
      Vec line[4];
      bool inside = r < rows;
#pragma GCC unroll 4
      for (int c = 0; c < 4; c++) line[c] = c < kColumns && inside ? load(corner + (ptrdiff_t(r) * width + c) * kLine + v * kLanes) : zero();
      transformFour(line, 1, across + r * 6);
    }
#pragma GCC unroll 6
    for (int c = 0; c < 6; c++) {
      Vec column[6];
      transformFour(across + c, 6, column);
#pragma GCC unroll 6
      for (int r = 0; r < 6; r++) store(lines + (r * 6 + c) * kLine * kLine + v * kLanes, column[r]);
    }
  }
}

void transformGradientPatch(const float* corner, int width, int rows, int columns, float* lines) {
  switch (columns) {
    case 1: return transformGradient<1>(corner, width, rows, lines);
    case 2: return transformGradient<2>(corner, width, rows, lines);
    case 3: return transformGradient<3>(corner, width, rows, lines);
    default: return transformGradient<4>(corner, width, rows, lines);
  }
}

/** Output channels [from, from + 16) of one patch, turned; those from `to` on are zero. */
void turnGradient(const WeightGradientCall& call, const Grid& grid, const Patch& patch, int from, int to, float* lines, float* out, size_t frequencyFloats) {
  const Plane& plane = call.shape.out;
  int rows = lesser(4, grid.height - patch.row), columns = lesser(4, grid.width - patch.column);
  for (int i = 0; i < kLine; i++) {
    size_t line = size_t(from + i) * plane.stride() + size_t(patch.row) * grid.width + patch.column;
    if (from + i < to) transformGradientPatch(call.outputGradient[patch.block] + line * kLine, grid.width, rows, columns, lines + i * kLine);
    for (int j = 0; j < kFrequencies * kVectorsPerLine && from + i >= to; j++) {
      store(lines + (j / kVectorsPerLine * kLine + i) * kLine + j % kVectorsPerLine * kLanes, zero());
    }
  }
  for (int f = 0; f < kFrequencies; f++) transposeLines(lines + f * kLine * kLine, out + f * frequencyFloats, kGradientGroup);
}

constexpr int kVectors = 2, kRows = kRegisters == 32 ? 12 : 6;   // 24 sums of 32 registers, or 12 of 16

/** kCount input channels times kVectors vectors of output channels over a band, added to what earlier bands gave. */
template <int kCount>
SR_INLINE void addProducts(const float* source, size_t patchFloats, const float* turned, int patches, bool first, float* sums) {
  Vec acc[kCount * kVectors];
#pragma GCC unroll 32
  for (int i = 0; i < kCount * kVectors; i++) acc[i] = zero();
  for (int patch = 0; patch < patches; patch++, source += patchFloats) {
    for (int image = 0; image < kLine; image++, turned += kGradientGroup) {
      Vec g[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; v++) g[v] = load(turned + v * kLanes);
#pragma GCC unroll 12
      for (int r = 0; r < kCount; r++) {
        Vec x = set1(source[r * kLine + image]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; v++) acc[r * kVectors + v] = fma(x, g[v], acc[r * kVectors + v]);
      }
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kCount; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; v++) {
      float* to = sums + r * kGradientGroup + v * kLanes;
      store(to, first ? acc[r * kVectors + v] : add(load(to), acc[r * kVectors + v]));
    }
  }
}

template <int kCount>
void addGroup(const float* source, size_t patchFloats, const float* turned, int patches, bool first, float* sums) {
  for (int v = 0; v < kGradientGroup; v += kVectors * kLanes) addProducts<kCount>(source, patchFloats, turned + v, patches, first, sums + v);
}

void multiplyBand(const Scratch& at, int patches, int groups, bool first) {
  size_t patchFloats = size_t(at.inputs) * kLine;
  for (int f = 0; f < kFrequencies; f++) {
    const float *source = at.source + f * at.sourceFloats(), *turned = at.turned + f * at.turnedFloats();
    float* sums = at.sums + f * at.sumFloats();
    for (int in = 0, count; in < at.inputs; in += count) {
      int left = at.inputs - in;
      count = left >= kRows ? kRows : left >= 4 ? 4 : 1;
      auto add = count == kRows ? addGroup<kRows> : count == 4 ? addGroup<4> : addGroup<1>;
      for (int group = 0; group < groups; group++) {
        add(source + in * kLine, patchFloats, turned + size_t(group) * kGradientPatches * kLine * kGradientGroup, patches, first,
            sums + (size_t(group) * at.inputs + in) * kGradientGroup);
      }
    }
  }
}

/** Six frequencies into three taps: the rows of G^T. */
SR_INLINE void backToTaps(const Vec* u, int step, Vec* out, int outStep) {
  Vec a = add(u[step], u[2 * step]), b = sub(u[2 * step], u[step]), c = add(u[3 * step], u[4 * step]), d = sub(u[3 * step], u[4 * step]);
  Vec sixth = set1(1.0f / 6), twelfth = set1(1.0f / 12);
  out[0] = fma(set1(0.25f), u[0], fma(set1(1.0f / 24), c, mul(set1(-1.0f / 6), a)));
  out[outStep] = fma(sixth, b, mul(twelfth, d));
  out[2 * outStep] = fma(sixth, sub(c, a), u[5 * step]);
}

/** A group's sums over all bands to `gradient` [output channel][input channel][tap], of which `outputs` are wanted. */
void groupToTaps(const Scratch& at, int group, int outputs, float* gradient) {
  alignas(64) float taps[9 * kGradientGroup];
  for (int in = 0; in < at.inputs; in++) {
    const float* sums = at.sums + (size_t(group) * at.inputs + in) * kGradientGroup;
    for (int v = 0; v < kGradientGroup; v += kLanes) {
      Vec rows[18], out[9];
#pragma GCC unroll 6
      for (int c = 0; c < 6; c++) {
        Vec u[6];
#pragma GCC unroll 6
        for (int r = 0; r < 6; r++) u[r] = load(sums + (r * 6 + c) * at.sumFloats() + v);
        backToTaps(u, 1, rows + c, 6);
      }
#pragma GCC unroll 3
      for (int r = 0; r < 3; r++) backToTaps(rows + r * 6, 1, out + r * 3, 1);
#pragma GCC unroll 9
      for (int tap = 0; tap < 9; tap++) store(taps + tap * kGradientGroup + v, out[tap]);
    }
    for (int o = 0; o < outputs; o++)
      for (int tap = 0; tap < 9; tap++) gradient[(size_t(o) * at.inputs + in) * 9 + tap] = taps[tap * kGradientGroup + o];
  }
}

void collectGroup(const WeightGradientCall& call, const Scratch& at, int group, int from, int to) {
  size_t perChannel = size_t(at.inputs) * 9;
  const uint32_t* index = call.weights->index;
  if (!index) return groupToTaps(at, group, to - from, call.gradient + from * perChannel);
  groupToTaps(at, group, to - from, at.source);
  size_t i = firstWeightFrom(*call.weights, from * perChannel);
  for (; i < call.weights->count && index[i] < to * perChannel; i++) call.gradient[i] = at.source[index[i] - from * perChannel];
}

/** Some output channels of a call. */
struct Outputs { int from, to; };

/** Input and output gradient of `patches` patches from `first` on into frequency space. */
void transformBand(const WeightGradientCall& call, const Scratch& at, const Grid& grid, const Outputs& outputs, int first, int patches) {
  for (int i = 0; i < patches; i++) {
    Patch patch = patchAt(grid, first + i);
    transformSource(call.input[patch.block], call.shape.in, grid, patch, 0, at.inputs, at.source + size_t(i) * at.inputs * kLine, at.sourceFloats(), kLine);
    for (int out = 0; out < outputs.to - outputs.from; out += kLine) {
      size_t place = size_t(out / kGradientGroup * kGradientPatches + i) * kLine * kGradientGroup + out % kGradientGroup;
      turnGradient(call, grid, patch, outputs.from + out, outputs.to, at.lines, at.turned + place, at.turnedFloats());
    }
  }
}

}  // namespace

void winogradWeightGradient(const WeightGradientCall& call) {
  Scratch at = scratchOf(call);
  Grid grid = gridOf(call.shape.out);
  int all = grid.perBlock * call.blocks, held = at.groups * kGradientGroup;
  for (int from = call.from; from < call.to; from += held) {
    Outputs outputs{from, lesser(from + held, call.to)};
    int groups = groupsOf(outputs.to - from, kGradientGroup);
    for (int first = 0; first < all; first += kGradientPatches) {
      int patches = lesser(kGradientPatches, all - first);
      transformBand(call, at, grid, outputs, first, patches);
      multiplyBand(at, patches, groups, first == 0);
    }
    for (int group = 0; group < groups; group++) {
      int channel = from + group * kGradientGroup;
      collectGroup(call, at, group, channel, lesser(outputs.to, channel + kGradientGroup));
    }
  }
}

}  // namespace SR_TARGET
}  // namespace sparse_robust
