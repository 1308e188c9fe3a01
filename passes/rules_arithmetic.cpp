// Identities of arithmetic, elementary functions, comparisons and logic.
//
// Canonical forms: constants on the right; x - y stays a subtraction; negations move outwards and
// cancel; a function of -x loses the sign where it may.
#include "ir/builder.hpp"
#include "passes/rule.hpp"

namespace croton::passes {
namespace {

using namespace patterns;
using ir::Op;
using ir::Value;

Value constant_right(const Value& v, const RuleContext&) {
  const auto& operands = v.node->operands;
  if (operands.size() != 2 || !ir::has_trait(v.op(), ir::traits::commutative)) return {};
  if (!ir::splat_value(operands[0]) || ir::splat_value(operands[1])) return {};
  return ir::make(v.op(), {operands[1], operands[0]});
}

Value two_plus_x() { return ir::input("x", ir::tensor(DType::f64, {"n"})) + 2.0; }
Value example_constant_right() {
  const Value v = two_plus_x();
  return ir::make(Op::add, {v.node->operands[1], v.node->operands[0]});
}

// x / c is x · (1/c) exactly when c is a power of two whose inverse is normal.
Value divide_by_power_of_two(const Value& v, const RuleContext&) {
  const auto literal = ir::splat_value(v.node->operands[1]);
  if (!literal || !is_real(v.dtype())) return {};
  const double divisor = literal->as_double();
  int exponent = 0;
  const double fraction = __builtin_frexp(divisor, &exponent);
  const int limit = v.dtype() == DType::f32 ? 100 : 900;
  if ((fraction != 0.5 && fraction != -0.5) || exponent > limit || exponent < -limit ||
      divisor == 1)
    return {};
  return v.node->operands[0] * (1 / divisor);
}

Value example_divide() { return ir::input("x", ir::tensor(DType::f32, {"n"})) / 8.0; }

// clang-format off
constexpr Rule kArithmetic[] = {
  rule_fn("constant-right",  std::nullopt, "c + x → x + c, for every commutative op", constant_right, example_constant_right),
  rule("add-zero",           x + 0,              x,           {.on = On::integers}),
  rule("add-negative-zero",  x + -0.0,           x,           {.on = On::reals}),
  rule("add-positive-zero",  x + 0.0,            x,           {.may = may::zero_sign, .on = On::reals}),
  rule("sub-zero",           x - 0,              x),
  rule("zero-sub-integer",   0 - x,              -x,          {.on = On::integers}),
  rule("zero-sub",           0.0 - x,            -x,          {.may = may::zero_sign, .on = On::reals}),
  rule("negative-zero-sub",  -0.0 - x,           -x,          {.on = On::reals}),
  rule("add-negation",       x + -y,             x - y),
  rule("sub-negation",       x - -y,             x + y,       {.on = On::numbers}),
  rule("negate-sub",         -(x - y),           y - x,       {.may = may::zero_sign, .on = On::reals}),
  rule("negate-sub-integer", -(x - y),           y - x,       {.on = On::integers}),
  rule("sub-self-integer",   x - x,              0,           {.on = On::integers}),
  rule("sub-self",           x - x,              0,           {.may = may::nans, .on = On::reals}),
  rule("mul-one",            x * 1,              x),
  rule("mul-minus-one",      x * -1,             -x,          {.on = On::reals}),
  rule("mul-zero-integer",   x * 0,              0,           {.on = On::integers}),
  rule("mul-zero",           x * 0,              0,           {.may = may::nans | may::zero_sign, .on = On::reals}),
  rule("mul-two",            x * 2,              x + x,       {.on = On::reals}),
  rule("mul-negations",      -x * -y,            x * y,       {.on = On::numbers}),
  rule("div-one",            x / 1,              x),
  rule("div-minus-one",      x / -1,             -x),
  rule("div-self",           x / x,              1,           {.may = may::nans}),
  rule("div-negations",      -x / -y,            x / y,       {.on = On::reals}),
  rule_fn("div-power-of-two", Op::div, "x / 2^k → x · 2^-k", divide_by_power_of_two, example_divide),
  rule("add-constants",      (x + c) + d,        x + (c + d), {.may = may::rounding | may::overflow, .on = On::reals}),
  rule("add-constants-integer", (x + c) + d,     x + (c + d), {.on = On::integers}),
  rule("mul-constants",      (x * c) * d,        x * (c * d), {.may = may::rounding | may::overflow, .on = On::reals}),
  rule("mul-constants-integer", (x * c) * d,     x * (c * d), {.on = On::integers}),

  rule("concatenate-negations", concatenate(each(-x), A), -concatenate(each(x), A), {.on = On::numbers}),
  rule("sum-negations",      sum(single_use(-x), A), -sum(x, A), {.may = may::zero_sign, .on = On::reals}),
  rule("sum-negations-integer", sum(single_use(-x), A), -sum(x, A), {.on = On::integers}),

  rule("neg-neg",            -(-x),              x),
  rule("abs-neg",            abs(-x),            abs(x),      {.on = On::reals}),
  rule("abs-abs",            abs(abs(x)),        abs(x)),
  rule("abs-non-negative",   abs(x),             x,           {.may = may::zero_sign, .on = On::reals, .when = {Fact::non_negative, 0}}),
  rule("abs-sqr",            abs(sqr(x)),        sqr(x),      {.on = On::reals}),
  rule("pow-two",            pow(x, 2),          sqr(x),      {.may = may::rounding, .on = On::reals}),
  rule("sqr-neg",            sqr(-x),            sqr(x)),
  rule("sqr-abs",            sqr(abs(x)),        sqr(x)),
  rule("sign-sign",          sign(sign(x)),      sign(x)),
  rule("cos-neg",            cos(-x),            cos(x),      {.on = On::reals}),
  rule("cos-abs",            cos(abs(x)),        cos(x),      {.on = On::reals}),
  rule("floor-floor",        floor(floor(x)),    floor(x)),
  rule("floor-ceil",         floor(ceil(x)),     ceil(x)),
  rule("floor-round",        floor(round(x)),    round(x)),
  rule("ceil-ceil",          ceil(ceil(x)),      ceil(x)),
  rule("ceil-floor",         ceil(floor(x)),     floor(x)),
  rule("trunc-trunc",        trunc(trunc(x)),    trunc(x)),
  rule("round-round",        round(round(x)),    round(x)),

  rule("minimum-self",       minimum(x, x),      x),
  rule("maximum-self",       maximum(x, x),      x),
  rule("minimum-maximum",    minimum(x, maximum(x, y)), x,    {.may = may::nans | may::zero_sign}),
  rule("maximum-minimum",    maximum(x, minimum(x, y)), x,    {.may = may::nans | may::zero_sign}),
};

constexpr Rule kLogic[] = {
  rule("not-not",            logical_not(logical_not(x)), x),
  rule("not-lt",             logical_not(lt(x, y)), ge(x, y), {.may = may::nans}),
  rule("not-le",             logical_not(le(x, y)), gt(x, y), {.may = may::nans}),
  rule("not-gt",             logical_not(gt(x, y)), le(x, y), {.may = may::nans}),
  rule("not-ge",             logical_not(ge(x, y)), lt(x, y), {.may = may::nans}),
  rule("not-eq",             logical_not(eq(x, y)), neq(x, y)),
  rule("not-neq",            logical_not(neq(x, y)), eq(x, y)),
  rule("and-self",           logical_and(x, x),  x),
  rule("or-self",            logical_or(x, x),   x),
  rule("and-true",           logical_and(x, 1),  x),
  rule("or-false",           logical_or(x, 0),   x),
  rule("and-false",          logical_and(x, 0),  0),
  rule("or-true",            logical_or(x, 1),   1),
  rule("bitwise-not-not",    bitwise_not(bitwise_not(x)), x),
  rule("bitwise-and-self",   bitwise_and(x, x),  x),
  rule("bitwise-or-self",    bitwise_or(x, x),   x),
  rule("where-same",         where(x, y, y),     y),
  rule("where-true",         where(1, x, y),     x),
  rule("where-false",        where(0, x, y),     y),
  rule("where-not",          where(logical_not(x), y, z), where(x, z, y)),
};
// clang-format on

}  // namespace

std::span<const Rule> arithmetic_rules() { return kArithmetic; }
std::span<const Rule> logic_rules() { return kLogic; }

}  // namespace croton::passes
