// A library written ahead of time, linked and loaded by the test, and calls of its functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "codegen/aot/croton_aot.h"
#include "frontend/croton/aot.hpp"
#include "runtime/aot.hpp"

namespace croton::testing {

class AotLibrary {
 public:
  /// Every level, as a shared library.
  explicit AotLibrary(const std::vector<runtime::AotGraph>& graphs);
  ~AotLibrary();
  AotLibrary(const AotLibrary&) = delete;
  AotLibrary& operator=(const AotLibrary&) = delete;
  [[nodiscard]] const croton_aot_library& table() const { return *table_; }
  [[nodiscard]] croton_aot_query* query() const { return query_; }
  [[nodiscard]] const croton_aot_function& operator[](int i) const { return table_->functions[i]; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
  void* handle_ = nullptr;
  croton_aot_query* query_ = nullptr;
  const croton_aot_library* table_ = nullptr;
};

/// Arrays as arguments of one call; the shapes live as long as this does.
struct AotCall {
  explicit AotCall(const std::vector<Array>& arrays);
  /// Runs with memory from malloc when there is no workspace; the code.
  int run(const croton_aot_function& function, const croton_aot_threads* threads = nullptr);

  std::vector<Array> arrays;
  std::vector<std::vector<std::int64_t>> shapes;
  std::vector<croton_aot_array> arguments;
  croton_aot_error error{};
  croton_aot_call call{};
};

/// The results of a function whose inputs and state are given.
[[nodiscard]] std::vector<Array> outputs_of(const croton_aot_function& function,
                                            const std::vector<Array>& read,
                                            const croton_aot_threads* threads = nullptr);
/// Four threads that take ranges in any order.
[[nodiscard]] const croton_aot_threads& scattered_threads();
[[nodiscard]] const croton_aot_allocator& malloc_allocator();

}  // namespace croton::testing
