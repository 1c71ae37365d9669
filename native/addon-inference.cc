// Exports on networks with constant parameters, and ascents on them.
#include "handles.h"

namespace sparse_robust {
namespace {

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

/** takeTimes(inference): [{layer, isConvolution, seconds}] of its steps since the last call, over all threads, for the benchmark. */
Napi::Value takeTimes(const Info& info) {
  const auto inference = open<Inference>(info[0], "inference");
  const std::vector<StepTime> times = inference->takeTimes();
  Napi::Array result = Napi::Array::New(info.Env(), times.size());
  for (size_t i = 0; i < times.size(); i++) {
    Napi::Object step = Napi::Object::New(info.Env());
    step.Set("layer", inference->graph().layers[times[i].layer].name);
    step.Set("isConvolution", times[i].isConvolution);
    step.Set("seconds", times[i].seconds);
    result.Set(uint32_t(i), step);
  }
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

}  // namespace

void addInference(Napi::Object& exports) {
  add<createInference>(exports, "createInference");
  add<logits>(exports, "logits");
  add<inputGradient>(exports, "inputGradient");
  add<takeTimes>(exports, "takeTimes");
  add<createAscent>(exports, "createAscent");
  add<advance>(exports, "advance");
  add<ascentImages>(exports, "ascentImages");
}

}  // namespace sparse_robust
