// Theano's names and what they are called here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace croton::tool {

/// The whole table as a page of Markdown. InternalError for a row that names an operation which the
/// registry lacks.
[[nodiscard]] std::string theano_page();
/// A name of theirs, what it is called here, and what that does.
struct TheanoName {
  std::string theirs, ours, doc;
};
/// Every row for a name with or without its modules; UserError with the nearest.
[[nodiscard]] std::vector<TheanoName> from_theano(std::string_view name);

}  // namespace croton::tool
