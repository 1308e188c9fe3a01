// The prelude as text: what a kernel uses of ir/prelude, with what that uses, in the order of the
// files. Printing only what is used keeps kernels readable and their compile time small.
#pragma once

#include <string>
#include <string_view>

namespace croton::ir {

struct PreludeTarget {
  bool cuda = false;
  bool fma = true;
};

/// Type names, the failure record, and the blocks whose names occur in `code`.
[[nodiscard]] std::string prelude_text(std::string_view code, const PreludeTarget& target);
/// Every block, for compiling the prelude into the library.
[[nodiscard]] std::string prelude_whole(const PreludeTarget& target);
/// True for names that generated identifiers must not take.
[[nodiscard]] bool is_prelude_name(std::string_view name);

}  // namespace croton::ir
