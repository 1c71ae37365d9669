// A network from JavaScript: its graph and its tensors.
#include <cmath>

#include "border.h"

namespace sparse_robust {
namespace {

constexpr uint64_t kMostChannels = (1u << 31) - 1;

Op opOf(const Napi::Value& value, Name name) {
  static const std::pair<const char*, Op> ops[] = {
      {"normalize", Op::Normalize}, {"conv", Op::Conv}, {"batchnorm", Op::BatchNorm}, {"relu", Op::Relu}, {"maxpool", Op::MaximumPool},
      {"avgpool", Op::AveragePool}, {"add", Op::Add}, {"flatten", Op::Flatten}, {"dense", Op::Dense}};
  const std::string op = text(value, name);
  for (const auto& known : ops)
    if (op == known.first) return known.second;
  throw Napi::RangeError::New(value.Env(), name + " is \"" + op + "\", which is no operation");
}

std::vector<double> numbers(const Napi::Value& value, Name name) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), name + " must be an array");
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<double> all;
  for (uint32_t i = 0; i < array.Length(); i++) all.push_back(finite(array.Get(i), name));
  return all;
}

void readPadding(const Napi::Value& value, Name name, Layer& layer) {
  if (value.IsNumber()) {
    layer.padding = Padding::Number;
    layer.pad = int(integer(value, name, 0, 1024));
    return;
  }
  const std::string word = text(value, name);
  if (word != "same" && word != "valid") throw Napi::RangeError::New(value.Env(), name + " must be \"same\", \"valid\" or a number");
  layer.padding = word == "same" ? Padding::Same : Padding::Valid;
}

/** The fields of one operation; what a layer's op does not have stays as it is. */
void readFields(const Napi::Object& object, Layer& layer) {
  const auto named = [&](const char* key) { return "layer \"" + layer.name + "\": " + key; };
  const auto whole = [&](const char* key, uint64_t most) { return int(integer(field(object, key), named(key), 1, most)); };
  const auto number = [&](const char* key) { return finite(field(object, key), named(key)); };
  switch (layer.op) {
    case Op::Normalize:
      layer.mean = numbers(field(object, "mean"), named("mean"));
      layer.deviation = numbers(field(object, "std"), named("std"));
      break;
    case Op::Conv:
      layer.filters = whole("filters", kMostChannels);
      layer.kernel = whole("kernel", kMaximumKernel);
      layer.stride = whole("stride", 1 << 15);
      readPadding(field(object, "padding"), named("padding"), layer);
      layer.hasBias = flag(field(object, "bias"), named("bias"));
      break;
    case Op::Dense:
      layer.filters = whole("units", kMostChannels);
      layer.hasBias = flag(field(object, "bias"), named("bias"));
      break;
    case Op::BatchNorm:
      layer.epsilon = number("epsilon");
      layer.momentum = number("momentum");
      break;
    case Op::MaximumPool:
    case Op::AveragePool:
      if (field(object, "size").IsString()) break;   // "global"
      layer.size = whole("size", 1 << 15);
      layer.stride = whole("stride", 1 << 15);
      break;
    case Op::Flatten: layer.channelsFirst = text(field(object, "order"), named("order")) == "chw"; break;
    case Op::Add:
    case Op::Relu: break;
  }
}

std::shared_ptr<Graph> graphOf(const Napi::Object& object) {
  auto graph = std::make_shared<Graph>();
  const std::vector<double> sides = numbers(field(object, "input"), "input");
  if (sides.size() != 3) throw Napi::RangeError::New(object.Env(), "input must be [height, width, channels]");
  for (double side : sides)
    if (!(side >= 1 && side <= 1 << 24 && side == std::floor(side))) throw Napi::RangeError::New(object.Env(), "input must hold positive integers");
  graph->input = {int(sides[2]), int(sides[0]), int(sides[1])};
  graph->classes = int(integer(field(object, "classes"), "classes", 1, kMostChannels));
  const Napi::Value layers = field(object, "layers");
  if (!layers.IsArray()) throw Napi::TypeError::New(object.Env(), "layers must be an array");
  const Napi::Array array = layers.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Object item = objectAt(array.Get(i), "layer");
    Layer layer;
    layer.name = text(field(item, "name"), "name");
    layer.op = opOf(field(item, "op"), "layer \"" + layer.name + "\": op");
    for (double input : numbers(field(item, "inputs"), "layer \"" + layer.name + "\": inputs"))
      layer.inputs.push_back(int(std::min(std::max(input, -1.0), 1e9)));
    readFields(item, layer);
    graph->layers.push_back(layer);
  }
  inferShapes(*graph);
  return graph;
}

std::vector<float> vectorOf(const Napi::Object& tensors, const std::string& name, size_t size) {
  const Napi::Object tensor = objectAt(tensors.Get(name), name);
  return copied(floats(field(tensor, "values"), name, size));
}

Kernel readKernel(const Napi::Object& tensors, const Layer& layer, int index) {
  Kernel kernel;
  const std::string name = layer.name + ".weight";
  kernel.layer = index;
  kernel.shape = layer.conv;
  kernel.size = layer.weights();
  const Napi::Object tensor = objectAt(tensors.Get(name), name);
  kernel.sparse = !field(tensor, "index").IsUndefined();
  if (kernel.sparse) readConnections(tensor, name, kernel.size, kernel.index, kernel.value);
  else kernel.value = copied(floats(field(tensor, "values"), name, kernel.size));
  if (layer.hasBias) kernel.bias = vectorOf(tensors, layer.name + ".bias", layer.out.channels);
  return kernel;
}

}  // namespace

std::shared_ptr<Parameters> parametersOf(const Napi::Value& value) {
  const Napi::Object object = objectAt(value, "network");
  const std::shared_ptr<Graph> graph = graphOf(object);
  const Napi::Object tensors = objectAt(field(object, "tensors"), "tensors");
  auto parameters = std::make_shared<Parameters>(graph);
  for (size_t i = 0; i < graph->layers.size(); i++) {
    const Layer& layer = graph->layers[i];
    if (layer.hasKernel()) parameters->kernels.push_back(readKernel(tensors, layer, int(i)));
    if (layer.op != Op::BatchNorm) continue;
    const auto part = [&](const char* suffix) { return vectorOf(tensors, layer.name + suffix, layer.out.channels); };
    parameters->norms.push_back({int(i), part(".weight"), part(".bias"), part(".running_mean"), part(".running_var")});
  }
  return parameters;
}

}  // namespace sparse_robust
