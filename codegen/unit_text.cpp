#include "codegen/unit_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/vector_types.hpp"
#include "ir/prelude.hpp"

namespace croton::codegen {
namespace {

// A word of a comment uses nothing of the prelude.
void append_code(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.append(text.substr(0, std::min(text.find("//"), end)));
    out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

std::string unit_text(std::string_view name, std::string_view architecture,
                      std::span<const UnitPart> kernels, const Dialect& dialect) {
  std::string code;
  for (const UnitPart& kernel : kernels) append_code(code, kernel.functions);
  const std::string before = fmt::format(
      "{}{}{}", dialect.open, ir::prelude_text(code, {.cuda = dialect.cuda, .fma = dialect.fma}),
      vector_types(code, dialect.vector_bytes));
  std::string head = fmt::format(
      "// {}: compiles by itself, as {}; what it uses of croton's prelude comes first\n", name,
      fmt::format(fmt::runtime(dialect.compiled_as), architecture));
  std::string body;
  std::size_t line = 1 + kernels.size() + lines_of(before) + 1;
  for (const UnitPart& kernel : kernels) {
    const std::string part = fmt::format("\n{}", kernel.functions);
    head += fmt::format("//   {} from line {}\n", kernel.name, line + 1);
    line += lines_of(part);
    body += part;
  }
  return head + before + body + std::string(dialect.close);
}

}  // namespace croton::codegen
