// Every kernel on every target that this machine has, at odd shapes: against a plain loop in double, the targets against
// each other by bits, blocks together against blocks alone by bits, and guards around all buffers.
#include "../packed.h"
#include "support.h"

namespace sparse_robust {
namespace {

int passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
  ok ? passed++ : failed++;
  if (!ok) std::printf("FAILED %s\n", what.c_str());
}

struct Case { ConvShape shape; double density; int blocks; };

const char* nameOf(Algorithm a) { return a == Algorithm::Sparse ? "sparse" : a == Algorithm::Direct ? "direct" : "winograd"; }

std::string describe(const Case& c, const char* what, const char* target) {
  char text[256];
  const ConvShape& s = c.shape;
  std::snprintf(text, sizeof text, "%s %s: %dx%d, %d -> %d channels, %dx%d -> %dx%d, stride %d, density %g, %d blocks", what, target,
                s.kernel, s.kernel, s.in.channels, s.out.channels, s.in.height, s.in.width, s.out.height, s.out.width, s.stride,
                c.density, c.blocks);
  return text;
}

/** Visits every product of a convolution: (weight index, input channel, row, column, output channel, row, column). */
template <class Visit>
void forEachProduct(const ConvShape& s, size_t index, const Visit& visit) {
  int x = index % s.kernel, y = index / s.kernel % s.kernel, taps = s.kernel * s.kernel;
  int in = index / taps % s.in.channels, out = index / taps / s.in.channels;
  for (int row = 0; row < s.out.height; row++) {
    for (int column = 0; column < s.out.width; column++) {
      int inRow = row * s.stride - s.padTop + y, inColumn = column * s.stride - s.padLeft + x;
      bool inside = inRow >= 0 && inRow < s.in.height && inColumn >= 0 && inColumn < s.in.width;
      if (inside) visit(in, inRow, inColumn, out, row, column);
    }
  }
}

struct Reference {
  std::vector<double> value, size;   // sums, and sums of absolute values for the tolerance
};

size_t flat(const Plane& p, int image, int channel, int row, int column) {
  return ((size_t(image) * p.channels + channel) * p.height + row) * p.width + column;
}

Reference convolve(const ConvShape& s, Direction direction, const SparseWeights& weights, Blocks& source, int images) {
  bool forward = direction == Direction::Forward;
  const Plane& target = forward ? s.out : s.in;
  size_t size = size_t(images) * target.channels * target.height * target.width;
  Reference result{std::vector<double>(size), std::vector<double>(size)};
  for (size_t i = 0; i < weights.index.size(); i++) {
    forEachProduct(s, weights.index[i], [&](int in, int y, int x, int out, int row, int column) {
      for (int image = 0; image < images; image++) {
        double from = forward ? source.at(image, in, y, x) : source.at(image, out, row, column);
        size_t to = forward ? flat(target, image, out, row, column) : flat(target, image, in, y, x);
        result.value[to] += weights.value[i] * from, result.size[to] += std::fabs(weights.value[i] * from);
      }
    });
  }
  return result;
}

/** One set of optional parts of the epilogue, with its arrays. */
struct Finish {
  bool scale, shift, add, accumulate, relu, mask;
};
const Finish kFinishes[] = {{false, false, false, false, false, false}, {true, true, true, false, true, true},
                            {false, true, false, true, true, false},    {true, false, true, false, false, true},
                            {false, false, false, true, false, true}};

struct Run {
  Blocks output;
  std::vector<std::vector<uint16_t>> masks;
};

struct Inputs {
  Blocks& source;
  Blocks& add;                                  // also what the output holds when it accumulates
  std::vector<float> scale, shift;
  std::vector<std::vector<uint16_t>> masks;     // what an input gradient keeps
  std::vector<uint8_t> wanted;                  // [channel] the others may be left out where one block is alone
};

void copyBlocks(const Blocks& from, Blocks& to) {
  for (size_t b = 0; b < from.pointers.size(); b++) std::memcpy(to.pointers[b], from.pointers[b], from.plane.lines() * 64);
}

/** Runs one convolution on one target, `together` blocks a call; one alone band by band. */
Run convolveOn(const Kernels& kernels, const ConvPlan& plan, const Buffer& packed, const Buffer& scratch, Inputs& in, const Finish& f, int blocks,
               int together) {
  bool forward = plan.direction == Direction::Forward;
  Run run{Blocks(plan.target(), blocks, nullptr), {}};
  for (int b = 0; b < blocks; b++) run.masks.emplace_back(plan.target().lines(), 0);
  if (f.accumulate) copyBlocks(in.add, run.output);
  std::vector<uint16_t*> masks, kept;
  for (int b = 0; b < blocks; b++) masks.push_back(run.masks[b].data()), kept.push_back(in.masks[b].data());
  for (int b = 0; b < blocks; b += together) {
    ConvCall call{&plan, packed.as<void>(), in.source.pointers.data() + b, run.output.pointers.data() + b, std::min(together, blocks - b), {}, scratch.as<void>()};
    if (f.scale) call.epilogue.scale = in.scale.data();
    if (f.shift && forward) call.epilogue.shift = in.shift.data();
    if (f.add) call.epilogue.add = in.add.pointers.data() + b;
    if (f.accumulate) call.epilogue.add = run.output.pointers.data() + b;
    call.epilogue.relu = f.relu && forward;
    if (f.mask && f.relu && forward) call.epilogue.maskOut = masks.data() + b;
    if (f.mask && !forward) call.epilogue.maskIn = kept.data() + b;
    const int band = together == 1 ? bandRows(plan) : plan.target().height;
    if (together == 1) call.wanted = in.wanted.data();
    for (int row = 0; row < plan.target().height; row += band) call.rows = {row, row + band}, runConv(kernels, call);
  }
  return run;
}

/** The epilogue in double on one value; `mask` bit of its image for an input gradient. */
double finishInDouble(const Finish& f, bool forward, double acc, double scale, double shift, double add, bool kept) {
  double value = acc;
  if (forward) value = acc * (f.scale ? scale : 1) + (f.shift ? shift : 0);
  if (f.add || f.accumulate) value += add;
  if (forward && f.relu && !(value > 0)) value = 0;
  if (!forward && f.mask && !kept) value = 0;
  return !forward && f.scale ? value * scale : value;
}

bool agrees(const Case& c, const ConvPlan& plan, const Reference& reference, Inputs& in, const Finish& f, Run& run) {
  bool forward = plan.direction == Direction::Forward;
  const Plane& p = plan.target();
  double tolerance = plan.algorithm == Algorithm::Winograd ? 2e-5 : 2e-6;
  for (int image = 0; image < c.blocks * kLine; image++) {
    for (int channel = 0; channel < p.channels; channel++) {
      for (int i = 0; i < p.height * p.width; i++) {
        int row = i / p.width, column = i % p.width;
        size_t at = flat(p, image, channel, row, column), line = channel * p.stride() + i;
        bool kept = in.masks[image / kLine][line] >> image % kLine & 1;
        double want = finishInDouble(f, forward, reference.value[at], in.scale[channel], in.shift[channel], in.add.at(image, channel, row, column), kept);
        double got = run.output.at(image, channel, row, column);
        if (!(std::fabs(got - want) <= tolerance * (reference.size[at] + 2))) return false;
        bool masked = f.mask && f.relu && forward;
        if (masked && (run.masks[image / kLine][line] >> image % kLine & 1) != (got > 0)) return false;
      }
    }
  }
  return true;
}

/** In the channels that are wanted. */
bool sameBits(const Run& a, const Run& b, const std::vector<uint8_t>& wanted) {
  const size_t stride = a.output.plane.stride();
  for (size_t i = 0; i < a.masks.size(); i++) {
    for (size_t channel = 0; channel < wanted.size(); channel++) {
      if (!wanted[channel]) continue;
      const size_t first = channel * stride;
      if (std::memcmp(a.masks[i].data() + first, b.masks[i].data() + first, stride * sizeof(uint16_t)) != 0) return false;
      if (std::memcmp(a.output.pointers[i] + first * kLine, b.output.pointers[i] + first * kLine, stride * 64) != 0) return false;
    }
  }
  return true;
}

std::vector<std::vector<uint16_t>> randomMasks(const Plane& plane, int blocks, Numbers& numbers) {
  std::vector<std::vector<uint16_t>> masks(blocks, std::vector<uint16_t>(plane.lines()));
  for (auto& mask : masks) for (auto& bits : mask) bits = static_cast<uint16_t>(numbers.uniform() * 65536);
  return masks;
}

void testConvolution(const Case& c, const ConvPlan& plan) {
  Numbers numbers(17);
  SparseWeights weights = randomWeights(c.shape, c.density, numbers);
  Blocks source(plan.source(), c.blocks, &numbers), add(plan.target(), c.blocks, &numbers);
  Inputs in{source, add, {}, {}, randomMasks(plan.target(), c.blocks, numbers), {}};
  for (int i = 0; i < plan.target().channels; i++) in.scale.push_back(numbers.around()), in.shift.push_back(numbers.around());
  for (int i = 0; i < plan.target().channels; i++) in.wanted.push_back(i % 3 != 1);
  Reference reference = convolve(c.shape, plan.direction, weights, source, c.blocks * kLine);
  Buffer packed(packedBytes(plan, weights.value.size())), packScratch(packScratchBytes(plan, weights.value.size()));
  packWeights(plan, weights.view(), packed.as<void>(), packScratch.as<void>());
  Buffer scratch(scratchBytes(plan));
  std::string what = std::string(nameOf(plan.algorithm)) + (plan.direction == Direction::Forward ? " forward" : " input gradient");
  const std::vector<uint8_t> everyChannel(in.wanted.size(), 1);
  for (const Finish& f : kFinishes) {
    std::vector<Run> first;
    for (const Target& target : targetsOfThisBuild()) {
      if (!target.supported) continue;
      std::string name = describe(c, what.c_str(), target.kernels->target);
      for (int together : {kBlocksTogether, 1, 3}) {
        if (together == 3 && c.blocks < 3) continue;
        Run run = convolveOn(*target.kernels, plan, packed, scratch, in, f, c.blocks, together);
        check(run.output.intact() && source.intact() && packed.intact() && packScratch.intact() && scratch.intact(), name + ", guards");
        if (first.empty()) check(agrees(c, plan, reference, in, f, run), name + ", value"), first.push_back(std::move(run));
        else check(sameBits(first[0], run, together == 1 ? in.wanted : everyChannel), name + ", same bits with " + std::to_string(together) + " blocks together");
      }
    }
  }
}

void testWeightGradient(const Case& c, Algorithm algorithm) {
  Numbers numbers(23);
  const ConvShape& s = c.shape;
  SparseWeights weights = randomWeights(s, c.density, numbers);
  Blocks input(s.in, c.blocks, &numbers), gradient(s.out, c.blocks, &numbers);
  Weights view = weights.view();
  std::vector<double> want(view.count), size(view.count);
  for (size_t i = 0; i < view.count; i++) {
    forEachProduct(s, weights.index[i], [&](int in, int y, int x, int out, int row, int column) {
      for (int image = 0; image < c.blocks * kLine; image++) {
        double product = double(input.at(image, in, y, x)) * gradient.at(image, out, row, column);
        want[i] += product, size[i] += std::fabs(product);
      }
    });
  }
  std::vector<float> first;
  double tolerance = algorithm == Algorithm::Winograd ? 2e-5 : 4e-6;
  for (const Target& target : targetsOfThisBuild()) {
    if (!target.supported) continue;
    std::string name = describe(c, (std::string("weight gradient ") + nameOf(algorithm)).c_str(), target.kernels->target);
    for (int pieces : {1, 3}) {
      Buffer got(view.count * sizeof(float)), scratch(weightGradientScratchBytes(s, algorithm));
      for (int piece = 0; piece < pieces; piece++) {
        int from = s.out.channels * piece / pieces, to = s.out.channels * (piece + 1) / pieces;
        target.kernels->weightGradient({s, algorithm, &view, input.pointers.data(), gradient.pointers.data(), c.blocks, from, to, got.as(), scratch.as<void>()});
      }
      check(got.intact() && scratch.intact() && input.intact() && gradient.intact(), name + ", guards");
      std::vector<float> values(got.as(), got.as() + view.count);
      bool right = true;
      for (size_t i = 0; i < view.count; i++) right = right && std::fabs(values[i] - want[i]) <= tolerance * (size[i] + 1e-3);
      if (first.empty()) first = values;
      check(right, name + ", value");
      check(std::memcmp(first.data(), values.data(), view.count * sizeof(float)) == 0, name + ", same bits in " + std::to_string(pieces) + " pieces");
    }
  }
}

std::vector<ConvShape> shapes() {
  std::vector<ConvShape> list;
  const int planes[][2] = {{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 7}, {8, 8}, {16, 16}, {7, 14}, {13, 5}, {32, 32}, {4, 20}, {7, 8}, {2, 16}};
  for (auto& p : planes) list.push_back(convShape(5, 7, p[0], p[1], 3, 1));
  for (auto& p : planes) list.push_back(convShape(5, 4, p[0], p[1], 3, 2));
  for (auto& p : planes) list.push_back(convShape(9, 13, p[0], p[1], 1, 1));
  for (int size : {1, 4, 7, 8}) list.push_back(convShape(3, 5, size, size, 1, 2));
  for (int size : {6, 9, 16}) list.push_back(convShape(3, 8, size, size, 5, 1)), list.push_back(convShape(3, 4, size, size + 2, 7, 2));
  list.push_back(convShape(3, 4, 11, 10, 3, 3));
  list.push_back(convShape(64, 3, 8, 8, 3, 1));
  list.push_back(convShape(33, 26, 4, 4, 3, 1));
  list.push_back({{4, 8, 8}, {6, 4, 4}, 3, 2, 0, 0});    // padded below and to the right only
  list.push_back({{4, 9, 6}, {6, 7, 4}, 3, 1, 0, 0});    // not padded
  list.push_back({{4, 6, 6}, {3, 8, 8}, 3, 1, 2, 2});    // padded wider than "same"
  list.push_back({{70, 1, 1}, {10, 1, 1}, 1, 1, 0, 0});
  return list;
}

void testShape(const ConvShape& shape, double density, int blocks) {
  Case c{shape, density, blocks};
  for (Direction direction : {Direction::Forward, Direction::InputGradient}) {
    for (Algorithm algorithm : {Algorithm::Sparse, Algorithm::Direct, Algorithm::Winograd}) {
      if (!supports(shape, algorithm)) continue;
      ConvPlan plan = planConv(shape, direction, algorithm);
      testConvolution(c, plan);
      if (algorithm != Algorithm::Sparse || !keepsPlane3x3(shape)) continue;
      plan.channelBlock = 2;   // several blocks of source channels, the last one not full
      testConvolution(c, plan);
    }
  }
  for (Algorithm algorithm : {Algorithm::Sparse, Algorithm::Direct, Algorithm::Winograd}) {
    if (supports(shape, algorithm) && (algorithm != Algorithm::Sparse || density < 1)) testWeightGradient(c, algorithm);
  }
}

}  // namespace
}  // namespace sparse_robust

// kernels-test [N]: every N-th shape only, for emulators.
int main(int count, char** arguments) {
  using namespace sparse_robust;
  int each = count > 1 ? std::atoi(arguments[1]) : 1, number = 0;
  for (const Target& target : targetsOfThisBuild()) {
    if (!target.supported) std::printf("skipped: target %s, which this processor lacks\n", target.kernels->target);
  }
  int turn = 0;
  for (const ConvShape& shape : shapes()) {
    if (each > 1 && number++ % each != 0) continue;
    const double densities[] = {1, 0.3, 0.02};
    for (double density : densities) testShape(shape, density, turn++ % 5 + 1);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
