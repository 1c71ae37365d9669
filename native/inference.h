// A network with constant parameters: each group of blocks runs through all steps on one core, without a barrier.
#pragma once
#include <functional>
#include <memory>

#include "bands.h"
#include "blocks.h"
#include "step-runner.h"

namespace sparse_robust {

/** Gives a block of images in the blocked layout: `slot` filled, or memory that holds it already. */
using ImageSource = std::function<const float*(size_t block, float* slot)>;

/** Takes a block of the gradient with respect to the images. */
using GradientSink = std::function<void(size_t block, const float* gradient)>;

/** Seconds that all threads together spent in one step of a network, forward and back. */
struct StepTime {
  int layer;
  bool isConvolution;
  double seconds;
};

class Inference {
 public:
  Inference(const Machine& machine, std::shared_ptr<Parameters> parameters);

  const Graph& graph() const { return parameters_->graph(); }
  const Machine& machine() const { return machine_; }

  /** Logits [images, classes]. With `keep`, what `backward` needs is kept until the next forward that keeps. */
  void forward(size_t images, const ImageSource& source, float* logits, bool keep);

  /** After a forward that kept: gradient with respect to the images from that with respect to the logits. */
  void backward(size_t images, const float* logitGradient, const GradientSink& sink);

  ImageSource imagesOf(const float* images, size_t count) const;
  GradientSink gradientInto(float* gradient, size_t count) const;

  /** Set while a forward's masks wait for their backward: only one such pass at a time. */
  bool pending = false;

  /** [step] Since the last call. */
  std::vector<StepTime> takeTimes();

  size_t bytes() const;

 private:
  /** What one thread works in: scratch of the kernels, then a slot for each block of a group and one more. */
  struct Space {
    Buffer arena;
    std::vector<double> seconds;   // [step]
  };

  void update();
  void placeMasks();
  void countAlone();
  bool staysAlone(const Step& step) const;
  void shareGradients();
  void placeValues();
  void lengthenInChains(std::vector<Lifetime>& lives, const std::vector<Chain>& chains, bool backwards) const;
  size_t floatsAbove(const Chain& chain, const BandState& state, int job) const;
  const uint8_t* wantedOf(int value) const;
  void forwardGroup(const Group& group, size_t images, const ImageSource& source, float* logits, bool keep, Space& space);
  StepBlocks blocksFor(size_t step, const Group& group, int from, int to, const float* const* images, bool keep, Space& space) const;
  void forwardStep(size_t step, const Group& group, int from, int to, const float* const* images, bool keep, Space& space);
  void forwardChain(const Chain& chain, const Group& group, int block, const float* const* images, bool keep, Space& space);
  void backwardGroup(const Group& group, size_t images, const float* logitGradient, const GradientSink& sink, Space& space);
  GradientBlocks gradientBlocksFor(size_t step, const Group& group, int from, int to, Space& space) const;
  void backwardStep(size_t step, const Group& group, int from, int to, Space& space);
  void backwardChain(const Chain& chain, const Group& group, int block, Space& space);
  PartBlocks partBlocks(const Part& part, const Group& group, int from, int to, Space& space) const;
  bool joinsRelu(int value) const;
  uint16_t* maskOf(int value, size_t block) const;
  uint16_t* chosenOf(size_t step, size_t block) const;
  float* place(Space& space, const Places& places, int value, int block) const;

  Machine machine_;
  std::shared_ptr<Parameters> parameters_;
  Program program_;
  StepRunner runner_;
  std::vector<StepVectors> vectors_;          // [step]
  size_t vectorsVersion_ = 0;
  Places forwardPlaces_, backwardPlaces_;     // [value] in a block's slot
  std::vector<size_t> maskOffset_, chosenOffset_;   // [value], [step], in 16-bit words of a block's part
  size_t maskWords_ = 0, slotBytes_ = 0, scratchBytes_ = 0;
  size_t alone_ = 0;                          // the steps before it take one block at a time
  std::vector<int> sharing_;                  // [value] the one whose gradient lies in the same memory, -1: none
  std::vector<Chain> forwardChains_, backwardChains_;
  std::vector<std::vector<uint8_t>> reached_; // [value][channel] by the images
  std::vector<Space> spaces_;                 // [thread]
  Buffer masks_;
};

}  // namespace sparse_robust
