// JavaScript values to plain ones, with every check that memory depends on. A failure throws a TypeError or RangeError that
// names the argument, what it is and what would be right.
#pragma once
#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "inference.h"
#include "training.h"

namespace sparse_robust {

template <typename T>
struct Span {
  T* data;
  size_t size;
};

using Name = const std::string&;

Napi::Object objectAt(const Napi::Value& value, Name name);
Napi::Value field(const Napi::Object& object, const char* key);
std::string text(const Napi::Value& value, Name name);
bool flag(const Napi::Value& value, Name name);
double finite(const Napi::Value& value, Name name);
uint64_t integer(const Napi::Value& value, Name name, uint64_t least, uint64_t most);
Span<float> floats(const Napi::Value& value, Name name);
Span<float> floats(const Napi::Value& value, Name name, size_t size);
Span<uint32_t> positions(const Napi::Value& value, Name name);
Napi::Function function(const Napi::Value& value, Name name);

/** Float32Array of whole images; gives their number, at least 1. */
Span<float> images(const Napi::Value& value, Name name, const Graph& graph, size_t& count);

Napi::Float32Array toFloats(Napi::Env env, const std::vector<float>& values);
Napi::Uint32Array toPositions(Napi::Env env, const std::vector<uint32_t>& values);

template <typename T>
std::vector<T> copied(const Span<T>& values) {
  return {values.data, values.data + values.size};
}

/** From {index, values}: ascending positions below `size`, and as many values. */
void readConnections(const Napi::Object& tensor, Name name, size_t size, std::vector<uint32_t>& index, std::vector<float>& values);

/** {target, threads} */
Machine machineOf(const Napi::Value& value);

/** {input, classes, layers, tensors}: the graph with its parameters (border-network.cc). */
std::shared_ptr<Parameters> parametersOf(const Napi::Value& value);

/** Adds {rules, full, state} of the same object to a training of its parameters (border-training.cc, as what follows). */
void readTraining(const Napi::Value& value, Training& training);

/** [{name, values, index?}] in graph order, and [{name, values}] of the optimiser's state. */
Napi::Array writeTensors(Napi::Env env, const Parameters& parameters);
Napi::Array writeState(Napi::Env env, Training& training);

}  // namespace sparse_robust
