// Options that `croton run` and `croton bench` share: which numbers a function is called with, and
// how it is compiled.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "runtime/compile_settings.hpp"
#include "tools/croton/inputs.hpp"

namespace croton::tool {

struct CallOptions {
  std::string math = "standard", passes, cache = "warm";
  InputOptions inputs;
  bool as_json = false, has_passes = false;
  int threads = 0, repeat = 0;  // 0: not said
};

/// `repeat` says what --repeat counts. The options are read into `options`, which the command keeps
/// alive.
void add_call_options(CLI::App& command, const std::shared_ptr<CallOptions>& options,
                      const std::string& repeat);
/// UserError for an unknown pass or kind of mathematics.
[[nodiscard]] runtime::CompileSettings settings_of(const CallOptions& options);

/// UserError "--jobs -1: a whole number, at least 1" for an option that was given such a value.
void check_at_least_one(const CLI::App& command, const std::string& option, int value);

}  // namespace croton::tool
