// Two texts, line by line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace croton::tool {

/// The lines of a text, which they point into, without their ends.
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);

/// Lines that differ, with three lines around each change, as `diff -u` prints them; "" for equal
/// texts. Shortest edit script after Myers, "An O(ND) Difference Algorithm and Its Variations",
/// 1986; texts that differ in more than 4,000 lines are shown as removed and added whole.
[[nodiscard]] std::string difference(const std::string& from, const std::string& to,
                                     const std::string& from_name, const std::string& to_name);

}  // namespace croton::tool
