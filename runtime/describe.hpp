// What a compiled function can tell about itself. Nothing of it is stored: the passes run once more
// on the graph that was compiled, so it is the same on cache hits, and a call pays nothing for it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ir/module.hpp"
#include "passes/pipeline.hpp"
#include "runtime/target.hpp"

namespace croton::runtime {

struct Description {
  std::vector<passes::PipelineReport::Stage> stages;
  std::map<std::string, int> rules;
  std::vector<std::pair<std::string, std::string>> refusals;
  struct Kernel {
    std::string name, source, commented;
    std::string kind;  // of its group
    Dim parallel_extent;
    std::int64_t cost = 1;
    std::vector<std::vector<Site>> failure_sites;  // by failure site
  };
  std::vector<Kernel> kernels;
  ir::Module plan;  // at the plan level
};

/// What determines a compile beside the graph.
struct CompileSettings {
  /// "strict", "standard" or "fast": which rules may act.
  std::string math = "standard";
  int threads = 0;  // 0: as configured
};

[[nodiscard]] passes::PipelineOptions pipeline_options(const CompileSettings& settings,
                                                       const Target& target);
class Program;
/// The emitted code with comments, kernels in launch order.
[[nodiscard]] std::string source(const Program& program);
/// Groups, kernels, cache, rules, refusals.
[[nodiscard]] std::string explain(const Program& program);
/// Writes every stage, the emitted code and the explanation into a directory, which is made.
/// UserError when it cannot be written.
void dump(const Program& program, const std::filesystem::path& directory);

[[nodiscard]] Description describe(const ir::Module& graph, const CompileSettings& settings,
                                   const Target& target);

}  // namespace croton::runtime
