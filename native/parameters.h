// The parameters of a network, shared by its inference and its training, and the kernels' own copies of the weights.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "arena.h"
#include "graph.h"

namespace sparse_robust {

/** Weights in the order of one direction's kernel. */
struct PackedWeights {
  ConvPlan plan;
  Buffer bytes;
};

/** Weights of a conv or dense layer: all of them, or connections at ascending positions. */
struct Kernel {
  int layer;                       // in the graph
  ConvShape shape;
  size_t size;                     // of the dense tensor
  bool sparse;
  std::vector<uint32_t> index;     // empty if not sparse
  std::vector<float> value;
  std::vector<float> bias;         // empty: none
  PackedWeights forward, backward;
  bool stale = true;               // the packed copies are older than the values

  Weights weights() const;
};

struct Norm {
  int layer;
  std::vector<float> gamma, beta, mean, variance;
};

class Parameters {
 public:
  explicit Parameters(std::shared_ptr<const Graph> graph) : graph_(std::move(graph)) {}

  const Graph& graph() const { return *graph_; }
  std::vector<Kernel> kernels;     // in graph order
  std::vector<Norm> norms;         // in graph order

  /** By layer of the graph, which must have one. */
  const Kernel& kernelOf(int layer) const;
  Kernel& kernelOf(int layer);
  const Norm& normOf(int layer) const;
  Norm& normOf(int layer);

  /** To be called after every change of values; `prepare` then brings packed copies up to date. */
  void changed() { version_++; }
  size_t version() const { return version_; }
  void prepare(int threads);

  size_t bytes() const;

 private:
  std::shared_ptr<const Graph> graph_;
  size_t version_ = 1, prepared_ = 0;
};

/** Keeps only the connections that are not 0. */
void dropZeros(Kernel& kernel);

/** One form for equal weights, so that neither cost nor bits depend on how a file stores them: without zeros, dense if none. */
void makeCanonical(Kernel& kernel);

}  // namespace sparse_robust
