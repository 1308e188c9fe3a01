#include "runtime/pool.hpp"

#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "runtime/config.hpp"
#include "runtime/fault_injection.hpp"

namespace croton::runtime {
namespace {

constexpr int kSpins = 4000;           // some tens of microseconds
constexpr std::int64_t kLongJob = 32;  // grains
constexpr unsigned kDefaultMxcsr = 0x1f80;

int cores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  return sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
}

struct Job {
  PoolBody body = nullptr;
  void* argument = nullptr;
  std::int64_t count = 0, piece = 1;
  bool is_long = false;  // beside what it takes to wake a thread
  std::atomic<std::int64_t> next{0};
  std::atomic<int> status{0};
  std::atomic<bool> was_shared{false};  // workers took pieces of it

  void work(int thread) {
    for (;;) {
      const std::int64_t begin = next.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= count) return;
      if (thread > 0) was_shared.store(true, std::memory_order_relaxed);
      const int s = body(argument, begin, std::min(begin + piece, count), thread);
      int none = 0;
      if (s != 0) status.compare_exchange_strong(none, s);
    }
  }
};

class Pool {
 public:
  explicit Pool(Pool* before_fork) : before_fork_(before_fork) {}

  // Ends the workers, unless a call is in flight: its thread may outlive main, and so do they.
  // Later calls run their work themselves.
  void stop() {
    const std::unique_lock owner(owner_, std::try_to_lock);
    if (!owner.owns_lock()) return;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      gate_.store(next_generation());
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  // False when another caller has the pool, or the program ends.
  bool run(int threads, Job& job) {
    const std::unique_lock owner(owner_, std::try_to_lock);
    if (!owner.owns_lock() || stopping_) return false;
    start_workers(threads - 1);
    job_ = &job;
    wanted_ = threads - 1;
    {
      const std::lock_guard lock(mutex_);
      gate_.store(next_generation() | kOpen, std::memory_order_release);
    }
    const bool wakes = wakes_sleepers(job);
    if (wakes) wake_.notify_all();
    job.work(0);
    // Who has not come by now is not waited for.
    gate_.fetch_and(~kOpen, std::memory_order_acq_rel);
    for (int spin = 0; (gate_.load(std::memory_order_acquire) & kInside) != 0; ++spin)
      spin < kSpins ? _mm_pause() : static_cast<void>(sched_yield());
    if (wakes && !job.is_long) {
      backoff_ = job.was_shared.load(std::memory_order_relaxed)
                     ? 0
                     : std::min(kMostBackoff, std::max(1, 2 * backoff_));
      skips_ = backoff_;
    }
    return true;
  }

 private:
  // Whether workers may enter a job, how many are inside, and which job it is: a worker that enters
  // keeps the job alive, one that comes late finds the gate closed.
  static constexpr std::uint64_t kOpen = 1, kWorker = 2, kInside = 0xfffffffe,
                                 kGeneration = std::uint64_t{1} << 32;
  static constexpr int kMostBackoff = 64;

  [[nodiscard]] std::uint64_t next_generation() const {
    return (gate_.load() / kGeneration + 1) * kGeneration;
  }

  bool enter(std::uint64_t generation) {
    std::uint64_t gate = gate_.load(std::memory_order_acquire);
    while (gate / kGeneration == generation && (gate & kOpen) != 0)
      if (gate_.compare_exchange_weak(gate, gate + kWorker, std::memory_order_acq_rel)) return true;
    return false;
  }

  // A thread that sleeps comes too late for a short job. It is woken for one all the same, since
  // others often follow that it will wait for awake; when it was of no use, because something else
  // has its core, not again for twice as many of them.
  [[nodiscard]] bool wakes_sleepers(const Job& job) {
    if (sleeping_.load() == 0) return false;
    if (job.is_long || skips_ == 0) return true;
    --skips_;
    return false;
  }

  // Fewer when the system has no more threads: the work is shared by those there are.
  void start_workers(int wanted) {
    try {
      while (static_cast<int>(workers_.size()) < wanted) {
        const int index = static_cast<int>(workers_.size()) + 1;
        const std::uint64_t seen = gate_.load() / kGeneration;
        check_thread_start();
        workers_.emplace_back([this, index, seen] { loop(index, seen); });
      }
    } catch (const std::exception&) {
    }
  }

  void loop(int index, std::uint64_t seen) {
    _mm_setcsr(kDefaultMxcsr);
    const int spins = cores() > 1 ? kSpins : 0;
    const auto generation = [this] { return gate_.load(std::memory_order_acquire) / kGeneration; };
    for (;;) {
      for (int spin = 0; spin < spins && generation() == seen; ++spin) _mm_pause();
      if (generation() == seen) {
        std::unique_lock lock(mutex_);
        ++sleeping_;
        wake_.wait(lock, [&] { return generation() != seen; });
        --sleeping_;
      }
      seen = generation();
      if (stopping_) return;
      if (!enter(seen)) continue;
      if (index <= wanted_) job_->work(index);
      gate_.fetch_sub(kWorker, std::memory_order_release);
    }
  }

  std::mutex owner_, mutex_;
  std::condition_variable wake_;
  std::atomic<std::uint64_t> gate_{0};
  std::atomic<int> sleeping_{0};
  std::atomic<bool> stopping_{false};
  Job* job_ = nullptr;
  int wanted_ = 0;
  int backoff_ = 0, skips_ = 0;
  std::vector<std::thread> workers_;
  Pool* before_fork_;  // the parent's, whose threads a child does not have
};

std::mutex pool_mutex;
Pool* the_pool = nullptr;
pid_t pool_process = 0;
thread_local bool inside = false;

// A child of fork has no workers: it gets a pool of its own, and the parent's is left alone. A pool
// is never destroyed: threads of the program may still be calling when static objects die.
Pool& pool() {
  const std::lock_guard lock(pool_mutex);
  if (!the_pool || pool_process != getpid()) {
    the_pool = new Pool(the_pool);
    pool_process = getpid();
  }
  return *the_pool;
}

struct AtExit {
  AtExit() {
    pthread_atfork([] { pool_mutex.lock(); }, [] { pool_mutex.unlock(); },
                   [] { pool_mutex.unlock(); });
  }
  ~AtExit() {
    const std::lock_guard lock(pool_mutex);
    if (the_pool && pool_process == getpid()) the_pool->stop();
  }
} at_exit;

int quota() {
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  std::string limit;
  double period = 0;
  if (v2 >> limit >> period && limit != "max" && period > 0)
    return std::max(1, static_cast<int>(std::stod(limit) / period));
  std::ifstream q("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), p("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double quota_us = 0;
  if (q >> quota_us && p >> period && quota_us > 0 && period > 0)
    return std::max(1, static_cast<int>(quota_us / period));
  return 1 << 20;
}

}  // namespace

int default_threads() {
  static const int threads = [] {
    if (const auto given = setting("CROTON_THREADS")) return static_cast<int>(*natural(*given));
    return std::max(1, std::min(cores(), quota()));
  }();
  return threads;
}

int pool_parallel_for(int threads, std::int64_t count, std::int64_t grain, PoolBody body,
                      void* argument) {
  if (count <= 0) return 0;
  if (threads <= 0) threads = default_threads();
  grain = std::max<std::int64_t>(grain, 1);
  const std::int64_t pieces =
      std::min<std::int64_t>((count + grain - 1) / grain, std::int64_t{4} * threads);
  if (threads == 1 || pieces <= 1 || inside) return body(argument, 0, count, 0);
  Job job;
  job.body = body;
  job.argument = argument;
  job.count = count;
  // Long pieces begin at multiples of 64, so that no two threads write into one cache line.
  constexpr std::int64_t kRounding = 64;
  job.piece = (count + pieces - 1) / pieces;
  job.is_long = count / grain >= kLongJob;
  if (job.piece >= 16 * kRounding) job.piece = (job.piece + kRounding - 1) / kRounding * kRounding;
  inside = true;
  const bool ran = pool().run(static_cast<int>(std::min<std::int64_t>(threads, pieces)), job);
  inside = false;
  if (!ran) return body(argument, 0, count, 0);
  return job.status.load();
}

}  // namespace croton::runtime
