// A network, the options of its training and its state across the border, both ways.
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
    for (double input : numbers(field(item, "inputs"), "layer \"" + layer.name + "\": inputs")) layer.inputs.push_back(int(std::min(std::max(input, -1.0), 1e9)));
    readFields(item, layer);
    graph->layers.push_back(layer);
  }
  inferShapes(*graph);
  return graph;
}

std::vector<float> copied(const Span<float>& values) { return {values.data, values.data + values.size}; }
std::vector<uint32_t> copied(const Span<uint32_t>& values) { return {values.data, values.data + values.size}; }

std::vector<float> vectorOf(const Napi::Object& tensors, const std::string& name, size_t size) {
  const Napi::Object tensor = objectAt(tensors.Get(name), name);
  return copied(floats(field(tensor, "values"), name, size));
}

/** Ascending positions below `size`, and as many values. */
void readConnections(const Napi::Object& tensor, Name name, size_t size, std::vector<uint32_t>& index, std::vector<float>& values) {
  index = copied(positions(field(tensor, "index"), name + " index"));
  for (size_t i = 0; i < index.size(); i++) {
    if (index[i] < size && (i == 0 || index[i] > index[i - 1])) continue;
    throw Napi::RangeError::New(tensor.Env(), name + " index: positions must ascend and be below " + std::to_string(size));
  }
  values = copied(floats(field(tensor, "values"), name + " values", index.size()));
}

Kernel kernelOf(const Napi::Object& tensors, const Layer& layer, int index) {
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

Napi::Object tensorOf(Napi::Env env, Name name, const std::vector<float>& values) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", name);
  object.Set("values", toFloats(env, values));
  return object;
}

void append(Napi::Array& array, const Napi::Value& value) { array.Set(array.Length(), value); }

WeightRule ruleOf(const Napi::Value& value, Name name) {
  if (value.IsUndefined()) return WeightRule::Dense;
  const std::string rule = text(value, name);
  if (rule == "dense") return WeightRule::Dense;
  if (rule == "masked") return WeightRule::Masked;
  if (rule == "mortal") return WeightRule::Mortal;
  throw Napi::RangeError::New(value.Env(), name + " is \"" + rule + "\"; a rule is dense, masked or mortal");
}

void makeDense(Kernel& kernel) {
  if (!kernel.sparse) return;
  std::vector<float> all(kernel.size);
  for (size_t i = 0; i < kernel.index.size(); i++) all[kernel.index[i]] = kernel.value[i];
  kernel.value = std::move(all);
  kernel.index.clear();
  kernel.sparse = false;
}

/** A momentum of an earlier run, or nothing yet. */
void readMomentum(const Napi::Object& state, Name name, size_t size, std::vector<float>& momentum) {
  const Napi::Value values = state.Get(name + ".momentum");
  if (!values.IsUndefined()) momentum = copied(floats(values, name + ".momentum", size));
}

void readDead(const Napi::Object& state, Name name, const Kernel& kernel, RecentlyDead& dead) {
  if (state.Get(name + ".dead.index").IsUndefined()) return;
  Napi::Object tensor = Napi::Object::New(state.Env());
  tensor.Set("index", state.Get(name + ".dead.index"));
  tensor.Set("values", state.Get(name + ".dead.value"));
  readConnections(tensor, name + ".dead", kernel.size, dead.index, dead.value);
  dead.momentum = copied(floats(state.Get(name + ".dead.momentum"), name + ".dead.momentum", dead.index.size()));
  for (uint32_t position : dead.index) {
    if (!std::binary_search(kernel.index.begin(), kernel.index.end(), position)) continue;
    throw Napi::RangeError::New(state.Env(), name + ".dead.index: position " + std::to_string(position) + " is connected");
  }
}

}  // namespace

std::shared_ptr<Parameters> parametersOf(const Napi::Value& value) {
  const Napi::Object object = objectAt(value, "network");
  const std::shared_ptr<Graph> graph = graphOf(object);
  const Napi::Object tensors = objectAt(field(object, "tensors"), "tensors");
  auto parameters = std::make_shared<Parameters>(graph);
  for (size_t i = 0; i < graph->layers.size(); i++) {
    const Layer& layer = graph->layers[i];
    if (layer.hasKernel()) parameters->kernels.push_back(kernelOf(tensors, layer, int(i)));
    if (layer.op != Op::BatchNorm) continue;
    const auto part = [&](const char* suffix) { return vectorOf(tensors, layer.name + suffix, layer.out.channels); };
    parameters->norms.push_back({int(i), part(".weight"), part(".bias"), part(".running_mean"), part(".running_var")});
  }
  return parameters;
}

