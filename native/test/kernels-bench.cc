// Times the convolution kernels layer by layer on a batch of 128 and prints effective GFLOP/s (2 per connection and position)
// beside the share of the peak f32 rate measured in the same run.
//   kernels-bench [--threads N] [--target NAME] [--network vgg16|wrn-28-4|IN,OUT,HEIGHT,WIDTH,KERNEL,STRIDE] [--density P] [--all] [--layer TEXT] [--weights] [--processor-time]
// --density is the global one; the layers have the densities that the method gives them. --all times every algorithm that fits
// and not only the planned one.
#include <algorithm>
#include <functional>
#include <memory>

#include "../packed.h"
#include "peak.h"
#include "support.h"

namespace sparse_robust {
namespace {

struct Options {
  int threads = 1;
  std::string target, network = "vgg16", layer;
  double density = 1;
  bool all = false, weights = false;
};

struct Layer { std::string name; ConvShape shape; double density; int times; };

std::vector<Layer> vgg16(double p) {
  double second = std::min(1.0, p >= 1 ? 1.0 : 0.2 + 0.51 * p), first = p >= 1 ? 1.0 : 0.6 + 0.51 * p, rest = p >= 1 ? 1.0 : p < 0.05 ? 0.56 * p : 0.964 * p;
  return {{"conv1", convShape(3, 64, 32, 32, 3, 1), first, 1},      {"conv2", convShape(64, 64, 32, 32, 3, 1), first, 1},
          {"conv3", convShape(64, 128, 16, 16, 3, 1), second, 1},   {"conv4", convShape(128, 128, 16, 16, 3, 1), second, 1},
          {"conv5", convShape(128, 256, 8, 8, 3, 1), rest, 1},      {"conv6-7", convShape(256, 256, 8, 8, 3, 1), rest, 2},
          {"conv8", convShape(256, 512, 4, 4, 3, 1), rest, 1},      {"conv9-10", convShape(512, 512, 4, 4, 3, 1), rest, 2},
          {"conv11-13", convShape(512, 512, 2, 2, 3, 1), rest, 3},  {"fc1-2", convShape(512, 256, 1, 1, 1, 1), rest, 1}};
}

std::vector<Layer> wideResnet(double p) {
  return {{"conv1", convShape(3, 16, 32, 32, 3, 1), 1, 1},         {"b1 first", convShape(16, 64, 32, 32, 3, 1), p, 1},
          {"b1 short", convShape(16, 64, 32, 32, 1, 1), p, 1},     {"b1", convShape(64, 64, 32, 32, 3, 1), p, 7},
          {"b2 first", convShape(64, 128, 32, 32, 3, 2), p, 1},    {"b2 short", convShape(64, 128, 32, 32, 1, 2), p, 1},
          {"b2", convShape(128, 128, 16, 16, 3, 1), p, 7},         {"b3 first", convShape(128, 256, 16, 16, 3, 2), p, 1},
          {"b3 short", convShape(128, 256, 16, 16, 1, 2), p, 1},   {"b3", convShape(256, 256, 8, 8, 3, 1), p, 7}};
}

/** One layer named on the command line: in,out,height,width,kernel,stride. */
std::vector<Layer> oneLayer(const std::string& text, double density) {
  int n[6] = {};
  if (std::sscanf(text.c_str(), "%d,%d,%d,%d,%d,%d", n, n + 1, n + 2, n + 3, n + 4, n + 5) != 6) return {};
  return {{text, convShape(n[0], n[1], n[2], n[3], n[4], n[5]), density, 1}};
}

std::vector<Layer> layersOf(const std::string& network, double density) {
  if (network == "vgg16") return vgg16(density);
  if (network == "wrn-28-4") return wideResnet(density);
  return oneLayer(network, density);
}

constexpr int kBlocks = 8;   // 128 images

/** A thread's share of the batch, at most kBlocksTogether blocks a call; they use the same buffers, as in a network's arena. */
template <class Call>
void forBlocks(int thread, int threads, const Call& call) {
  int from = kBlocks * thread / threads, to = kBlocks * (thread + 1) / threads;
  for (int block = from; block < to; block += kBlocksTogether) call(thread * kBlocksTogether, std::min(kBlocksTogether, to - block));
}

std::string nameOf(Algorithm a) { return a == Algorithm::Sparse ? "sparse" : a == Algorithm::Direct ? "direct" : "winograd"; }

struct Bench {
  Options options;
  const Kernels& kernels;
  double peak;

  double report(const Layer& layer, const char* what, double time, size_t connections) const {
    double flops = 2.0 * connections * layer.shape.out.height * layer.shape.out.width * kBlocks * kLine;
    std::printf("  %-9s %-24s %8.2f ms %7.1f GFLOP/s", layer.name.c_str(), what, time * 1e3, flops / time / 1e9);
    if (peak > 0) std::printf(" %4.0f%% of peak", 100 * flops / time / peak);
    std::printf("\n");
    std::fflush(stdout);
    return time;
  }

