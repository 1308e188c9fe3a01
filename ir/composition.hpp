// Compositions: named functions whose meaning is a body of other ops (softmax, mean, losses,
// norms). A call stays one node, so that rules can see log(softmax(x)) and dumps read well, until
// it is expanded at the end of specialize. The table in composition.cpp is the only list of them.
#pragma once

#include <span>
#include <string_view>

#include "ir/node.hpp"

namespace croton::ir {

struct Composition {
  std::string_view name;
  std::string_view signature;  // "softmax(x, axis = -1)"
  std::string_view doc;
  int arity = 1;
  /// Attributes with their defaults, sorted by name; a call states them all.
  std::span<const std::pair<std::string_view, Attribute>> (*defaults)();
  /// Checks the operands and gives the result's type; throws UserError.
  Type (*infer)(std::span<const Value> operands, const NamedAttributes& attributes);
  /// The meaning, in ops and other compositions.
  Value (*body)(std::span<const Value> operands, const NamedAttributes& attributes);
  /// A gradient of its own (null: the body's). Calls g.to for each differentiable operand.
  void (*vjp)(Vjp& g) = nullptr;
};

[[nodiscard]] std::span<const Composition> all_compositions();
/// Throws UserError naming the nearest known name.
[[nodiscard]] const Composition& composition_named(std::string_view name);
[[nodiscard]] const Composition* find_composition(std::string_view name);
/// Makes the call node with promoted operands and defaults filled in; negative axes are resolved.
[[nodiscard]] Value call(std::string_view name, std::span<const Value> operands,
                         NamedAttributes attributes = {});
/// The body of a call node, one level deep.
[[nodiscard]] Value expand(const Node& call);

}  // namespace croton::ir
