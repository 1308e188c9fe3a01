// Small texts: literals, the op table's scalar functions with their operands, and names that
// generated identifiers must not take. The same in every dialect.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/attribute.hpp"

namespace croton::codegen {

/// One element, with its exact value and dtype.
[[nodiscard]] std::string literal_text(const ir::Literal& literal, std::int64_t at = 0);
/// The scalar function's text with its operands a, b, c and the type T or k(…) filled in.
[[nodiscard]] std::string filled(std::string_view text, const std::vector<std::string>& operands,
                                 std::string_view type);
/// True when the text binds tighter than any operator.
[[nodiscard]] bool is_atomic(const std::string& text);
/// The text, in parentheses unless it is atomic.
[[nodiscard]] std::string wrapped(const std::string& text);
[[nodiscard]] bool is_word(char c);
/// Keywords of C++ and CUDA, names kept for compilers, the parameters of entries, vector types.
[[nodiscard]] bool is_reserved(std::string_view name);

}  // namespace croton::codegen
