// Kernels as one text that a compiler takes by itself, for people.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "codegen/dialect.hpp"

namespace croton::codegen {

/// The functions of one kernel, with or without comments, as EmittedKernel::commented.
struct UnitPart {
  std::string_view name, functions;
};

/// First a comment: the function's name, how the text is compiled for `architecture`, and the line
/// on which each kernel begins. Then what the kernels use of the prelude and of vector types, once,
/// and the kernels. It has no #include and needs none.
[[nodiscard]] std::string unit_text(std::string_view name, std::string_view architecture,
                                    std::span<const UnitPart> kernels, const Dialect& dialect);

}  // namespace croton::codegen