  double convolution(const Layer& layer, const ConvPlan& plan, const SparseWeights& weights) const {
    Numbers numbers(1);
    int held = options.threads * kBlocksTogether;
    Blocks source(plan.source(), held, &numbers), target(plan.target(), held, nullptr);
    size_t count = weights.value.size();
    Buffer packed(packedBytes(plan, count)), packScratch(packScratchBytes(plan, count));
    double start = seconds();
    packWeights(plan, weights.view(), packed.as<void>(), packScratch.as<void>());
    double packing = seconds() - start;
    std::vector<Buffer> scratch;
    for (int t = 0; t < options.threads; t++) scratch.emplace_back(scratchBytes(plan));
    std::vector<float> shift(plan.target().channels, 0.1f);
    std::vector<std::vector<uint16_t>> masks(held, std::vector<uint16_t>(plan.target().lines(), 0x5555));
    std::vector<uint16_t*> mask;
    for (auto& m : masks) mask.push_back(m.data());
    bool forward = plan.direction == Direction::Forward;
    double time = timeOf(options.threads, [&](int t) {
      forBlocks(t, options.threads, [&](int block, int blocks) {
        ConvCall call{&plan, packed.as<void>(), source.pointers.data() + block, target.pointers.data() + block, blocks, {}, scratch[t].as<void>()};
        if (forward) call.epilogue.shift = shift.data(), call.epilogue.relu = true, call.epilogue.maskOut = mask.data() + block;
        else call.epilogue.maskIn = mask.data() + block;
        runConv(kernels, call);
      });
    });
    char what[80];
    std::snprintf(what, sizeof what, "%s %-8s (pack %.1f)", forward ? "fwd" : "dX ", nameOf(plan.algorithm).c_str(), packing * 1e3);
    return report(layer, what, time, count);
  }

  double weightGradient(const Layer& layer, const SparseWeights& weights, Algorithm algorithm) const {
    Numbers numbers(2);
    const ConvShape& s = layer.shape;
    Blocks input(s.in, kBlocks, &numbers), gradient(s.out, kBlocks, &numbers);
    Weights view = weights.view();
    Buffer result(view.count * sizeof(float));
    std::vector<Buffer> scratch;
    for (int t = 0; t < options.threads; t++) scratch.emplace_back(weightGradientScratchBytes(s, algorithm));
    double time = timeOf(options.threads, [&](int t) {
      int groups = groupsOf(s.out.channels, kGradientGroup), from = groups * t / options.threads * kGradientGroup;
      int to = std::min(s.out.channels, groups * (t + 1) / options.threads * kGradientGroup);
      kernels.weightGradient({s, algorithm, &view, input.pointers.data(), gradient.pointers.data(), kBlocks, from, to, result.as(), scratch[t].as<void>()});
    });
    return report(layer, ("weight gradient, " + nameOf(algorithm)).c_str(), time, view.count);
  }

  void run() const {
    double total = 0, gradients = 0;
    for (const Layer& layer : layersOf(options.network, options.density)) {
      if (layer.name.find(options.layer) == std::string::npos) continue;
      Numbers numbers(3);
      SparseWeights weights = randomWeights(layer.shape, layer.density, numbers);
      for (Direction direction : {Direction::Forward, Direction::InputGradient}) {
        ConvPlan planned = planConv(layer.shape, weights.value.size(), direction);
        total += layer.times * convolution(layer, planned, weights);
        for (Algorithm other : {Algorithm::Sparse, Algorithm::Direct, Algorithm::Winograd}) {
          bool extra = options.all && other != planned.algorithm && supports(layer.shape, other);
          if (extra) convolution(layer, planConv(layer.shape, direction, other), weights);
        }
      }
      if (!options.weights) continue;
      Algorithm planned = planWeightGradient(layer.shape, weights.view());
      gradients += layer.times * weightGradient(layer, weights, planned);
      for (Algorithm other : {Algorithm::Sparse, Algorithm::Direct, Algorithm::Winograd}) {
        bool fits = supports(layer.shape, other) && (other != Algorithm::Sparse || layer.density < 1);
        if (options.all && other != planned && fits) weightGradient(layer, weights, other);
      }
    }
    std::printf("convolutions forward + input gradient: %.1f ms, %.0f images/s", total * 1e3, kBlocks * kLine / total);
    if (options.weights) std::printf("; weight gradients: %.1f ms", gradients * 1e3);
    std::printf("\n");
  }
};

Options parse(int count, char** arguments) {
  Options o;
  for (int i = 1; i < count; i++) {
    std::string name = arguments[i];
    if (name == "--all") { o.all = true; continue; }
    if (name == "--processor-time") { processorTime = true; continue; }
    if (name == "--weights") { o.weights = true; continue; }
    if (i + 1 >= count) { std::fprintf(stderr, "%s needs a value\n", name.c_str()); std::exit(2); }
    const char* value = arguments[++i];
    if (name == "--threads") o.threads = std::max(1, std::atoi(value));
    else if (name == "--target") o.target = value;
    else if (name == "--network") o.network = value;
    else if (name == "--density") o.density = std::atof(value);
    else if (name == "--layer") o.layer = value;
    else { std::fprintf(stderr, "unknown option %s\n", name.c_str()); std::exit(2); }
  }
  return o;
}

}  // namespace
}  // namespace sparse_robust

int main(int count, char** arguments) {
  using namespace sparse_robust;
  Options options = parse(count, arguments);
  const Kernels* chosen = nullptr;
  for (const Target& t : targetsOfThisBuild()) {
    if (t.supported && (options.target.empty() || options.target == t.kernels->target)) chosen = t.kernels;
  }
  if (!chosen) return std::fprintf(stderr, "no target %s on this machine\n", options.target.c_str()), 2;
  double peak = peakOf(chosen->target, options.threads);
  std::printf("%s, density %g, target %s, %d threads, peak %.1f GFLOP/s, batch of %d\n", options.network.c_str(), options.density, chosen->target,
              options.threads, peak / 1e9, kBlocks * kLine);
  Bench{options, *chosen, peak}.run();
}
