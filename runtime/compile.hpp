// The assembly line: module → pipeline → kernels → machine code → program, with the cache at both
// ends: a request hit skips everything, an object hit skips the compiler.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ir/module.hpp"
#include "runtime/compile_settings.hpp"
#include "runtime/program.hpp"

namespace croton::runtime {

/// Throws UserError for dims that cannot be resolved, BackendError when the compiler refuses.
[[nodiscard]] std::shared_ptr<const Program> compile(ir::Module module,
                                                     const CompileSettings& settings);

/// Compiles for any target and stores the entries that `compile` takes on a machine of that target;
/// loads nothing. Returns the number of kernels. UserError when the cache directory cannot keep
/// them.
int precompile(ir::Module module, const CompileSettings& settings, const Target& target);

/// A graph as the pipeline takes it: dims without value atoms, requires collected, state in order.
struct Prepared {
  ir::Module module;
  std::optional<ir::Module> sizes;  // output k is what the symbol value$k stands for
};
/// Throws UserError for a module beyond the grouped level.
[[nodiscard]] Prepared prepare(ir::Module module);

/// The whole pipeline. A pass that fails leaves a file that repeats it and throws InternalError.
[[nodiscard]] ir::Module planned(const ir::Module& graph, const passes::PipelineOptions& options);

/// Replaces the value atoms of dims by symbols value$0, value$1, … and returns what they stand for.
[[nodiscard]] std::vector<ir::Value> extract_value_dims(ir::Module& module);

/// Adds `require` lines for every pair of dims that the graph assumes equal without proof.
void collect_requires(ir::Module& module);

}  // namespace croton::runtime
