// Packing: after a change, every kernel is planned by its connection count and written in both directions' order.
#include "parameters.h"

#include <atomic>
#include <stdexcept>

#include "threads.h"

namespace sparse_robust {
namespace {

template <typename Item>
Item& find(std::vector<Item>& items, int layer) {
  for (Item& item : items)
    if (item.layer == layer) return item;
  throw std::logic_error("a layer has no parameters");
}

struct PackTask {
  const Kernel* kernel;
  PackedWeights* packed;
  Buffer scratch;
};

void addTask(std::vector<PackTask>& tasks, Kernel& kernel, Direction direction) {
  PackedWeights& packed = direction == Direction::Forward ? kernel.forward : kernel.backward;
  packed.plan = planConv(kernel.shape, kernel.value.size(), direction);
  packed.bytes.reserve(packedBytes(packed.plan, kernel.value.size()));
  tasks.push_back({&kernel, &packed, Buffer(packScratchBytes(packed.plan, kernel.value.size()))});
}

}  // namespace

Weights Kernel::weights() const {
  static const uint32_t none = 0;   // a kernel without connections is not a dense one
  return {sparse ? (index.empty() ? &none : index.data()) : nullptr, value.data(), value.size()};
}

const Kernel& Parameters::kernelOf(int layer) const { return find(const_cast<Parameters*>(this)->kernels, layer); }
Kernel& Parameters::kernelOf(int layer) { return find(kernels, layer); }
const Norm& Parameters::normOf(int layer) const { return find(const_cast<Parameters*>(this)->norms, layer); }
Norm& Parameters::normOf(int layer) { return find(norms, layer); }

void Parameters::prepare(int threads) {
  if (prepared_ == version_) return;
  std::vector<PackTask> tasks;
  for (Kernel& kernel : kernels) {
    if (!kernel.stale) continue;
    addTask(tasks, kernel, Direction::Forward);
    addTask(tasks, kernel, Direction::InputGradient);
  }
  parallel(threads, tasks.size(), [&](size_t i, int) {
    packWeights(tasks[i].packed->plan, tasks[i].kernel->weights(), tasks[i].packed->bytes.data(), tasks[i].scratch.data());
  });
  for (Kernel& kernel : kernels) kernel.stale = false;
  prepared_ = version_;
}

size_t Parameters::bytes() const {
  size_t total = 0;
  for (const Kernel& kernel : kernels)
    total += kernel.value.size() * 4 + kernel.index.size() * 4 + kernel.forward.bytes.bytes() + kernel.backward.bytes.bytes();
  return total;
}

void dropZeros(Kernel& kernel) {
  std::vector<uint32_t> index;
  std::vector<float> value;
  for (size_t i = 0; i < kernel.value.size(); i++) {
    if (kernel.value[i] == 0) continue;
    index.push_back(kernel.sparse ? kernel.index[i] : uint32_t(i));
    value.push_back(kernel.value[i]);
  }
  kernel.index = std::move(index);
  kernel.value = std::move(value);
  kernel.sparse = kernel.stale = true;
}

void makeCanonical(Kernel& kernel) {
  dropZeros(kernel);
  if (kernel.value.size() < kernel.size) return;
  kernel.index.clear();
  kernel.sparse = false;
}

}  // namespace sparse_robust
