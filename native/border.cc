// The checks of single values.
#include "border.h"

#include <cmath>

namespace sparse_robust {
namespace {

[[noreturn]] void wrongType(const Napi::Env& env, Name name, const char* expected) {
  throw Napi::TypeError::New(env, name + " must be " + expected);
}

/** The shortest form that a person reads: no trailing zeros. */
std::string shown(double value) {
  if (value == std::floor(value) && std::fabs(value) < 1e15) return std::to_string(int64_t(value));
  return std::to_string(value);
}

void requireLength(const Napi::Env& env, Name name, size_t size, size_t expected) {
  if (size == expected) return;
  throw Napi::RangeError::New(env, name + " has " + std::to_string(size) + " entries; it must have " + std::to_string(expected));
}

}  // namespace

Napi::Object objectAt(const Napi::Value& value, Name name) {
  if (!value.IsObject()) wrongType(value.Env(), name, "an object");
  return value.As<Napi::Object>();
}

Napi::Value field(const Napi::Object& object, const char* key) { return object.Get(key); }

std::string text(const Napi::Value& value, Name name) {
  if (!value.IsString()) wrongType(value.Env(), name, "a string");
  return value.As<Napi::String>().Utf8Value();
}

bool flag(const Napi::Value& value, Name name) {
  if (!value.IsBoolean()) wrongType(value.Env(), name, "true or false");
  return value.As<Napi::Boolean>().Value();
}

double finite(const Napi::Value& value, Name name) {
  if (!value.IsNumber()) wrongType(value.Env(), name, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!std::isfinite(number)) throw Napi::RangeError::New(value.Env(), name + " must be finite");
  return number;
}

uint64_t integer(const Napi::Value& value, Name name, uint64_t least, uint64_t most) {
  const double number = finite(value, name);
  if (number == std::floor(number) && number >= double(least) && number <= double(most)) return uint64_t(number);
  throw Napi::RangeError::New(value.Env(), name + " is " + shown(number) +
                                               "; it must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
}

Span<float> floats(const Napi::Value& value, Name name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) wrongType(value.Env(), name, "a Float32Array");
  Napi::Float32Array array = value.As<Napi::Float32Array>();
  return {array.Data(), array.ElementLength()};
}

Span<float> floats(const Napi::Value& value, Name name, size_t size) {
  const Span<float> all = floats(value, name);
  requireLength(value.Env(), name, all.size, size);
  return all;
}

Span<uint32_t> positions(const Napi::Value& value, Name name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) wrongType(value.Env(), name, "a Uint32Array");
  Napi::Uint32Array array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.ElementLength()};
}

Napi::Function function(const Napi::Value& value, Name name) {
  if (!value.IsFunction()) wrongType(value.Env(), name, "a function");
  return value.As<Napi::Function>();
}

Span<float> images(const Napi::Value& value, Name name, const Graph& graph, size_t& count) {
  const Span<float> all = floats(value, name);
  const size_t entries = size_t(graph.input.height) * graph.input.width * graph.input.channels;
  count = all.size / entries;
  if (count == 0 || all.size % entries != 0) {
    throw Napi::RangeError::New(value.Env(), name + " has " + std::to_string(all.size) + " entries; " +
                                                 "it must have a positive multiple of " + std::to_string(entries));
  }
  return all;
}

Napi::Float32Array toFloats(Napi::Env env, const std::vector<float>& values) {
  Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

Napi::Uint32Array toPositions(Napi::Env env, const std::vector<uint32_t>& values) {
  Napi::Uint32Array array = Napi::Uint32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

void readConnections(const Napi::Object& tensor, Name name, size_t size, std::vector<uint32_t>& index, std::vector<float>& values) {
  index = copied(positions(field(tensor, "index"), name + " index"));
  for (size_t i = 0; i < index.size(); i++) {
    if (index[i] < size && (i == 0 || index[i] > index[i - 1])) continue;
    throw Napi::RangeError::New(tensor.Env(), name + " index: positions must ascend and be below " + std::to_string(size));
  }
  values = copied(floats(field(tensor, "values"), name + " values", index.size()));
}

Machine machineOf(const Napi::Value& value) {
  const Napi::Object object = objectAt(value, "machine");
  return {&chooseTarget(text(field(object, "target"), "target")), int(integer(field(object, "threads"), "threads", 1, 1024))};
}

}  // namespace sparse_robust
