// Reading and writing .ctir files with what stands beside them.
#pragma once

#include <string>

#include "ir/text.hpp"

namespace croton::tool {

/// "-" is standard input. Literals beside the text are in FILE.npz under their numbers.
[[nodiscard]] ir::Module read_module(const std::string& file);
/// As read_module; shared variables have the values that stand in FILE.npz, when they do.
[[nodiscard]] ir::Module read_module_with_state(const std::string& file);
/// What messages call a file: "standard input" for "-".
[[nodiscard]] std::string called(const std::string& file);
/// The whole of a module's file, or of standard input; of what does not begin as a module, the
/// beginning. UserError when it cannot be read.
[[nodiscard]] std::string read_text(const std::string& file);

}  // namespace croton::tool
