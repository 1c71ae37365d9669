// One step of a program on up to kBlocksTogether blocks, forward and backward.
#pragma once
#include <vector>

#include "parameters.h"
#include "steps.h"
#include "targets.h"

namespace sparse_robust {

/** Where calls run. */
struct Machine {
  const Target* target;
  int threads;
};

/** Per-channel numbers of a step's norm and bias; empty: none. */
struct StepVectors {
  std::vector<float> center, scale, shift;
};

/** From running statistics: y = gamma (x - mean) / sqrt(variance + epsilon) + beta. Computed in double, rounded once. */
StepVectors vectorsOf(const Parameters& parameters, const Step& step);

struct StepBlocks {
  int count = 0;
  const float* input[kBlocksTogether];
  const float* add[kBlocksTogether];
  float* output[kBlocksTogether];
  uint16_t* mask[kBlocksTogether];     // of the relu; null: not kept
  uint16_t* chosen[kBlocksTogether];   // of the maximum pool; null: not kept
  int images[kBlocksTogether];         // of a Map: lanes that are not stored as 0
  Rows rows = {};                      // a band of what it stores, of a convolution, a Map or a pool
};

/** Where one part of a value's gradient goes. */
struct PartBlocks {
  Part part;
  float* gradient[kBlocksTogether];
  const uint16_t* mask[kBlocksTogether];   // of the value's relu, null without
  const float* scale = nullptr;            // of the value's norm
  const uint8_t* wanted = nullptr;         // [channel] of the value; null: all
};

struct GradientBlocks {
  int count = 0;
  float* output[kBlocksTogether];          // gradient of the step's output; its content may be lost
  const uint16_t* chosen[kBlocksTogether];
  PartBlocks input, add;
  Rows rows = {};                          // a band of what is stored
};

class StepRunner {
 public:
  StepRunner(const Machine& machine, const Parameters& parameters) : machine_(machine), parameters_(parameters) {}

  size_t scratchBytes(const Step& step) const;

  void forward(const Step& step, const StepVectors& vectors, const StepBlocks& blocks, char* scratch) const;
  void backward(const Step& step, const StepVectors& vectors, const GradientBlocks& blocks, char* scratch) const;

  /** The part of the sum only, or of the input only. */
  void backwardAdd(const Step& step, const GradientBlocks& blocks) const;
  void backwardInput(const Step& step, const StepVectors& vectors, const GradientBlocks& blocks, char* scratch) const;

  static GradientEnd endOf(const PartBlocks& part, int block);

 private:
  void convForward(const Step& step, const StepVectors& vectors, const StepBlocks& blocks, char* scratch) const;
  void convBackward(const Step& step, const StepVectors& vectors, const GradientBlocks& blocks, char* scratch) const;
  void forwardBlock(const Step& step, const StepVectors& vectors, const StepBlocks& blocks, int block) const;
  void backwardBlock(const Step& step, const StepVectors& vectors, const GradientBlocks& blocks, int block) const;

  const Layer& layerOf(const Step& step) const { return parameters_.graph().layers[step.layer]; }
  const Passes& passes() const { return *machine_.target->passes; }

  const Machine& machine_;
  const Parameters& parameters_;
};

}  // namespace sparse_robust
