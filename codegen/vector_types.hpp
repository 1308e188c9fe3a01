// The vector types of C++ text: their names, and the declarations that a kernel's text needs.
#pragma once

#include <string>
#include <string_view>

#include "ir/dtype.hpp"

namespace croton::codegen {

/// The fused multiply-add of vectors.
inline constexpr std::string_view kVectorFma = "vector_fma";

/// "f32x16"; `<name>_memory` is its form in memory of any alignment.
[[nodiscard]] std::string vector_type(DType dtype, int bytes);
/// Declares the vector types of up to `vector_bytes` that `code` names, and their functions.
[[nodiscard]] std::string vector_types(std::string_view code, int vector_bytes);

}  // namespace croton::codegen
