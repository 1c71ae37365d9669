// What the addon exports: functions on handles, which are objects with a type tag; src/engines/native.ts is their one caller.
#include <cmath>
#include <map>
#include <new>
#include <stdexcept>

#include "ascent.h"
#include "border.h"
#include "random.h"
#include "threads.h"

namespace sparse_robust {
namespace {

/** Training with its live tapes, by number. */
struct TrainingRun {
  Training training;
  std::map<uint32_t, Tape> tapes;
  uint32_t nextTape = 0;

  TrainingRun(const Machine& machine, std::shared_ptr<Parameters> parameters) : training(machine, std::move(parameters)) {}
};

// Random, so that no other addon's objects pass for ours.
constexpr napi_type_tag tagOf(const Inference*) { return {0x3c1f9a60d7b24e85, 0x91e6b0c5f2483d7a}; }
constexpr napi_type_tag tagOf(const TrainingRun*) { return {0xa94d1e7725c0468b, 0xb3f85e0d6a91c274}; }
constexpr napi_type_tag tagOf(const Ascent*) { return {0x58e02bb3f4164c9d, 0x8c7da1396ef05b42}; }

size_t bytesOf(const Inference& inference) { return inference.bytes(); }
size_t bytesOf(const TrainingRun& run) { return run.training.bytes(); }
size_t bytesOf(const Ascent& ascent) { return ascent.bytes(); }

template <typename T>
struct Holder {
  std::shared_ptr<T> content;   // null once disposed
  size_t reported = 0;

  /** Tells the collector what the object really weighs. */
  void report(napi_env env) {
    const size_t bytes = content ? bytesOf(*content) : 0;
    int64_t total;
    napi_adjust_external_memory(env, int64_t(bytes) - int64_t(reported), &total);
    reported = bytes;
  }
};

template <typename T>
Napi::Object handle(Napi::Env env, std::shared_ptr<T> content) {
  Napi::Object object = Napi::Object::New(env);
  const napi_type_tag tag = tagOf(content.get());
  auto* holder = new Holder<T>{std::move(content)};
  const auto finalize = [](napi_env env, void* data, void*) {
    auto* holder = static_cast<Holder<T>*>(data);
    holder->content.reset();
    holder->report(env);
    delete holder;
  };
  if (napi_wrap(env, object, holder, finalize, nullptr, nullptr) != napi_ok) {
    delete holder;
    throw Napi::Error::New(env, "cannot make a handle");
  }
  napi_type_tag_object(env, object, &tag);
  holder->report(env);
  return object;
}

template <typename T>
Holder<T>* holderOf(const Napi::Value& value) {
  const napi_type_tag tag = tagOf(static_cast<T*>(nullptr));
  bool matches = false;
  void* holder = nullptr;
  if (!value.IsObject() || napi_check_object_type_tag(value.Env(), value, &tag, &matches) != napi_ok || !matches) return nullptr;
  return napi_unwrap(value.Env(), value, &holder) == napi_ok ? static_cast<Holder<T>*>(holder) : nullptr;
}

template <typename T>
std::shared_ptr<T> open(const Napi::Value& value, const char* name) {
  Holder<T>* holder = holderOf<T>(value);
  if (holder == nullptr) throw Napi::TypeError::New(value.Env(), std::string(name) + " must be a handle of the engine of that kind");
  if (!holder->content) throw Napi::Error::New(value.Env(), std::string(name) + " was disposed");
  return holder->content;
}

template <typename T>
bool disposeAs(const Napi::Value& value) {
  Holder<T>* holder = holderOf<T>(value);
  if (holder == nullptr) return false;
  holder->content.reset();
  holder->report(value.Env());
  return true;
}

using Info = Napi::CallbackInfo;

Napi::Value describe(const Info& info) {
  Napi::Object described = Napi::Object::New(info.Env());
  described.Set("target", chooseTarget(text(info[0], "target")).name);
  described.Set("targets", usableTargets());
  return described;
}

/** normals(seed, purpose code, a, b, first index, count): core/rng.ts's normalAt in a row, for its test. */
Napi::Value normals(const Info& info) {
  const auto word = [&](int i, const char* name) { return uint32_t(integer(info[i], name, 0, 0xffffffffu)); };
  Normals stream(integer(info[0], "seed", 0, (uint64_t(1) << 53) - 1), word(1, "purpose"), word(2, "a"), word(3, "b"));
  const uint32_t first = word(4, "first");
  Napi::Float64Array drawn = Napi::Float64Array::New(info.Env(), integer(info[5], "count", 0, 1u << 24));
  for (uint32_t i = 0; i < drawn.ElementLength(); i++) drawn[i] = stream.at(first + i);
  return drawn;
}

Napi::Value createInference(const Info& info) {
  const std::shared_ptr<Parameters> parameters = parametersOf(info[0]);
  for (Kernel& kernel : parameters->kernels) makeCanonical(kernel);
  return handle(info.Env(), std::make_shared<Inference>(machineOf(info[1]), parameters));
}

Napi::Value logits(const Info& info) {
  const auto inference = open<Inference>(info[0], "inference");
  size_t count = 0;
  const Span<float> batch = images(info[1], "images", inference->graph(), count);
  Napi::Float32Array result = Napi::Float32Array::New(info.Env(), count * inference->graph().classes);
  inference->forward(count, inference->imagesOf(batch.data, count), result.Data(), false);
  holderOf<Inference>(info[0])->report(info.Env());
  return result;
}

/** takeTimes(inference): seconds in its steps since the last call, over all threads, for the benchmark. */
Napi::Value takeTimes(const Info& info) {
  const StepTimes times = open<Inference>(info[0], "inference")->takeTimes();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("convolutions", times.convolutions);
  result.Set("others", times.others);
  return result;
}

/** Marks the pass between a forward and its backward, in which `lossGradient` runs and may call anything. */
class PendingPass {
 public:
  PendingPass(Napi::Env env, Inference& inference) : inference_(inference) {
    if (inference.pending) throw Napi::Error::New(env, "lossGradient must not start another gradient on the same network");
    inference_.pending = true;
  }
  ~PendingPass() { inference_.pending = false; }

