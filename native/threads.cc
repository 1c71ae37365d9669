// The pool: workers sleep on a condition variable, take task numbers from one counter, and are joined at the end.
#include "threads.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace sparse_robust {
namespace {

class Pool {
 public:
  ~Pool() {
    {
      std::lock_guard<std::mutex> hold(lock_);
      ending_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  void run(int threads, size_t tasks, const std::function<void(size_t, int)>& task) {
    std::lock_guard<std::mutex> one(turn_);   // environments take turns
    start(threads - 1);
    {
      std::lock_guard<std::mutex> hold(lock_);
      task_ = &task;
      tasks_ = tasks;
      next_ = 0;
      wanted_ = running_ = threads - 1;
      round_++;
    }
    wake_.notify_all();
    work(0);
    std::unique_lock<std::mutex> hold(lock_);
    done_.wait(hold, [this] { return running_ == 0; });
    task_ = nullptr;
  }

 private:
  void start(int workers) {
    while (int(workers_.size()) < workers) {
      const int number = int(workers_.size()) + 1;
      workers_.emplace_back([this, number] { serve(number); });
    }
  }

  void serve(int number) {
    size_t seen = 0;
    std::unique_lock<std::mutex> hold(lock_);
    while (true) {
      wake_.wait(hold, [&] { return ending_ || (round_ != seen && number <= wanted_ && task_ != nullptr); });
      if (ending_) return;
      seen = round_;
      hold.unlock();
      work(number);
      hold.lock();
      if (--running_ == 0) done_.notify_one();
    }
  }

  void work(int thread) {
    for (size_t index = next_++; index < tasks_; index = next_++) (*task_)(index, thread);
  }

  std::mutex turn_, lock_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  const std::function<void(size_t, int)>* task_ = nullptr;
  std::atomic<size_t> next_{0};
  size_t tasks_ = 0, round_ = 0;
  int wanted_ = 0, running_ = 0;
  bool ending_ = false;
};

// On the heap and joined in the last cleanup hook: a static pool would abort the process at exit, a leaked one would run
// code that is no longer mapped when a worker's environment unloads the addon.
std::mutex environments;
int count = 0;
Pool* pool = nullptr;

}  // namespace

void enterPool() {
  std::lock_guard<std::mutex> hold(environments);
  if (count++ == 0) pool = new Pool;
}

void leavePool() {
  std::lock_guard<std::mutex> hold(environments);
  if (--count > 0) return;
  delete pool;
  pool = nullptr;
}

void parallel(int threads, size_t tasks, const std::function<void(size_t, int)>& task) {
  if (threads > 1 && tasks > 1) return pool->run(size_t(threads) < tasks ? threads : int(tasks), tasks, task);
  for (size_t index = 0; index < tasks; index++) task(index, 0);
}

}  // namespace sparse_robust
