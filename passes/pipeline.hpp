// The pipeline: from the user's graph to kernels and a plan.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "passes/fuse.hpp"

namespace croton::passes {

struct PipelineOptions {
  std::string math = "standard";  // strict, standard or fast
  bool fma = true;                // the target has a fused multiply-add
};

struct PipelineReport {
  std::map<std::string, int> rules;  // how often each fired
  std::vector<Refusal> refusals;
  std::vector<std::pair<std::string, std::string>> stages;
};

void run_pipeline(ir::Module& module, const PipelineOptions& options, PipelineReport& report);

}  // namespace croton::passes
