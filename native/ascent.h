// Projected gradient ascent on images that stay in the blocked layout between steps.
#pragma once
#include "inference.h"

namespace sparse_robust {

struct AscentRule {
  bool signs;   // linf; else l2
  float epsilon, stepSize, low, high;
};

class Ascent {
 public:
  /** `images` and `origin` [count, height, width, channel] are copied. */
  Ascent(std::shared_ptr<Inference> inference, const AscentRule& rule, const float* images, const float* origin, size_t count);

  Inference& inference() { return *inference_; }
  size_t count() const { return count_; }

  /** Half a step each: logits of the images as they are, then the move along the gradient. */
  void forward(float* logits);
  void move(const float* logitGradient);

  void read(float* images) const;
  size_t bytes() const { return images_.bytes() + origin_.bytes(); }

 private:
  float* block(const Buffer& buffer, size_t number) const;

  std::shared_ptr<Inference> inference_;
  AscentRule rule_;
  size_t count_;
  Buffer images_, origin_;
};

}  // namespace sparse_robust
