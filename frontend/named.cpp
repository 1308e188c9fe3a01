// call("softmax", {x}, {{"axis", -1}}): every public operation by its name, for bindings and
// importers. The registry is ir's, which the text form shares.
#include "frontend/build.hpp"
#include "ir/functions.hpp"

namespace croton {

std::vector<std::string> operation_names() { return ir::public_names(); }

Expr call(std::string_view name, const Exprs& operands, std::vector<NamedArgument> arguments,
          Location where) {
  return detail::built(name, operands.list(), where, [&] {
    ir::NamedAttributes attributes;
    for (const NamedArgument& a : arguments)
      attributes.emplace_back(a.name,
                              std::visit([](const auto& v) { return ir::Attribute(v); }, a.value));
    return ir::named(name, detail::values_of(operands.list()), std::move(attributes));
  });
}

}  // namespace croton
