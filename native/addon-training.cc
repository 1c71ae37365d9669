// Exports on networks under training.
#include "handles.h"

namespace sparse_robust {
namespace {

Napi::Value createTraining(const Info& info) {
  const auto run = std::make_shared<TrainingRun>(machineOf(info[1]), parametersOf(info[0]));
  readTraining(info[0], run->training);
  return handle(info.Env(), run);
}

/** The inference of a training shares its parameters, whoever is disposed first. */
Napi::Value inferenceOf(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  std::shared_ptr<Parameters> shared(run, &run->training.parameters());
  return handle(info.Env(), std::make_shared<Inference>(run->training.machine(), shared));
}

Tape& tapeOf(TrainingRun& run, const Napi::Value& value, uint32_t& number) {
  number = uint32_t(integer(value, "tape", 0, 0xffffffffu));
  const auto found = run.tapes.find(number);
  if (found == run.tapes.end()) throw Napi::RangeError::New(value.Env(), "tape: this tape has ended");
  return found->second;
}

Napi::Value forward(const Info& info) {
  constexpr size_t mostTapes = 2;
  const auto run = open<TrainingRun>(info[0], "training");
  size_t count = 0;
  const Span<float> batch = images(info[1], "images", run->training.parameters().graph(), count);
  if (run->tapes.size() >= mostTapes) throw Napi::RangeError::New(info.Env(), "two tapes are live; end one first");
  Napi::Float32Array logits = Napi::Float32Array::New(info.Env(), count * run->training.parameters().graph().classes);
  run->tapes.emplace(run->nextTape, run->training.forward(batch.data, count, logits.Data()));
  holderOf<TrainingRun>(info[0])->report(info.Env());
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("tape", double(run->nextTape++));
  result.Set("logits", logits);
  return result;
}

Napi::Value updateStatistics(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  uint32_t number = 0;
  run->training.updateStatistics(tapeOf(*run, info[1], number), flag(info[2], "unbiased"));
  return info.Env().Undefined();
}

Napi::Value backward(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  uint32_t number = 0;
  Tape& tape = tapeOf(*run, info[1], number);
  const Span<float> gradient = floats(info[2], "logitGradient", tape.images * run->training.parameters().graph().classes);
  run->training.backward(std::move(tape), gradient.data);
  run->tapes.erase(number);
  holderOf<TrainingRun>(info[0])->report(info.Env());
  return info.Env().Undefined();
}

Napi::Value discard(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  uint32_t number = 0;
  run->training.discard(std::move(tapeOf(*run, info[1], number)));
  run->tapes.erase(number);
  return info.Env().Undefined();
}

Napi::Value gradient(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  const std::string name = text(info[1], "tensor");
  const Parameters& parameters = run->training.parameters();
  const auto named = [&](int layer, const char* part) { return name == parameters.graph().layers[layer].name + part; };
  for (size_t k = 0; k < parameters.kernels.size(); k++) {
    const KernelState& state = run->training.kernels[k];
    if (named(parameters.kernels[k].layer, ".weight")) return toFloats(info.Env(), state.gradient.sums);
    if (named(parameters.kernels[k].layer, ".bias") && !parameters.kernels[k].bias.empty()) return toFloats(info.Env(), state.biasGradient.sums);
  }
  for (size_t n = 0; n < parameters.norms.size(); n++) {
    if (named(parameters.norms[n].layer, ".weight")) return toFloats(info.Env(), run->training.norms[n].gammaGradient.sums);
    if (named(parameters.norms[n].layer, ".bias")) return toFloats(info.Env(), run->training.norms[n].betaGradient.sums);
  }
  throw Napi::RangeError::New(info.Env(), "tensor: \"" + name + "\" is no trained tensor of this network");
}

/** collectFully(training, {LAYER: true}): which gradients come for every position from now on. */
Napi::Value collectFully(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  if (!run->tapes.empty() || !run->training.isClean()) throw Napi::RangeError::New(info.Env(), "full: gradients are being collected; step first");
  const Napi::Object full = objectAt(info[1], "full");
  const Parameters& parameters = run->training.parameters();
  for (size_t k = 0; k < parameters.kernels.size(); k++)
    run->training.kernels[k].full = full.Get(parameters.graph().layers[parameters.kernels[k].layer].name).IsBoolean();
  run->training.prepareState();
  return info.Env().Undefined();
}

NoiseOptions noiseOf(const Napi::Value& value) {
  if (value.IsUndefined()) return {};
  const Napi::Object noise = objectAt(value, "noise");
  return {true, float(finite(field(noise, "deviation"), "deviation")), integer(field(noise, "seed"), "seed", 0, (uint64_t(1) << 53) - 1),
          uint32_t(integer(field(noise, "step"), "step", 0, 0xffffffffu))};
}

Napi::Value step(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  const Napi::Object options = objectAt(info[1], "options");
  const auto number = [&](const char* key) { return float(finite(field(options, key), key)); };
  const std::string rule = text(field(options, "rule"), "rule"), trainable = text(field(options, "trainable"), "trainable");
  if (rule != "sgdw" && rule != "sgd") throw Napi::RangeError::New(info.Env(), "rule is \"" + rule + "\"; it must be sgdw or sgd");
  if (trainable != "all" && trainable != "batchnorm")
    throw Napi::RangeError::New(info.Env(), "trainable is \"" + trainable + "\"; it must be all or batchnorm");
  run->training.step({rule == "sgdw", number("learningRate"), number("momentum"), number("weightDecay"), trainable == "batchnorm",
                      field(options, "pull").IsUndefined() ? 0 : number("pull"), noiseOf(field(options, "noise"))});
  const std::vector<Kernel>& kernels = run->training.parameters().kernels;
  Napi::Int32Array counts = Napi::Int32Array::New(info.Env(), kernels.size());
  for (size_t k = 0; k < kernels.size(); k++) counts[k] = int32_t(kernels[k].value.size());
  return counts;
}

size_t kernelNumber(const TrainingRun& run, const Napi::Value& value) {
  const size_t kernels = run.training.kernels.size();
  if (kernels == 0) throw Napi::RangeError::New(value.Env(), "layer: this network has no weight layers");
  return integer(value, "layer", 0, kernels - 1);
}

/** attract(training, layer, target, strength) */
Napi::Value attract(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  const size_t kernel = kernelNumber(*run, info[1]);
  if (run->training.kernels[kernel].rule != WeightRule::Dense) throw Napi::RangeError::New(info.Env(), "layer: only a dense layer is attracted");
  const Span<float> target = floats(info[2], "target", run->training.parameters().kernels[kernel].size);
  run->training.attract(kernel, target.data, float(finite(info[3], "strength")));
  return info.Env().Undefined();
}

Napi::Value connections(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  const Kernel& kernel = run->training.parameters().kernels[kernelNumber(*run, info[1])];
  if (kernel.sparse) return toPositions(info.Env(), kernel.index);
  Napi::Uint32Array all = Napi::Uint32Array::New(info.Env(), kernel.size);
  for (size_t i = 0; i < kernel.size; i++) all[i] = uint32_t(i);
  return all;
}

/** reconnect(training, layer, {drop, grow, values, resetMomentum}) */
Napi::Value reconnectKernel(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  const size_t kernel = kernelNumber(*run, info[1]);
  const Napi::Object change = objectAt(info[2], "change");
  const Span<uint32_t> drop = positions(field(change, "drop"), "drop"), grow = positions(field(change, "grow"), "grow");
  const Span<float> values = floats(field(change, "values"), "values", grow.size);
  if (run->training.kernels[kernel].rule == WeightRule::Dense) throw Napi::RangeError::New(info.Env(), "layer: a dense layer has no connections to exchange");
  run->training.reconnect(kernel, {drop.data, grow.data, values.data, drop.size, grow.size, flag(field(change, "resetMomentum"), "resetMomentum")});
  return info.Env().Undefined();
}

Napi::Value tensors(const Info& info) { return writeTensors(info.Env(), open<TrainingRun>(info[0], "training")->training.parameters()); }

Napi::Value state(const Info& info) { return writeState(info.Env(), open<TrainingRun>(info[0], "training")->training); }

Napi::Value firstNonFinite(const Info& info) {
  const auto run = open<TrainingRun>(info[0], "training");
  std::vector<const Tape*> tapes;
  for (const auto& tape : run->tapes) tapes.push_back(&tape.second);
  const std::string name = run->training.firstNonFinite(tapes);
  return name.empty() ? info.Env().Null() : Napi::String::New(info.Env(), name);
}

}  // namespace

void addTraining(Napi::Object& exports) {
  add<createTraining>(exports, "createTraining");
  add<inferenceOf>(exports, "inferenceOf");
  add<forward>(exports, "forward");
  add<updateStatistics>(exports, "updateStatistics");
  add<backward>(exports, "backward");
  add<discard>(exports, "discard");
  add<gradient>(exports, "gradient");
  add<collectFully>(exports, "collectFully");
  add<attract>(exports, "attract");
  add<step>(exports, "step");
  add<connections>(exports, "connections");
  add<reconnectKernel>(exports, "reconnect");
  add<tensors>(exports, "tensors");
  add<state>(exports, "state");
  add<firstNonFinite>(exports, "firstNonFinite");
}

}  // namespace sparse_robust
