// The request level of the cache: a whole compiled function under the text of its graph, so that a
// hit runs no pass and no compiler. Kernels' objects are in the entry.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/kernel_abi.hpp"
#include "ir/module.hpp"

namespace croton::runtime {

/// One kernel ready to be loaded.
struct CompiledKernel {
  std::string name, entry, combine_entry;
  std::vector<std::string> dims, failures;
  Dim parallel_extent;
  std::int64_t cost = 1;
  std::string object;
};

/// The key of a graph: its canonical text and everything else that decides the outcome.
[[nodiscard]] std::string request_material(const ir::Module& graph, const std::string& settings);

struct RequestEntry {
  ir::Region plan;
  std::vector<CompiledKernel> kernels;
};

[[nodiscard]] std::optional<RequestEntry> find_request(const std::string& material);
void store_request(const std::string& material, const ir::Module& planned,
                   const std::vector<CompiledKernel>& kernels);

/// Identifies this build of croton's library: its build id, or its version without one.
[[nodiscard]] const std::string& library_identity();

}  // namespace croton::runtime
