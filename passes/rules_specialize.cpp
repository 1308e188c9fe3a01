// What is cheaper for the operands at hand, and what only exists on some targets.
#include <cmath>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "passes/rule.hpp"

namespace croton::passes {
namespace {

using namespace patterns;
using ir::Op;
using ir::Value;

// x^n by squaring, for whole n from 3 to 64.
Value integer_power(const Value& v, const RuleContext&) {
  const auto literal = ir::splat_value(v.node->operands[1]);
  if (!literal || !is_real(v.dtype())) return {};
  const double exponent = literal->as_double();
  if (exponent < 3 || exponent > 64 || std::trunc(exponent) != exponent) return {};
  Value square = v.node->operands[0], result;
  for (auto n = static_cast<int>(exponent); n > 0; n /= 2) {
    if (n % 2 == 1) result = result ? result * square : square;
    if (n > 1) square = ir::sqr(square);
  }
  return result;
}

Value example_power() { return ir::pow(ir::input("x", ir::tensor(DType::f64, {"n"})), 10.0); }

// x / broadcast(y): one division per element of y, then products.
Value divide_by_broadcast(const Value& v, const RuleContext&) {
  const Value &x = v.node->operands[0], &spread = v.node->operands[1];
  if (!is_real(v.dtype()) || spread.op() != Op::broadcast || ir::splat_value(x)) return {};
  const Value& y = spread.node->operands[0];
  return x * ir::broadcast(1.0 / y, spread.shape(), spread.node->attribute<ir::Integers>("axes"));
}

Value example_divide_by_broadcast() {
  const Value x = ir::input("x", ir::tensor(DType::f32, {"n", 5})),
              y = ir::input("y", ir::tensor(DType::f32, {"n"}));
  return x / ir::broadcast(y, x.shape(), {0});
}

Value expand_call(const Value& v, const RuleContext&) { return ir::expand(*v.node); }

Value example_call() {
  const std::vector<Value> operands{ir::input("x", ir::tensor(DType::f64, {"n", 5}))};
  return ir::call("softmax", operands, {{"axis", std::int64_t{1}}});
}

// The left product first; a square is a product too.
Value add_to_fma(const Value& v, const RuleContext&) {
  if (!is_real(v.dtype())) return {};
  for (std::size_t side = 0; side < 2; ++side) {
    const Value &product = v.node->operands[side], &rest = v.node->operands[1 - side];
    if (product.op() == Op::mul)
      return ir::make(Op::fma, {product.node->operands[0], product.node->operands[1], rest});
    if (product.op() == Op::sqr)
      return ir::make(Op::fma, {product.node->operands[0], product.node->operands[0], rest});
  }
  return {};
}

Value sub_to_fma(const Value& v, const RuleContext&) {
  if (!is_real(v.dtype())) return {};
  const Value &a = v.node->operands[0], &b = v.node->operands[1];
  if (a.op() == Op::mul && b.op() == Op::mul) return {};  // x · y - x · y stays 0
  if (a.op() == Op::mul)
    return ir::make(Op::fma, {a.node->operands[0], a.node->operands[1], ir::neg(b)});
  if (b.op() == Op::mul)
    return ir::make(Op::fma, {ir::neg(b.node->operands[0]), b.node->operands[1], a});
  return {};
}

Value example_add() {
  const Value a = ir::input("a", ir::tensor(DType::f64, {"n"})), b = ir::input("b", a.type());
  return a * b + a;
}
Value example_sub() {
  const Value a = ir::input("a", ir::tensor(DType::f64, {"n"})), b = ir::input("b", a.type());
  return a - a * b;
}

// clang-format off
constexpr Rule kSpecialize[] = {
  rule("pow-zero",       pow(x, 0),         1,            {.on = On::reals}),
  rule("pow-one",        pow(x, 1),         x,            {.may = may::rounding, .on = On::reals}),
  rule("pow-minus-one",  pow(x, -1),        1 / x,        {.may = may::rounding, .on = On::reals}),
  rule("pow-half",       pow(x, 0.5),       sqrt(x),      {.may = may::rounding | may::nans | may::zero_sign, .on = On::reals}),
  rule("pow-half-of-non-negative", pow(x, 0.5), sqrt(x),  {.may = may::rounding, .on = On::reals, .when = {Fact::non_negative, 0}}),
  rule("one-pow",        pow(1, x),         1,            {.on = On::reals}),
  rule_fn("integer-power", Op::pow, "x^n → products by squaring", integer_power, example_power, may::rounding),
  rule_fn("div-broadcast", Op::div, "x / broadcast(y) → x · broadcast(1 / y)", divide_by_broadcast, example_divide_by_broadcast, may::rounding | may::overflow),
};
constexpr Rule kExpand[] = {
  rule_fn("expand", Op::call, "a composition → its body", expand_call, example_call),
};
constexpr Rule kFma[] = {
  rule_fn("add-fma", Op::add, "x · y + z → fma(x, y, z)", add_to_fma, example_add, may::rounding | may::overflow),
  rule_fn("sub-fma", Op::sub, "x · y - z → fma(x, y, -z), z - x · y → fma(-x, y, z)", sub_to_fma, example_sub, may::rounding | may::overflow),
};
// clang-format on

}  // namespace

std::span<const Rule> specialize_rules() { return kSpecialize; }
std::span<const Rule> expand_rules() { return kExpand; }
std::span<const Rule> fma_rules() { return kFma; }

}  // namespace croton::passes
