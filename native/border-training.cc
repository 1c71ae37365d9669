// The options and the state of a training across the border, both ways, and its tensors back to JavaScript.
#include "border.h"

namespace sparse_robust {
namespace {

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
    if (at.rule == WeightRule::Mortal) dropZeros(kernel);   // theta = 0 is dormant
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
