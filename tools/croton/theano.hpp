// Theano's names and what they are called here.
#pragma once

#include <string>
#include <string_view>

namespace croton::tool {

/// The whole table as a page of Markdown. InternalError for a row that names an operation which the
/// registry lacks.
[[nodiscard]] std::string theano_page();
/// "tensor.dot → matmul, dot: …" for a name with or without its modules; UserError with the
/// nearest.
[[nodiscard]] std::string from_theano(std::string_view name);

}  // namespace croton::tool
