// A network's layers as the executor sees them: numbers instead of names, and the shape of every value.
#pragma once
#include <string>
#include <vector>

#include "kernels.h"
#include "passes.h"

namespace sparse_robust {

enum class Op { Normalize, Conv, BatchNorm, Relu, MaximumPool, AveragePool, Add, Flatten, Dense };

enum class Padding { Same, Valid, Number };

/** Values are counted: 0 is the batch of images, i + 1 the output of layer i. */
struct Layer {
  std::string name;
  Op op;
  std::vector<int> inputs;
  std::vector<double> mean, deviation;   // Normalize
  int filters = 0, kernel = 0, stride = 0, pad = 0;
  Padding padding = Padding::Same;
  bool hasBias = false;
  int size = 0;                          // pools; 0: the whole plane
  bool channelsFirst = true;             // Flatten
  double epsilon = 0, momentum = 0;      // BatchNorm

  Plane in, out;                         // set by `inferShapes`, as is what follows
  bool flat = false;
  ConvShape conv;                        // Conv, Dense
  PoolShape pool;

  bool hasKernel() const { return op == Op::Conv || op == Op::Dense; }
  size_t weights() const { return size_t(out.channels) * in.channels * conv.kernel * conv.kernel; }
};

struct Graph {
  Plane input;
  int classes;
  std::vector<Layer> layers;

  const Plane& plane(int value) const { return value == 0 ? input : layers[value - 1].out; }
  int outputValue() const { return int(layers.size()); }
};

/** Checks every layer against its inputs and fills in the shapes. Throws std::out_of_range naming the layer. */
void inferShapes(Graph& graph);

}  // namespace sparse_robust
