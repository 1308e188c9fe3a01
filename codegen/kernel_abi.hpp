// What the runtime and emitted kernels agree on, and what the writer returns.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/dim.hpp"
#include "ir/error.hpp"

namespace croton::codegen {

/// The failure with the lowest index of the parallel loop; index is INT64_MAX when there is none.
/// `site` is a row of EmittedKernel::failures; `values` fill its {0}, {1}, ….
struct KernelFailure {
  std::int64_t index;
  std::int64_t site;
  std::int64_t values[4];
};

/// Every kernel's entry: buffers in the order of the kernel's parameters, dims in the order of
/// EmittedKernel::dims, and the range of the parallel loop to run.
using KernelEntry = void (*)(void* const* buffers, const std::int64_t* dims, std::int64_t begin,
                             std::int64_t end, KernelFailure* failure);

/// Iterations of a parallel loop that stay on one thread: what handing over work would not pay for.
[[nodiscard]] inline std::int64_t grain_of(std::int64_t cost) {
  constexpr std::int64_t kGrainOperations = 32768;
  return std::max<std::int64_t>(1, kGrainOperations / std::max<std::int64_t>(1, cost));
}

struct EmittedKernel {
  std::string name;
  std::string source;     // what is compiled: code only, the same for the same graph
  std::string types;      // the part of it between the prelude and the entries
  std::string commented;  // its functions, with comments that lead back to the user's lines
  std::string complete;   // the source with those comments
  std::string entry;
  std::string combine_entry;  // "" when nothing follows the parallel loop
  std::vector<std::string> dims;
  std::vector<std::string> locals;  // in order of appearance; named for readers
  Dim parallel_extent;
  std::int64_t cost = 1;  // of one parallel iteration, in element operations (symbolic dims as 64)
  std::vector<std::string> failures;
  std::vector<std::vector<Site>> failure_sites;  // the user's lines, by failure
};

}  // namespace croton::codegen
