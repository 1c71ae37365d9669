// Shapes of a graph. The program above has checked them with better words; here they are what memory depends on.
#include "graph.h"

#include <stdexcept>

namespace sparse_robust {
namespace {

[[noreturn]] void misfit(const Layer& layer, const std::string& reason) {
  throw std::out_of_range("layer \"" + layer.name + "\" does not fit: " + reason);
}

void require(bool holds, const Layer& layer, const char* reason) {
  if (!holds) misfit(layer, reason);
}

int sameSize(int size, int stride) { return (size + stride - 1) / stride; }

/** Zeros before the first row under "same": half of what the last window needs, rounded down. */
int samePad(int size, int kernel, int stride) {
  const int missing = (sameSize(size, stride) - 1) * stride + kernel - size;
  return missing > 0 ? missing / 2 : 0;
}

int windows(int size, int window, int stride) { return size < window ? 0 : (size - window) / stride + 1; }

void inferConv(Layer& layer) {
  const Plane& in = layer.in;
  require(layer.kernel > 0 && layer.kernel % 2 == 1 && layer.kernel <= kMaximumKernel, layer, "kernel must be odd and at most 15");
  require(layer.stride > 0 && layer.pad >= 0 && layer.pad < layer.kernel + 1024, layer, "stride or padding is out of range");
  const bool same = layer.padding == Padding::Same;
  const int pad = layer.padding == Padding::Number ? layer.pad : 0;
  layer.out.height = same ? sameSize(in.height, layer.stride) : windows(in.height + 2 * pad, layer.kernel, layer.stride);
  layer.out.width = same ? sameSize(in.width, layer.stride) : windows(in.width + 2 * pad, layer.kernel, layer.stride);
  layer.out.channels = layer.filters;
  const int top = same ? samePad(in.height, layer.kernel, layer.stride) : pad;
  const int left = same ? samePad(in.width, layer.kernel, layer.stride) : pad;
  layer.conv = {in, layer.out, layer.kernel, layer.stride, top, left};
}

void inferDense(Layer& layer) {
  layer.out = {layer.filters, 1, 1};
  layer.conv = {layer.in, layer.out, 1, 1, 0, 0};
  layer.flat = true;
}

void inferPool(Layer& layer) {
  const Plane& in = layer.in;
  const bool global = layer.size == 0;
  require(global || layer.stride > 0, layer, "stride is out of range");
  const int rows = global ? in.height : layer.size, columns = global ? in.width : layer.size;
  const int stride = global ? 1 : layer.stride;
  layer.out = {in.channels, windows(in.height, rows, stride), windows(in.width, columns, stride)};
  layer.pool = {in, layer.out, rows, columns, stride};
}

bool equal(const Plane& a, const Plane& b) {
  return a.channels == b.channels && a.height == b.height && a.width == b.width;
}

void inferOutput(Layer& layer, const Plane& second, bool flatInput, bool secondFlat) {
  layer.out = layer.in;
  layer.flat = flatInput;
  const size_t channels = layer.in.channels;
  switch (layer.op) {
    case Op::Normalize:
      require(layer.mean.size() == channels && layer.deviation.size() == channels, layer, "mean and std need a number a channel");
      break;
    case Op::Conv: require(!flatInput, layer, "it takes images"); return inferConv(layer);
    case Op::Dense: require(flatInput, layer, "it takes a vector"); return inferDense(layer);
    case Op::MaximumPool:
    case Op::AveragePool: require(!flatInput, layer, "it takes images"); return inferPool(layer);
    case Op::Add: require(equal(layer.in, second) && flatInput == secondFlat, layer, "its inputs differ in shape"); break;
    case Op::Flatten: {
      require(!flatInput, layer, "it takes images");
      const uint64_t entries = uint64_t(channels) * layer.in.height * layer.in.width;
      require(entries < (1u << 31), layer, "its output is too large");
      layer.out = {int(entries), 1, 1};
      layer.flat = true;
      break;
    }
    case Op::BatchNorm:
    case Op::Relu: break;
  }
}

bool reasonable(const Plane& plane) {
  if (plane.channels < 1 || plane.height < 1 || plane.width < 1 || plane.height > (1 << 15) || plane.width > (1 << 15)) return false;
  return uint64_t(plane.channels) * plane.height * plane.width < (uint64_t(1) << 31);
}

}  // namespace

void inferShapes(Graph& graph) {
  if (!reasonable(graph.input)) throw std::out_of_range("input: every side must be at least 1, their product below 2^31");
  for (size_t i = 0; i < graph.layers.size(); i++) {
    Layer& layer = graph.layers[i];
    require(layer.inputs.size() == (layer.op == Op::Add ? 2u : 1u), layer, "its number of inputs is wrong");
    for (int value : layer.inputs) require(value >= 0 && value <= int(i), layer, "an input is no earlier layer");
    const auto flat = [&](int value) { return value > 0 && graph.layers[value - 1].flat; };
    layer.in = graph.plane(layer.inputs.front());
    inferOutput(layer, graph.plane(layer.inputs.back()), flat(layer.inputs.front()), flat(layer.inputs.back()));
    require(reasonable(layer.out), layer, "its output has no entries or too many");
    if (layer.hasKernel()) {
      const double weights = double(layer.out.channels) * layer.in.channels * layer.conv.kernel * layer.conv.kernel;
      require(weights < 4294967296.0, layer, "its kernel has too many entries");
    }
  }
  if (graph.layers.empty()) throw std::out_of_range("graph: it has no layers");
  const Plane& logits = graph.layers.back().out;
  require(logits.height == 1 && logits.width == 1 && logits.channels == graph.classes, graph.layers.back(), "the last layer must give one logit a class");
}

}  // namespace sparse_robust
