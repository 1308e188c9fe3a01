// Facts: what a value's graph shows about its elements. NaN is allowed everywhere: a fact speaks of
// the elements that are numbers.
#include "ir/builder.hpp"
#include "passes/rule.hpp"

namespace croton::passes {
namespace {

using ir::Op;
using ir::Value;

constexpr int kMaxDepth = 8;

bool non_negative(const Value& v, int depth);

bool positive(const Value& v, int depth) {
  if (depth > kMaxDepth) return false;
  if (const auto literal = ir::splat_value(v)) return literal->as_double() > 0;
  const auto below = [&](std::size_t i) { return v.node->operands[i]; };
  switch (v.op()) {
    case Op::add:
      return is_real(v.dtype()) &&
             ((positive(below(0), depth + 1) && non_negative(below(1), depth + 1)) ||
              (non_negative(below(0), depth + 1) && positive(below(1), depth + 1)));
    case Op::broadcast:
    case Op::reshape:
    case Op::transpose:
    case Op::slice:
      return positive(below(0), depth + 1);
    default:
      return false;
  }
}

bool non_negative(const Value& v, int depth) {
  if (depth > kMaxDepth) return false;
  if (is_integer(v.dtype()) && !is_signed_integer(v.dtype())) return true;
  if (const auto literal = ir::splat_value(v)) return literal->as_double() >= 0;
  const auto below = [&](std::size_t i) { return v.node->operands[i]; };
  switch (v.op()) {
    case Op::exp:
    case Op::sigmoid:
    case Op::softplus:
    case Op::iota:
      return true;
    case Op::abs:
    case Op::sqr:
    case Op::sqrt:
      return is_real(v.dtype());  // integers wrap
    case Op::add:
    case Op::mul:
    case Op::div:
      return is_real(v.dtype()) && non_negative(below(0), depth + 1) &&
             non_negative(below(1), depth + 1);
    case Op::maximum:
      return non_negative(below(0), depth + 1) || non_negative(below(1), depth + 1);
    case Op::minimum:
      return non_negative(below(0), depth + 1) && non_negative(below(1), depth + 1);
    case Op::broadcast:
    case Op::reshape:
    case Op::transpose:
    case Op::slice:
    case Op::max:
    case Op::min:
      return non_negative(below(0), depth + 1);
    case Op::sum:
    case Op::prod:
      return is_real(v.dtype()) && non_negative(below(0), depth + 1);
    default:
      return positive(v, depth + 1);
  }
}

}  // namespace

bool holds(Fact fact, const Value& value) {
  switch (fact) {
    case Fact::none:
      return true;
    case Fact::non_negative:
      return non_negative(value, 0);
    case Fact::positive:
      return positive(value, 0);
  }
  return false;
}

std::string_view name(Fact fact) {
  constexpr std::string_view names[] = {"", "non_negative", "positive"};
  return names[static_cast<std::size_t>(fact)];
}

}  // namespace croton::passes
