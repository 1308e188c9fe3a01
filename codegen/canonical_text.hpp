// Kernels that differ only in names are one kernel: the text that is compiled and keyed has the
// names of its parameters, dims and entries replaced by their positions. People read the other one.
#pragma once

#include <string>

#include "codegen/kernel_abi.hpp"

namespace croton::codegen {

inline constexpr const char* kCanonicalEntry = "kernel";
inline constexpr const char* kCanonicalCombine = "kernel_combine";

/// `kernel.source` with positions for names; its entries are called kCanonicalEntry and
/// kCanonicalCombine.
[[nodiscard]] std::string canonical_text(const EmittedKernel& kernel);

}  // namespace croton::codegen
