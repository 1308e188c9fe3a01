// Descriptions as JSON, for tools and reports. The fields are those of description.hpp, by name.
#pragma once

#include <string>
#include <string_view>

#include "runtime/description.hpp"

namespace croton::runtime {

/// The version that is written and read. What made an older dump makes a new one.
inline constexpr int kDescriptionVersion = 2;

/// `indent` spaces a level, on lines; -1: on one line.
[[nodiscard]] std::string to_json(const Description& description, int indent = 1);
/// Throws UserError naming `source` and the place in it: no JSON, a missing field, another kind of
/// value, another version.
[[nodiscard]] Description description_of_json(std::string_view text, const std::string& source);

}  // namespace croton::runtime
