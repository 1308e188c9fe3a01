// Typed C++ calls of functions that croton wrote ahead of time; what the generated NAME.hpp is made
// of. C++17, header-only, over croton_aot.h.
#ifndef CROTON_AOT_HPP
#define CROTON_AOT_HPP

#include <complex>
#include <cstddef>
#include <initializer_list>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

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
