// The order of work: a graph's layers joined into steps, each one kernel call that ends in one store.
#pragma once
#include <vector>

#include "graph.h"

namespace sparse_robust {

enum class StepKind { Conv, Map, MaximumPool, AveragePool, Flatten };

/** output = relu?(norm(operation(input)) + add). Map is the operation that does nothing. */
struct Step {
  StepKind kind;
  int layer;           // the operation's, or the norm's, the sum's or the relu's where it is a Map
  int norm = -1;       // layer of a batchnorm or normalize
  int input = -1, add = -1, output = -1;   // values
  bool relu = false;
  bool joinsRelu = false;   // of a maximum: the bits of what it chose hold those of its input's relu, which nobody else reads

  /** The gradient with respect to a convolution's sums is the output's times the norm's scale. */
  bool scalesGradient() const { return kind == StepKind::Conv && norm >= 0; }
};

/** One part of the gradient of `value` that a step gives: the first is stored, later ones are added, the last one ends it. */
struct Part {
  int value = -1;      // -1: none is wanted
  bool first = false, last = false;
};

struct Program {
  std::vector<Step> steps;
  std::vector<int> producer;           // [value] its step, -1 for images and what no step stores
  std::vector<Part> inputPart, addPart;   // [step], in the order of the backward pass: add before input
  std::vector<int> lastUse;            // [value] last step that reads it; steps.size() for the logits
  std::vector<bool> wantsGradient;     // [value]
};

/** For inference: batch-norm is folded into the convolution before it, gradients go down to the images. */
Program compileInference(const Graph& graph);

/** For training: batch-norm is a step of its own, gradients go down to the lowest parameters. */
Program compileTraining(const Graph& graph);

}  // namespace sparse_robust
