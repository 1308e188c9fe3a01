// call("softmax", {x}, {{"axis", -1}}): the one registry of public names, for bindings, importers
// and the text form alike. Ops and compositions are listed by their tables.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/build.hpp"
#include "ir/composition.hpp"
#include "ir/spelling.hpp"

namespace croton {
namespace {

bool is_public(const ir::OpInfo& row) {
  using ir::OpKind;
  return row.kind == OpKind::elementwise || row.kind == OpKind::movement ||
         row.kind == OpKind::indexing || row.kind == OpKind::reduction ||
         row.kind == OpKind::contraction;
}

ir::Attribute attribute_of(const NamedArgument& argument) {
  return std::visit([](const auto& v) { return ir::Attribute(v); }, argument.value);
}

// Integers given for dims become dims; one integer for a list becomes a list of one.
ir::Attribute fitted(const ir::Attribute& given, ir::AttributeKind wanted) {
  ir::Integers list;
  if (const auto* one = std::get_if<std::int64_t>(&given.value)) list = {*one};
  if (const auto* many = std::get_if<ir::Integers>(&given.value)) list = *many;
  if (wanted == ir::AttributeKind::dims) return Shape(list.begin(), list.end());
  if (wanted == ir::AttributeKind::integers) return list;
  return given;
}

void resolve_axes(const ir::OpInfo& row, std::vector<ir::Attribute>& attributes, int rank) {
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    const std::string& name = row.attributes[i].name;
    if (auto* axis = std::get_if<std::int64_t>(&attributes[i].value); axis && name == "axis")
      *axis = detail::resolve(*axis, rank);
    if (auto* list = std::get_if<ir::Integers>(&attributes[i].value); list && name == "axes") {
      Axes axes{std::vector<int>(list->begin(), list->end()), false};
      *list = detail::resolve(axes, rank);
    }
  }
}

ir::Value structured(ir::Op op, std::vector<ir::Value> operands,
                     const std::vector<NamedArgument>& arguments) {
  const ir::OpInfo& row = ir::info(op);
  std::vector<ir::Attribute> attributes;
  for (const ir::AttributeColumn& column : row.attributes) {
    const auto it = std::find_if(arguments.begin(), arguments.end(),
                                 [&](const NamedArgument& a) { return a.name == column.name; });
    if (it == arguments.end())
      throw UserError(fmt::format("{} needs the attribute {}", row.name, column.name));
    attributes.push_back(fitted(attribute_of(*it), column.kind));
    if (ir::kind(attributes.back()) != column.kind)
      throw UserError(fmt::format("attribute {} of {} has another kind", column.name, row.name));
  }
  if (!operands.empty()) resolve_axes(row, attributes, operands[0].rank());
  if (op == ir::Op::sum || op == ir::Op::prod)
    operands[0] = ir::cast(operands[0], sum_dtype(operands[0].dtype()));
  return ir::make(op, std::move(operands), std::move(attributes));
}

}  // namespace

std::vector<std::string> operation_names() {
  std::vector<std::string> names{"matmul"};
  for (const ir::OpInfo& row : ir::all_ops())
    if (is_public(row)) names.emplace_back(row.name);
  for (const ir::Composition& composition : ir::all_compositions())
    names.emplace_back(composition.name);
  std::sort(names.begin(), names.end());
  return names;
}

Expr call(std::string_view name, const Exprs& operands, std::vector<NamedArgument> arguments,
          Location where) {
  return detail::built(name, operands.list(), where, [&]() -> ir::Value {
    const std::vector<ir::Value> values = detail::values_of(operands.list());
    if (ir::find_composition(name)) {
      ir::NamedAttributes attributes;
      for (const NamedArgument& a : arguments) attributes.emplace_back(a.name, attribute_of(a));
      return ir::call(name, values, std::move(attributes));
    }
    if (name == "matmul" && values.size() == 2) return ir::matmul(values[0], values[1]);
    const std::optional<ir::Op> op = ir::op_named(name);
    if (!op || !is_public(ir::info(*op))) {
      const std::vector<std::string> known = operation_names();
      const std::vector<std::string_view> views(known.begin(), known.end());
      throw UserError(
          fmt::format("there is no operation \"{}\"{}", name, ir::suggestion(name, views)));
    }
    const ir::OpInfo& row = ir::info(*op);
    if (row.arity >= 0 && static_cast<int>(values.size()) != row.arity)
      throw UserError(fmt::format("{} takes {} operands, not {}", name, row.arity, values.size()));
    if (ir::is_elementwise(*op) && !row.infer) {
      if (!arguments.empty())
        throw UserError(fmt::format("{} has no attribute {}", name, arguments[0].name));
      std::vector<ir::Operand> list(values.begin(), values.end());
      return ir::apply(*op, list);
    }
    return structured(*op, values, arguments);
  });
}

}  // namespace croton
