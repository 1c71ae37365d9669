// Handles: objects with a type tag that own a part of the engine, and the functions that take them.
#pragma once
#include <map>
#include <new>
#include <stdexcept>

#include "ascent.h"
#include "border.h"

namespace sparse_robust {

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

inline size_t bytesOf(const Inference& inference) { return inference.bytes(); }
inline size_t bytesOf(const TrainingRun& run) { return run.training.bytes(); }
inline size_t bytesOf(const Ascent& ascent) { return ascent.bytes(); }

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

/** The exports of addon-inference.cc and addon-training.cc. */
void addInference(Napi::Object& exports);
void addTraining(Napi::Object& exports);

}  // namespace sparse_robust
