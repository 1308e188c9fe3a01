// Words in messages: suggestions for misspelt names, counts, lists, words of a shell.
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

/// A word as it is typed in a shell: in quotes when it holds more than letters, digits and
/// `_-./=:,+@%`.
[[nodiscard]] std::string shell_word(std::string_view text);

/// Words between commas; empty ones are left out.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

}  // namespace croton::ir
