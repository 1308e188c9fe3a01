// Assembles the op table from the .def files and parses its attribute columns.
#include "ir/op.hpp"

#include <fmt/format.h>

#include "ir/builder.hpp"
#include "ir/gradient.hpp"
#include "ir/infer.hpp"
#include "ir/spelling.hpp"

namespace croton::ir {
namespace {

OpInfo with_text(OpInfo row, std::string_view text, std::string_view integer_text) {
  row.scalar_text = text;
  row.integer_text = integer_text;
  return row;
}

constexpr std::array<std::string_view, 10> kKindNames = {
    "none", "boolean", "integer", "real", "text", "dtype", "integers", "dims", "literal", "named"};

constexpr std::array<std::string_view, 9> kOpKindNames = {"elementwise", "creation",  "movement",
                                                          "indexing",    "reduction", "contraction",
                                                          "composition", "kernel",    "plan"};

std::vector<AttributeColumn> parse_columns(std::string_view text) {
  std::vector<AttributeColumn> columns;
  while (!text.empty()) {
    const auto space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? "" : text.substr(space + 1);
    const auto colon = word.find(':');
    const std::string_view kind = word.substr(colon + 1);
    std::size_t found = 0;
    while (found < kKindNames.size() && kKindNames[found] != kind) ++found;
    CROTON_CHECK(found < kKindNames.size(), "unknown attribute kind " + std::string(kind));
    columns.push_back({std::string(word.substr(0, colon)), static_cast<AttributeKind>(found)});
  }
  return columns;
}

std::vector<OpInfo> build_table() {
  // clang-format off
  std::vector<OpInfo> table = {
#define ELEMENTWISE(name_, arity_, text, ...) \
  with_text(OpInfo{.name = #name_, .arity = arity_, .kind = OpKind::elementwise, __VA_ARGS__}, #text, #text),
#define ELEMENTWISE_INTEGER(name_, arity_, text, integer, ...) \
  with_text(OpInfo{.name = #name_, .arity = arity_, .kind = OpKind::elementwise, __VA_ARGS__}, #text, #integer),
#define STRUCTURED(name_, arity_, ...) OpInfo{.name = #name_, .arity = arity_, __VA_ARGS__},
#include "ir/ops_elementwise.def"
#include "ir/ops_structured.def"
#undef ELEMENTWISE
#undef ELEMENTWISE_INTEGER
#undef STRUCTURED
  };
  // clang-format on
  for (OpInfo& row : table) row.attributes = parse_columns(row.attribute_text);
  return table;
}

const std::vector<OpInfo>& table() {
  static const auto* rows = new std::vector<OpInfo>(build_table());
  return *rows;
}

}  // namespace

std::string_view name(OpKind kind) { return kOpKindNames.at(static_cast<std::size_t>(kind)); }

const OpInfo& info(Op op) { return table()[static_cast<std::size_t>(op)]; }

std::span<const OpInfo> all_ops() { return table(); }

std::optional<Op> op_named(std::string_view name) {
  const auto& rows = table();
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].name == name) return static_cast<Op>(i);
  return std::nullopt;
}

void check_operand_count(Op op, std::size_t count) {
  const OpInfo& row = info(op);
  const int given = static_cast<int>(count);
  const bool fixed = row.arity >= 0;
  const int wanted = fixed ? row.arity : row.least;
  if (fixed ? given != wanted : given < wanted)
    throw UserError(fmt::format("{} takes {}{}, not {}", row.name, fixed ? "" : "at least ",
                                counted(static_cast<std::size_t>(wanted), "operand"), given));
}

bool in_domain(Domain domain, DType dtype) {
  if (!is_supported(dtype)) return false;
  switch (domain) {
    case Domain::any:
      return true;
    case Domain::number:
      return dtype != DType::boolean;
    case Domain::integer:
      return is_integer(dtype);
    case Domain::integer_or_bool:
      return is_integer(dtype) || dtype == DType::boolean;
    case Domain::real:
      return is_real(dtype);
    case Domain::boolean:
      return dtype == DType::boolean;
  }
  return false;
}

std::string_view text(Domain domain) {
  switch (domain) {
    case Domain::any:
      return "every dtype";
    case Domain::number:
      return "numbers";
    case Domain::integer:
      return "integers";
    case Domain::integer_or_bool:
      return "integers and bool";
    case Domain::real:
      return "floating-point numbers";
    case Domain::boolean:
      return "bool";
  }
  return "";
}

}  // namespace croton::ir