 private:
  Inference& inference_;
};

/** The gradient that the program above answers to these logits. */
Span<float> ask(const Napi::Function& lossGradient, const Napi::Float32Array& logits, Napi::Value& answer) {
  const size_t size = logits.ElementLength();
  answer = lossGradient.Call({logits});
  return floats(answer, "the result of lossGradient", size);
}

Napi::Value inputGradient(const Info& info) {
  const Napi::Env env = info.Env();
  const auto inference = open<Inference>(info[0], "inference");
  size_t count = 0;
  const Span<float> batch = images(info[1], "images", inference->graph(), count);
  const Napi::Function lossGradient = function(info[2], "lossGradient");
  const PendingPass pass(env, *inference);
  Napi::Float32Array logits = Napi::Float32Array::New(env, count * inference->graph().classes);
  inference->forward(count, inference->imagesOf(batch.data, count), logits.Data(), true);
  Napi::Value answer;
  const Span<float> top = ask(lossGradient, logits, answer);
  Napi::Float32Array gradient = Napi::Float32Array::New(env, batch.size);
  inference->backward(count, top.data, inference->gradientInto(gradient.Data(), count));
  if (Holder<Inference>* holder = holderOf<Inference>(info[0])) holder->report(env);
  Napi::Object result = Napi::Object::New(env);
  result.Set("logits", logits);
  result.Set("gradient", gradient);
  return result;
}

/** createAscent(inference, images, origin, {norm, epsilon, stepSize, low, high}) */
Napi::Value createAscent(const Info& info) {
  const auto inference = open<Inference>(info[0], "inference");
  size_t count = 0;
  const Span<float> start = images(info[1], "images", inference->graph(), count);
  const Span<float> origin = floats(info[2], "origin", start.size);
  const Napi::Object rule = objectAt(info[3], "rule");
  const std::string norm = text(field(rule, "norm"), "norm");
  if (norm != "linf" && norm != "l2") throw Napi::RangeError::New(info.Env(), "norm is \"" + norm + "\"; it must be linf or l2");
  const auto number = [&](const char* key) { return float(finite(field(rule, key), key)); };
  const AscentRule rules{norm == "linf", number("epsilon"), number("stepSize"), number("low"), number("high")};
  if (rules.epsilon < 0) throw Napi::RangeError::New(info.Env(), "epsilon must not be negative");
  if (rules.low > rules.high) throw Napi::RangeError::New(info.Env(), "bounds must be [low, high]");
  return handle(info.Env(), std::make_shared<Ascent>(inference, rules, start.data, origin.data, count));
}

Napi::Value advance(const Info& info) {
  const auto ascent = open<Ascent>(info[0], "ascent");
  const uint64_t steps = integer(info[1], "steps", 0, 1u << 20);
  const Napi::Function lossGradient = function(info[2], "lossGradient");
  Inference& inference = ascent->inference();
  for (uint64_t step = 0; step < steps; step++) {
    const Napi::HandleScope scope(info.Env());
    const PendingPass pass(info.Env(), inference);
    Napi::Float32Array logits = Napi::Float32Array::New(info.Env(), ascent->count() * inference.graph().classes);
    ascent->forward(logits.Data());
    Napi::Value answer;
    ascent->move(ask(lossGradient, logits, answer).data);
  }
  return info.Env().Undefined();
}

Napi::Value ascentImages(const Info& info) {
  const auto ascent = open<Ascent>(info[0], "ascent");
  const Plane& plane = ascent->inference().graph().input;
  Napi::Float32Array result = Napi::Float32Array::New(info.Env(), ascent->count() * plane.channels * plane.height * plane.width);
  ascent->read(result.Data());
  return result;
}

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
  if (trainable != "all" && trainable != "batchnorm") throw Napi::RangeError::New(info.Env(), "trainable is \"" + trainable + "\"; it must be all or batchnorm");
  run->training.step({rule == "sgdw", number("learningRate"), number("momentum"), number("weightDecay"), trainable == "batchnorm", noiseOf(field(options, "noise"))});
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

Napi::Value dispose(const Info& info) {
  if (disposeAs<Inference>(info[0]) || disposeAs<TrainingRun>(info[0]) || disposeAs<Ascent>(info[0])) return info.Env().Undefined();
  throw Napi::TypeError::New(info.Env(), "handle must be one of the engine's");
}

/** Exceptions of the parts that know no JavaScript, by what they mean. */
template <Napi::Value (*call)(const Info&)>
Napi::Value guarded(const Info& info) {
  try {
    return call(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::out_of_range& error) {
    throw Napi::RangeError::New(info.Env(), error.what());
  } catch (const std::invalid_argument& error) {
    throw Napi::TypeError::New(info.Env(), error.what());
  } catch (const std::bad_alloc&) {
    Napi::Error error = Napi::Error::New(info.Env(), "out of memory");
    error.Set("code", "ERR_OUT_OF_MEMORY");
    throw error;
  }
}

template <Napi::Value (*call)(const Info&)>
void add(Napi::Object& exports, const char* name) {
  exports.Set(name, Napi::Function::New<guarded<call>>(exports.Env(), name));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  enterPool();
  napi_add_env_cleanup_hook(env, [](void*) { leavePool(); }, nullptr);
  add<describe>(exports, "describe");
  add<normals>(exports, "normals");
  add<createInference>(exports, "createInference");
  add<logits>(exports, "logits");
  add<inputGradient>(exports, "inputGradient");
  add<takeTimes>(exports, "takeTimes");
  add<createAscent>(exports, "createAscent");
  add<advance>(exports, "advance");
  add<ascentImages>(exports, "ascentImages");
  add<createTraining>(exports, "createTraining");
  add<inferenceOf>(exports, "inferenceOf");
  add<forward>(exports, "forward");
  add<updateStatistics>(exports, "updateStatistics");
  add<backward>(exports, "backward");
  add<discard>(exports, "discard");
  add<gradient>(exports, "gradient");
  add<step>(exports, "step");
  add<connections>(exports, "connections");
  add<reconnectKernel>(exports, "reconnect");
  add<tensors>(exports, "tensors");
  add<state>(exports, "state");
  add<firstNonFinite>(exports, "firstNonFinite");
  add<dispose>(exports, "dispose");
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, initialize)

}  // namespace
}  // namespace sparse_robust
