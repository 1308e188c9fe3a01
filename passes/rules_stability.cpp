// Forms that overflow, underflow or cancel become forms that do not. Each line names what it mends
// by its left side; a row is tested against the reference evaluator, never against the left side.
#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "passes/rule.hpp"

namespace croton::passes {
namespace {

using namespace patterns;
using ir::Integers;
using ir::Op;
using ir::Value;

// exp(x) / sum(exp(x)) along one axis, the sum brought back to x's shape, is softmax(x).
Value exp_over_sum(const Value& v, const RuleContext&) {
  const Value &above = v.node->operands[0], &below = v.node->operands[1];
  if (above.op() != Op::exp) return {};
  Value total = below;
  Integers kept;
  if (total.op() == Op::broadcast) {
    kept = total.node->attribute<Integers>("axes");
    total = total.node->operands[0];
  } else {
    return {};
  }
  const bool reshaped = total.op() == Op::reshape;
  if (reshaped) {
    // keepdims: the sum's axis stands as 1, and the broadcast keeps every axis.
    if (total.rank() != v.rank()) return {};
    total = total.node->operands[0];
  }
  if (total.op() != Op::sum || !(total.node->operands[0] == above)) return {};
  const auto& axes = total.node->attribute<Integers>("axes");
  if (axes.size() != 1 || total.rank() + 1 != v.rank()) return {};
  for (std::int64_t i = 0, k = 0; i < v.rank() && !reshaped; ++i)
    if (i != axes[0] && kept[static_cast<std::size_t>(k++)] != i) return {};
  if (reshaped) {
    const auto& shape = below.node->operands[0].shape();
    for (std::int64_t i = 0, k = 0; i < v.rank(); ++i) {
      const Dim& extent = shape[static_cast<std::size_t>(i)];
      if (i == axes[0] ? !extent.is(1) : !(extent == total.shape()[static_cast<std::size_t>(k++)]))
        return {};
    }
  }
  const std::vector<Value> operands{above.node->operands[0]};
  return ir::call("softmax", operands, {{"axis", axes[0]}});
}

Value example_softmax() {
  const Value e = ir::exp(ir::input("x", ir::tensor(DType::f32, {"n", 5})));
  return e / ir::restore_axes(ir::sum(e, {1}), e.shape(), {1});
}

constexpr std::uint32_t kMends = may::rounding | may::overflow;
constexpr std::uint32_t kDefines = kMends | may::domain;  // a number where the left side is NaN

// clang-format off
constexpr Rule kStability[] = {
  rule("log-softmax",       log(composition("softmax", x, A)), composition("log_softmax", x, A), {.may = kMends}),
  rule("log-sum-exp",       log(sum(exp(x), A)),  composition("logsumexp", x, A), {.may = kMends}),
  rule_fn("softmax", Op::div, "exp(x) / sum(exp(x)) → softmax(x)", exp_over_sum, example_softmax, kDefines),
  rule("log-sigmoid",       log(sigmoid(x)),      -softplus(-x),  {.may = kMends}),
  rule("log-exp",           log(exp(x)),          x,              {.may = kMends}),
  rule("log1p-exp",         log1p(exp(x)),        softplus(x),    {.may = kMends}),
  rule("log-one-plus",      log(x + 1),           log1p(x),       {.may = may::rounding}),
  rule("log-one-minus",     log(1 - x),           log1p(-x),      {.may = may::rounding}),
  rule("exp-minus-one",     exp(x) - 1,           expm1(x),       {.may = may::rounding}),
  rule("one-minus-exp",     1 - exp(x),           -expm1(x),      {.may = may::rounding | may::zero_sign}),
  rule("sigmoid",           1 / (exp(-x) + 1),    sigmoid(x),     {.may = kMends}),
  rule("sigmoid-of-negative", 1 / (exp(x) + 1),   sigmoid(-x),    {.may = kMends}),
  rule("sigmoid-by-exp",    exp(x) / (exp(x) + 1), sigmoid(x),    {.may = kDefines}),
  rule("one-minus-sigmoid", 1 - sigmoid(x),       sigmoid(-x),    {.may = may::rounding}),
  rule("exp-times-exp",     single_use(exp(x)) * single_use(exp(y)), exp(x + y), {.may = kDefines}),
  rule("sqr-over-self",     sqr(x) / x,           x,              {.may = kDefines, .on = On::reals}),
  rule("self-over-sqr",     x / sqr(x),           1 / x,          {.may = kDefines, .on = On::reals}),
  rule("self-over-sqrt",    x / sqrt(x),          sqrt(x),        {.may = kDefines, .on = On::reals}),
  rule("self-over-abs",     x / abs(x),           sign(x),        {.may = kDefines | may::zero_sign, .on = On::reals}),
  rule("sqrt-sqr",          sqrt(sqr(x)),         abs(x),         {.may = kMends}),
};
// clang-format on

}  // namespace

std::span<const Rule> stability_rules() { return kStability; }

}  // namespace croton::passes
