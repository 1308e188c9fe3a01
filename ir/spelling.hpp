// Suggestions for misspelt names in error messages.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace croton::ir {

/// `; did you mean "nearest"?` when a name is at most a third of its letters away (one, when it has
/// few) and shares a letter, or is the only one that begins so; else "". Case does not count.
/// Distance: Damerau-Levenshtein without repeated edits (optimal string alignment).
[[nodiscard]] std::string suggestion(std::string_view name,
                                     std::span<const std::string_view> known);

/// "1 kernel", "2 kernels", "0 entries", "3 launches".
[[nodiscard]] std::string counted(std::size_t count, std::string_view noun);

/// Words between commas; empty ones are left out.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

}  // namespace croton::ir
