// Names that C's library has for itself, so that generated headers cannot use them as they please.
#pragma once

#include <string_view>

namespace croton::codegen {

/// Functions, macros and types of ISO C's headers, and the namespace std.
[[nodiscard]] bool is_c_library_name(std::string_view name);
/// "math", "errno": a header NAME.h of ISO C, or one that every written library has.
[[nodiscard]] bool is_c_header(std::string_view name);

}  // namespace croton::codegen
