// The step is done where the gradient of the lowest layer was stored, block by block on the core that computed it.
#include "ascent.h"

#include "threads.h"

namespace sparse_robust {

Ascent::Ascent(std::shared_ptr<Inference> inference, const AscentRule& rule, const float* images, const float* origin, size_t count)
    : inference_(std::move(inference)), rule_(rule), count_(count) {
  const size_t bytes = blocksOf(count) * inference_->graph().input.lines() * kLine * sizeof(float);
  images_.reserve(bytes);
  origin_.reserve(bytes);
  const ImageSource fromImages = inference_->imagesOf(images, count), fromOrigin = inference_->imagesOf(origin, count);
  parallel(inference_->machine().threads, blocksOf(count), [&](size_t b, int) {
    fromImages(b, block(images_, b));
    fromOrigin(b, block(origin_, b));
  });
}

float* Ascent::block(const Buffer& buffer, size_t number) const {
  return buffer.floats() + number * inference_->graph().input.lines() * kLine;
}

void Ascent::forward(float* logits) {
  inference_->forward(count_, [this](size_t b, float*) { return block(images_, b); }, logits, true);
}

void Ascent::move(const float* logitGradient) {
  const Passes& passes = *inference_->machine().target->passes;
  inference_->backward(count_, logitGradient, [&](size_t b, const float* gradient) {
    const AscentCall call{inference_->graph().input, block(images_, b), block(origin_, b), gradient, rule_.epsilon, rule_.stepSize, rule_.low, rule_.high};
    if (rule_.signs) passes.signStep(call);
    else passes.normStep(call);
  });
}

void Ascent::read(float* images) const {
  const GradientSink sink = inference_->gradientInto(images, count_);
  parallel(inference_->machine().threads, blocksOf(count_), [&](size_t b, int) { sink(b, block(images_, b)); });
}

}  // namespace sparse_robust