void readTraining(const Napi::Value& value, Training& training) {
  const Napi::Object object = objectAt(value, "network");
  const Napi::Object rules = objectAt(field(object, "rules"), "rules"), full = objectAt(field(object, "full"), "full");
  const Napi::Object state = objectAt(field(object, "state"), "state");
  Parameters& parameters = training.parameters();
  for (size_t k = 0; k < parameters.kernels.size(); k++) {
    Kernel& kernel = parameters.kernels[k];
    KernelState& at = training.kernels[k];
    const std::string& layer = parameters.graph().layers[kernel.layer].name;
    at.rule = ruleOf(rules.Get(layer), "rules: " + layer);
    at.full = full.Get(layer).IsBoolean();
    if (at.rule == WeightRule::Dense) makeDense(kernel);
    else if (!kernel.sparse) throw Napi::TypeError::New(object.Env(), "rules: layer \"" + layer + "\" must come as connections");
    if (at.rule == WeightRule::Mortal) dropZeros(kernel);
    readMomentum(state, layer + ".weight", kernel.value.size(), at.momentum);
    readMomentum(state, layer + ".bias", kernel.bias.size(), at.biasMomentum);
    if (at.rule == WeightRule::Mortal) readDead(state, layer + ".weight", kernel, at.dead);
  }
  for (size_t n = 0; n < parameters.norms.size(); n++) {
    const std::string& layer = parameters.graph().layers[parameters.norms[n].layer].name;
    readMomentum(state, layer + ".weight", parameters.norms[n].gamma.size(), training.norms[n].gammaMomentum);
    readMomentum(state, layer + ".bias", parameters.norms[n].beta.size(), training.norms[n].betaMomentum);
  }
  training.prepareState();
}

Napi::Array writeTensors(Napi::Env env, const Parameters& parameters) {
  Napi::Array all = Napi::Array::New(env);
  const Graph& graph = parameters.graph();
  for (size_t i = 0; i < graph.layers.size(); i++) {
    const Layer& layer = graph.layers[i];
    if (layer.hasKernel()) {
      const Kernel& kernel = parameters.kernelOf(int(i));
      Napi::Object tensor = tensorOf(env, layer.name + ".weight", kernel.value);
      if (kernel.sparse) tensor.Set("index", toPositions(env, kernel.index));
      append(all, tensor);
      if (layer.hasBias) append(all, tensorOf(env, layer.name + ".bias", kernel.bias));
    } else if (layer.op == Op::BatchNorm) {
      const Norm& norm = parameters.normOf(int(i));
      append(all, tensorOf(env, layer.name + ".weight", norm.gamma));
      append(all, tensorOf(env, layer.name + ".bias", norm.beta));
      append(all, tensorOf(env, layer.name + ".running_mean", norm.mean));
      append(all, tensorOf(env, layer.name + ".running_var", norm.variance));
    }
  }
  return all;
}

Napi::Array writeState(Napi::Env env, Training& training) {
  Napi::Array all = Napi::Array::New(env);
  const Parameters& parameters = training.parameters();
  for (size_t k = 0; k < training.kernels.size(); k++) {
    const KernelState& state = training.kernels[k];
    const std::string layer = parameters.graph().layers[parameters.kernels[k].layer].name;
    append(all, tensorOf(env, layer + ".weight.momentum", state.momentum));
    if (!parameters.kernels[k].bias.empty()) append(all, tensorOf(env, layer + ".bias.momentum", state.biasMomentum));
    if (state.rule != WeightRule::Mortal) continue;
    Napi::Object index = Napi::Object::New(env);
    index.Set("name", layer + ".weight.dead.index");
    index.Set("values", toPositions(env, state.dead.index));
    append(all, index);
    append(all, tensorOf(env, layer + ".weight.dead.value", state.dead.value));
    append(all, tensorOf(env, layer + ".weight.dead.momentum", state.dead.momentum));
  }
  for (size_t n = 0; n < training.norms.size(); n++) {
    const std::string layer = parameters.graph().layers[parameters.norms[n].layer].name;
    append(all, tensorOf(env, layer + ".weight.momentum", training.norms[n].gammaMomentum));
    append(all, tensorOf(env, layer + ".bias.momentum", training.norms[n].betaMomentum));
  }
  return all;
}

}  // namespace sparse_robust
