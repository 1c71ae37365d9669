// A network under training: forward passes that keep what their backward needs, gradients, and the optimiser's state.
#pragma once
#include <memory>
#include <string>

#include "blocks.h"
#include "optimizer.h"
#include "step-runner.h"

namespace sparse_robust {

struct BatchStatistics {
  std::vector<double> mean, variance;   // biased
};

/** What one forward pass left behind. */
struct Tape {
  size_t images = 0;
  std::vector<Buffer> values;               // [value] inputs of convolutions and of batch-norm
  std::vector<Buffer> masks, chosen;        // [value], [step]
  std::vector<StepVectors> vectors;         // [step]
  std::vector<BatchStatistics> statistics;  // [step]
};

class Training {
 public:
  Training(const Machine& machine, std::shared_ptr<Parameters> parameters);

  Parameters& parameters() { return *parameters_; }
  const Machine& machine() const { return machine_; }
  std::vector<KernelState> kernels;   // like those of the parameters
  std::vector<NormState> norms;

  /** Images [images, height, width, channel] to logits [images, classes]. */
  Tape forward(const float* images, size_t count, float* logits);
  void updateStatistics(const Tape& tape, bool unbiased);
  void backward(Tape&& tape, const float* logitGradient);
  void discard(Tape&& tape);

  /** Adds strength (w - target) to the gradient of a dense kernel; `target` holds every position. */
  void attract(size_t kernel, const float* target, float strength);

  void step(const StepOptions& options);
  void reconnect(size_t kernel, const Reconnection& change);

  /** Sizes the momenta that are not there yet, and the gradients; to be called when rules or connections were set. */
  void prepareState();

  /** Whether no gradient was collected since the last step. */
  bool isClean() const;

  /** Name of the first layer whose parameters, or whose output on one of the tapes, are not finite; empty: none. */
  std::string firstNonFinite(const std::vector<const Tape*>& tapes) const;

  size_t bytes() const { return pool_.bytes() + parameters_->bytes(); }

 private:
  struct Pass;   // of a backward

  Buffer takeValue(int value, size_t images);
  float* block(const Buffer& buffer, int value, size_t number) const;
  std::vector<const float*> blocksOfValue(const Buffer& buffer, int value, size_t images) const;
  void keepScratch();
  void runForward(size_t step, Tape& tape);
  void normForward(size_t step, Tape& tape);
  void release(size_t step, Tape& tape);
  bool isBatchNorm(const Step& step) const;

  void runBackward(size_t step, Pass& pass);
  void normBackward(size_t step, Pass& pass);
  void weightGradient(const Step& step, Pass& pass);
  void biasGradient(const Step& step, Pass& pass);
  PartBlocks partBlocks(const Part& part, const Group& group, Pass& pass);
  GradientBlocks gradientBlocks(size_t step, const Group& group, Pass& pass);

  Machine machine_;
  std::shared_ptr<Parameters> parameters_;
  Program program_;
  StepRunner runner_;
  BufferPool pool_;
  std::vector<Buffer> scratch_;   // [thread]
  std::vector<bool> kept_;        // [value]
};

}  // namespace sparse_robust
