// A failure that is not the user's leaves one file from which `croton opt` repeats it. They go into
// CROTON_DUMP, else into the system's temporary directory.
#pragma once

#include <string>

#include "passes/pipeline.hpp"
#include "runtime/target.hpp"

namespace croton::runtime {

/// What a failed pass was given. Returns a line that says how to repeat the failure, or that the
/// file could not be written.
[[nodiscard]] std::string pass_reproducer(const passes::PassError& error, const std::string& name,
                                          const passes::PipelineOptions& options);
/// The module whose kernels the compiler refused, at the plan level. Returns as above.
[[nodiscard]] std::string compiler_reproducer(const ir::Module& module, const Target& target);

}  // namespace croton::runtime
