// What the addon exports: functions on handles; src/engines/native.ts is their one caller.
#include "handles.h"
#include "largest.h"
#include "random.h"
#include "threads.h"

namespace sparse_robust {
namespace {

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

/** largest(values, count, whether the first go first among equals): ascending positions. */
Napi::Value largest(const Info& info) {
  const Span<float> values = floats(info[0], "values");
  const size_t count = integer(info[1], "count", 0, values.size);
  const Ties ties = flag(info[2], "first") ? Ties::First : Ties::Last;
  Napi::Uint32Array chosen = Napi::Uint32Array::New(info.Env(), count);
  largestMagnitudes(values.data, values.size, count, ties, chosen.Data());
  return chosen;
}

Napi::Value dispose(const Info& info) {
  if (disposeAs<Inference>(info[0]) || disposeAs<TrainingRun>(info[0]) || disposeAs<Ascent>(info[0])) return info.Env().Undefined();
  throw Napi::TypeError::New(info.Env(), "handle must be one of the engine's");
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  enterPool();
  napi_add_env_cleanup_hook(env, [](void*) { leavePool(); }, nullptr);
  add<describe>(exports, "describe");
  add<normals>(exports, "normals");
  add<largest>(exports, "largest");
  add<dispose>(exports, "dispose");
  addInference(exports);
  addTraining(exports);
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, initialize)

}  // namespace
}  // namespace sparse_robust
