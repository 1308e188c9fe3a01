// The assembly line: module → pipeline → kernels → machine code → program, with the cache at both
// ends: a request hit skips everything, an object hit skips the compiler.
#pragma once

#include <memory>
#include <string>

#include "ir/module.hpp"
#include "runtime/compile_settings.hpp"
#include "runtime/program.hpp"

namespace croton::runtime {

/// Throws UserError for dims that cannot be resolved, BackendError when the compiler refuses.
[[nodiscard]] std::shared_ptr<const Program> compile(ir::Module module,
                                                     const CompileSettings& settings);

/// Replaces the value atoms of dims by symbols value$0, value$1, … and returns what they stand for.
[[nodiscard]] std::vector<ir::Value> extract_value_dims(ir::Module& module);

/// Adds `require` lines for every pair of dims that the graph assumes equal without proof.
void collect_requires(ir::Module& module);

}  // namespace croton::runtime
