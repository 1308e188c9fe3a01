// Folding: ops on known numbers are computed now, by the exact evaluator, within a budget.
#include <algorithm>

#include "ir/builder.hpp"
#include "ir/evaluate.hpp"
#include "passes/rule.hpp"

namespace croton::passes {
namespace {

using ir::Literal;
using ir::Op;
using ir::Value;

// An elementwise op on splats is a splat, of any shape.
Value fold_splats(const Value& v, const RuleContext& context) {
  if (!ir::is_elementwise(v.op())) return {};
  std::vector<Value> scalars;
  for (const Value& operand : v.node->operands) {
    const auto literal = ir::splat_value(operand);
    if (!literal) return {};
    scalars.push_back(ir::constant(*literal));
  }
  const std::vector<Value> root{ir::make(v.op(), std::move(scalars), v.node->attributes)};
  return ir::splat(ir::evaluate_exact(
                       root, {}, {.fma = context.fma, .fused_products = context.fused_products})[0],
                   v.shape());
}

// Everything else on constants of known shape. Failures stay where they are: they belong to the
// run.
Value fold_constants(const Value& v, const RuleContext& context) {
  const ir::OpInfo& row = ir::info(v.op());
  if (v.node->operands.empty() || row.may_fail || row.kind == ir::OpKind::composition) return {};
  const auto known = [&](const Value& x) {
    const Dim count = volume(x.shape());
    return x.op() == Op::constant && count.is_constant() &&
           *count.constant() <= context.fold_elements;
  };
  const Dim count = volume(v.shape());
  if (!count.is_constant() || *count.constant() > context.fold_elements ||
      !std::all_of(v.node->operands.begin(), v.node->operands.end(), known))
    return {};
  for (const ir::Attribute& attribute : v.node->attributes)
    if (const auto* dims = std::get_if<Shape>(&attribute.value))
      for (const Dim& d : *dims)
        if (!d.is_constant()) return {};
  for (const Value& x : v.node->operands)
    if (*volume(x.shape()).constant() == 0 && row.needs_elements) return {};
  const std::vector<Value> root{v};
  return ir::constant(ir::evaluate_exact(
      root, {}, {.fma = context.fma, .fused_products = context.fused_products})[0]);
}

Value example_splats() { return ir::exp(ir::full(DType::f64, {7}, 0.5)); }
Value example_constants() {
  const std::vector<float> numbers{1, 2, 3, 4};
  std::vector<std::byte> bytes(sizeof(float) * numbers.size());
  __builtin_memcpy(bytes.data(), numbers.data(), bytes.size());
  return ir::sum(ir::constant(Literal(DType::f32, {4}, std::move(bytes))), {0});
}

// clang-format off
constexpr Rule kFolding[] = {
  rule_fn("fold-splats",    std::nullopt, "f(c, d) → its value, repeated", fold_splats, example_splats),
  rule_fn("fold-constants", std::nullopt, "an op on known numbers → its value", fold_constants, example_constants),
};
// clang-format on

}  // namespace

std::span<const Rule> folding_rules() { return kFolding; }

std::span<const RuleSet> all_rule_sets() {
  static const RuleSet sets[] = {
      {"folding", folding_rules()},     {"arithmetic", arithmetic_rules()},
      {"logic", logic_rules()},         {"movement", movement_rules()},
      {"stability", stability_rules()}, {"specialize", specialize_rules()},
      {"layout", layout_rules()},       {"expand", expand_rules()},
      {"form-fma", fma_rules()}};
  return sets;
}

}  // namespace croton::passes
