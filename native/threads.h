// One pool of threads for the whole process, shared by all environments (the main thread and workers of Node).
#pragma once
#include <cstddef>
#include <functional>

namespace sparse_robust {

/** An environment loads the addon; the pool lives until the last one has called `leavePool`, which joins its threads. */
void enterPool();
void leavePool();

/**
 * Calls task(index, thread) for every index in [0, tasks), at most `threads` at a time, the caller's thread among them;
 * `thread` is in [0, threads). Tasks must not throw. Which thread does what is not defined, so no result may depend on it.
 */
void parallel(int threads, size_t tasks, const std::function<void(size_t index, int thread)>& task);

}  // namespace sparse_robust
