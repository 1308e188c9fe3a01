// What decides a compile beside the graph, and how it is written into keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "passes/pipeline.hpp"
#include "runtime/target.hpp"

namespace croton::runtime {

struct CompileSettings {
  /// "strict", "standard" or "fast": which rules may act.
  std::string math = "standard";
  int threads = 0;  // 0: as configured
  /// As passes::PipelineOptions has it.
  std::int64_t stream_bytes = passes::kStreamBytes;
  /// Instead of the default ones, on a graph of tensors; see passes::PipelineOptions.
  std::optional<std::vector<std::string>> passes = {};
};

[[nodiscard]] passes::PipelineOptions pipeline_options(const CompileSettings& settings,
                                                       const Target& target);
/// The lines that a request's key begins with.
[[nodiscard]] std::string settings_text(const passes::PipelineOptions& options,
                                        const Target& target);

}  // namespace croton::runtime
