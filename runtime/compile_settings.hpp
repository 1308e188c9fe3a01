// What decides a compile beside the graph, and how it is written into keys.
#pragma once

#include <string>

#include "passes/pipeline.hpp"
#include "runtime/target.hpp"

namespace croton::runtime {

struct CompileSettings {
  /// "strict", "standard" or "fast": which rules may act.
  std::string math = "standard";
  int threads = 0;  // 0: as configured
};

[[nodiscard]] passes::PipelineOptions pipeline_options(const CompileSettings& settings,
                                                       const Target& target);
/// The lines that a request's key begins with.
[[nodiscard]] std::string settings_text(const passes::PipelineOptions& options,
                                        const Target& target);

}  // namespace croton::runtime
