// Typed C++ calls of functions that croton wrote ahead of time; what the generated NAME.hpp is made
// of. C++17, header-only, over croton_aot.h.
#ifndef CROTON_AOT_HPP
#define CROTON_AOT_HPP

#include <algorithm>
#include <atomic>
#include <complex>
#include <condition_variable>
#include <cstddef>
#include <initializer_list>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "croton_aot.h"

namespace croton_aot {

/// Thrown when a call or a query fails; what() is the library's text.
class Error : public std::runtime_error {
 public:
  explicit Error(const croton_aot_error& record)
      : std::runtime_error(record.text), record_(record) {}
  int code() const { return record_.code; }
  const croton_aot_error& record() const { return record_; }

 private:
  croton_aot_error record_;
};

/// How a call runs. Without a workspace, memory is taken from operator new when it is needed.
struct Options {
  const croton_aot_threads* threads = nullptr;
  void* workspace = nullptr;
  std::int64_t workspace_bytes = 0;
};

/// Threads for programs that have no pool of their own. A call has them all; one that meets another
/// runs on its own thread.
class Pool {
 public:
  /// `threads` counts the calling one.
  explicit Pool(int threads = static_cast<int>(std::thread::hardware_concurrency())) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { serve(); });
  }
  ~Pool() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    begun_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  /// For Options::threads and croton_aot_call::threads; valid as long as the pool is.
  const croton_aot_threads* threads() const { return &callback_; }

 private:
  using Task = void (*)(void*, std::int64_t, std::int64_t);

  static std::int32_t parallel_for(void* context, std::int64_t count, std::int64_t grain, Task task,
                                   void* argument) {
    Pool& pool = *static_cast<Pool*>(context);
    const auto most = 4 * static_cast<std::int64_t>(pool.workers_.size() + 1);
    const std::int64_t pieces = std::min((count + grain - 1) / grain, most);
    const std::unique_lock<std::mutex> owner(pool.owner_, std::try_to_lock);
    if (!owner.owns_lock() || pool.workers_.empty() || pieces <= 1) {
      task(argument, 0, count);
      return 0;
    }
    {
      const std::lock_guard<std::mutex> lock(pool.mutex_);
      pool.task_ = task;
      pool.argument_ = argument;
      pool.count_ = count;
      pool.piece_ = (count + pieces - 1) / pieces;
      pool.next_ = 0;
      pool.busy_ = pool.workers_.size();
      ++pool.generation_;
    }
    pool.begun_.notify_all();
    pool.work();
    std::unique_lock<std::mutex> lock(pool.mutex_);
    pool.done_.wait(lock, [&] { return pool.busy_ == 0; });
    return 0;
  }
  void work() {
    for (std::int64_t at = next_.fetch_add(piece_); at < count_; at = next_.fetch_add(piece_))
      task_(argument_, at, std::min(at + piece_, count_));
  }
  void serve() {
    std::uint64_t seen = 0;
    for (;;) {
      {
        std::unique_lock<std::mutex> lock(mutex_);
        begun_.wait(lock, [&] { return stopping_ || generation_ != seen; });
        if (stopping_) return;
        seen = generation_;
      }
      work();
      const std::lock_guard<std::mutex> lock(mutex_);
      if (--busy_ == 0) done_.notify_all();
    }
  }

  croton_aot_threads callback_ = {this, parallel_for};
  std::mutex owner_, mutex_;
  std::condition_variable begun_, done_;
  Task task_ = nullptr;
  void* argument_ = nullptr;
  std::int64_t count_ = 0, piece_ = 1;
  std::atomic<std::int64_t> next_{0};
  std::size_t busy_ = 0;
  std::uint64_t generation_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

/// The library's table for this CPU; Error when there is none.
inline const croton_aot_library& library(croton_aot_query* query) {
  const croton_aot_library* found = nullptr;
  croton_aot_error error = {};
  if (query(CROTON_AOT_VERSION, &found, &error) != CROTON_AOT_OK) throw Error(error);
  return *found;
}

/// An array of `Rank` dims, row-major. From data and extents; or from anything with data() and
/// size(), when its extents can be told from the function's type: at most one that is no number.
template <class T, int Rank>
class View {
 public:
  View(T* data, std::initializer_list<std::int64_t> shape) : data_(data) {
    if (shape.size() != static_cast<std::size_t>(Rank))
      fail("was given " + std::to_string(shape.size()) + " extents instead of " +
           std::to_string(Rank));
    int i = 0;
    for (const std::int64_t extent : shape) shape_[i++] = extent;
  }
  template <class Container,
            class = std::enable_if_t<
                std::is_convertible_v<decltype(std::declval<Container&>().data()), T*>>,
            class = decltype(std::declval<Container&>().size())>
  View(Container&& container)
      : data_(container.data()), count_(static_cast<std::int64_t>(container.size())) {}
  /// A scalar.
  template <int R = Rank, class = std::enable_if_t<R == 0>>
  View(T& scalar) : data_(&scalar) {}

  croton_aot_array array(const croton_aot_argument& row) {
    if (count_ >= 0) tell(row);
    return {const_cast<std::remove_const_t<T>*>(data_), shape_, nullptr, row.dtype, Rank};
  }

 private:
  [[noreturn]] static void fail(const std::string& what) {
    croton_aot_error error = {};
    error.code = CROTON_AOT_WRONG_SHAPE;
    error.argument = error.axis = -1;
    what.copy(error.text, sizeof error.text - 1);
    throw Error(error);
  }
  void tell(const croton_aot_argument& row) {
    std::int64_t known = 1;
    int open = -1;
    for (int i = 0; i < Rank; ++i) {
      shape_[i] = row.extents[i];
      if (shape_[i] >= 0)
        known *= shape_[i];
      else if (open < 0)
        open = i;
      else
        fail(std::string(row.name) + " : " + row.type + " has several open dims; give {data, {" +
             "extents}} instead of a container");
    }
    if (open >= 0) shape_[open] = known == 0 ? 0 : count_ / known;
    if (open >= 0 ? known != 0 && count_ % known != 0 : count_ != known)
      fail(std::string(row.name) + " : " + row.type + " was given " + std::to_string(count_) +
           " elements");
  }

  T* data_;
  std::int64_t count_ = -1;
  std::int64_t shape_[Rank == 0 ? 1 : Rank] = {};
};

inline void* allocate(void*, std::int64_t bytes, std::int64_t alignment) {
  return ::operator new(static_cast<std::size_t>(bytes),
                        std::align_val_t(static_cast<std::size_t>(alignment)), std::nothrow);
}
inline void release(void*, void* memory, std::int64_t) {
  ::operator delete(memory, std::align_val_t(64));
}

/// Runs a function on views, one per argument.
template <class... Views>
void run(const croton_aot_function& function, const Options& options, Views&&... views) {
  int i = 0;
  const croton_aot_array arrays[] = {views.array(function.arguments[i++])...};
  static const croton_aot_allocator allocator = {nullptr, allocate, release};
  croton_aot_error error = {};
  croton_aot_call call = {};
  call.arguments = arrays;
  call.argument_count = static_cast<std::int32_t>(sizeof...(views));
  call.workspace = options.workspace;
  call.workspace_bytes = options.workspace_bytes;
  call.allocator = &allocator;
  call.threads = options.threads;
  call.error = &error;
  if (function.run(&call) != CROTON_AOT_OK) throw Error(error);
}

}  // namespace croton_aot

#endif
