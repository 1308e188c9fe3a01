// The rules, by stage. Each is a small function under a name; the algebra stands above it. Right
// sides are never dearer than left sides, and every set moves towards its canonical form, so it
// terminates.
#include <algorithm>
#include <cmath>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "passes/rewrite.hpp"

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Op;
using ir::Value;

const Value& operand(const Value& v, std::size_t i) { return v.node->operands[i]; }

bool is_splat(const Value& v, double wanted) {
  const auto literal = ir::splat_value(v);
  return literal && literal->as_double() == wanted &&
         (wanted != 0 || !std::signbit(literal->as_double()));
}

bool is_call(const Value& v, std::string_view name) {
  return v.op() == Op::call && v.node->attribute<std::string>("name") == name;
}

Value call_like(std::string_view name, const Value& x, const Value& like) {
  const std::vector<Value> operands{x};
  return ir::call(name, operands, like.node->attribute<ir::NamedAttributes>("attributes"));
}

// ---- canonicalize: bits are kept, but for the sign of a zero where a rule says so

// x + (-0) → x;  x * 1 → x;  x / 1 → x;  x - 0 → x
Value identity_operand(const Value& v) {
  const auto literal = [&](std::size_t i) { return ir::splat_value(operand(v, i)); };
  const auto is_identity = [&](std::size_t i) {
    const auto l = literal(i);
    if (!l) return false;
    const double x = l->as_double();
    switch (v.op()) {
      case Op::add:
        return is_real(v.dtype()) ? x == 0 && std::signbit(x) : x == 0;
      case Op::sub:
        return i == 1 && x == 0 && !(is_real(v.dtype()) && std::signbit(x));
      case Op::mul:
        return x == 1;
      case Op::div:
        return i == 1 && x == 1;
      default:
        return false;
    }
  };
  if (is_identity(1)) return operand(v, 0);
  if (v.op() != Op::sub && v.op() != Op::div && is_identity(0)) return operand(v, 1);
  return {};
}

// f(f(x)) → x for involutions;  f(f(x)) → f(x) for idempotent unary ops
Value twice(const Value& v) {
  if (operand(v, 0).op() != v.op()) return {};
  return ir::has_trait(v.op(), ir::traits::involution) ? operand(operand(v, 0), 0) : operand(v, 0);
}

// transpose(transpose(x, p), q) → transpose(x, p∘q)
Value transpose_twice(const Value& v) {
  const Value& inner = operand(v, 0);
  if (inner.op() != Op::transpose) return {};
  const auto& p = inner.node->attribute<Integers>("permutation");
  const auto& q = v.node->attribute<Integers>("permutation");
  Integers composed;
  for (const std::int64_t axis : q) composed.push_back(p[static_cast<std::size_t>(axis)]);
  return ir::transpose(operand(inner, 0), std::move(composed));
}

// reshape(reshape(x)) → reshape(x)
Value reshape_twice(const Value& v) {
  if (operand(v, 0).op() == Op::reshape) return ir::reshape(operand(operand(v, 0), 0), v.shape());
  if (const auto scalar = ir::splat_value(operand(v, 0))) return ir::splat(*scalar, v.shape());
  return {};
}

// broadcast(broadcast(x)) → broadcast(x)
Value broadcast_twice(const Value& v) {
  const Value& inner = operand(v, 0);
  if (inner.op() != Op::broadcast) return {};
  const auto& outer_axes = v.node->attribute<Integers>("axes");
  Integers axes;
  for (const std::int64_t axis : inner.node->attribute<Integers>("axes"))
    axes.push_back(outer_axes[static_cast<std::size_t>(axis)]);
  return ir::broadcast(operand(inner, 0), v.shape(), std::move(axes));
}

// contract absorbs transposes of its operands: they are other labels
Value contract_transpose(const Value& v) {
  Integers labels[2] = {v.node->attribute<Integers>("a"), v.node->attribute<Integers>("b")};
  std::vector<Value> operands = v.node->operands;
  bool changed = false;
  for (std::size_t side = 0; side < 2; ++side) {
    if (operands[side].op() != Op::transpose) continue;
    const auto& p = operands[side].node->attribute<Integers>("permutation");
    Integers fresh(p.size());
    for (std::size_t i = 0; i < p.size(); ++i)
      fresh[static_cast<std::size_t>(p[i])] = labels[side][i];
    labels[side] = std::move(fresh);
    operands[side] = operand(operands[side], 0);
    changed = true;
  }
  if (!changed) return {};
  return ir::contract(operands[0], operands[1], labels[0], labels[1],
                      v.node->attribute<Integers>("out"));
}

// cast(splat) is a splat; a cast that widens and returns is nothing
Value cast_constant(const Value& v) {
  const auto literal = ir::splat_value(operand(v, 0));
  if (!literal) return {};
  if (is_real(literal->dtype()) && !is_real(v.dtype())) return {};
  const ir::Literal made = is_real(literal->dtype())
                               ? ir::Literal::scalar_of(v.dtype(), literal->as_double())
                               : ir::Literal::scalar_of(v.dtype(), literal->as_integer());
  return ir::splat(made, v.shape());
}

// gather after a broadcast-free scatter of one element per row stays as it is; slices of slices
// join
Value slice_twice(const Value& v) {
  const Value& inner = operand(v, 0);
  if (inner.op() != Op::slice) return {};
  const auto &s0 = inner.node->attribute<Shape>("starts"), &s1 = v.node->attribute<Shape>("starts");
  const auto &t0 = inner.node->attribute<Integers>("steps"),
             &t1 = v.node->attribute<Integers>("steps");
  Shape starts;
  Integers steps;
  for (std::size_t i = 0; i < s0.size(); ++i) {
    starts.push_back(s0[i] + s1[i] * Dim(t0[i]));
    steps.push_back(t0[i] * t1[i]);
  }
  return ir::slice_of(operand(inner, 0), std::move(starts), v.shape(), std::move(steps));
}

// ---- stabilize: rounding changes, and overflow and cancellation are mended

// log(softmax(x)) → log_softmax(x)
Value log_softmax(const Value& v) {
  const Value& x = operand(v, 0);
  return is_call(x, "softmax") ? call_like("log_softmax", operand(x, 0), x) : Value{};
}

// log(sum(exp(x))) → logsumexp(x)
Value log_sum_exp(const Value& v) {
  const Value& total = operand(v, 0);
  if (total.op() != Op::sum || operand(total, 0).op() != Op::exp) return {};
  const std::vector<Value> operands{operand(operand(total, 0), 0)};
  return ir::call("logsumexp", operands, {{"axes", total.node->attribute<Integers>("axes")}});
}

// log(1 + x) → log1p(x)
Value log_one_plus(const Value& v) {
  const Value& s = operand(v, 0);
  if (s.op() != Op::add) return {};
  if (is_splat(operand(s, 0), 1)) return ir::log1p(operand(s, 1));
  if (is_splat(operand(s, 1), 1)) return ir::log1p(operand(s, 0));
  return {};
}

// exp(x) - 1 → expm1(x)
Value exp_minus_one(const Value& v) {
  const bool fits = operand(v, 0).op() == Op::exp && is_splat(operand(v, 1), 1);
  return fits ? ir::expm1(operand(operand(v, 0), 0)) : Value{};
}

// log1p(exp(x)) → softplus(x)
Value softplus(const Value& v) {
  return operand(v, 0).op() == Op::exp ? ir::softplus(operand(operand(v, 0), 0)) : Value{};
}

// 1 / (1 + exp(-x)) → sigmoid(x)
Value sigmoid(const Value& v) {
  if (!is_splat(operand(v, 0), 1) || operand(v, 1).op() != Op::add) return {};
  const Value& s = operand(v, 1);
  const std::size_t other = is_splat(operand(s, 0), 1) ? 1 : 0;
  if (!is_splat(operand(s, 1 - other), 1) || operand(s, other).op() != Op::exp) return {};
  const Value& exponent = operand(operand(s, other), 0);
  return exponent.op() == Op::neg ? ir::sigmoid(operand(exponent, 0))
                                  : ir::sigmoid(ir::neg(exponent));
}

// log(sigmoid(x)) → -softplus(-x)
Value log_sigmoid(const Value& v) {
  const Value& x = operand(v, 0);
  return x.op() == Op::sigmoid ? ir::neg(ir::softplus(ir::neg(operand(x, 0)))) : Value{};
}

// 1 - sigmoid(x) → sigmoid(-x)
Value one_minus_sigmoid(const Value& v) {
  const bool fits = is_splat(operand(v, 0), 1) && operand(v, 1).op() == Op::sigmoid;
  return fits ? ir::sigmoid(ir::neg(operand(operand(v, 1), 0))) : Value{};
}

// ---- expand and form-fma

Value expand_call(const Value& v) { return ir::expand(*v.node); }

// a·b + c → fma(a, b, c), the left product first
Value add_to_fma(const Value& v) {
  if (!is_real(v.dtype())) return {};
  for (std::size_t side = 0; side < 2; ++side) {
    const Value& product = operand(v, side);
    if (product.op() == Op::mul)
      return ir::make(Op::fma, {operand(product, 0), operand(product, 1), operand(v, 1 - side)});
  }
  return {};
}

// clang-format off
constexpr Rule kCanonicalize[] = {
  {"add-identity", Op::add, identity_operand},
  {"sub-zero", Op::sub, identity_operand},
  {"mul-one", Op::mul, identity_operand},
  {"div-one", Op::div, identity_operand},
  {"neg-neg", Op::neg, twice},
  {"not-not", Op::logical_not, twice},
  {"abs-abs", Op::abs, twice},
  {"floor-floor", Op::floor, twice},
  {"transpose-transpose", Op::transpose, transpose_twice},
  {"reshape-reshape", Op::reshape, reshape_twice},
  {"broadcast-broadcast", Op::broadcast, broadcast_twice},
  {"contract-transpose", Op::contract, contract_transpose},
  {"cast-constant", Op::cast, cast_constant},
  {"slice-slice", Op::slice, slice_twice},
};
constexpr Rule kStabilize[] = {
  {"log-softmax", Op::log, log_softmax},
  {"log-sigmoid", Op::log, log_sigmoid},
  {"log-sum-exp", Op::log, log_sum_exp},
  {"log1p", Op::log, log_one_plus},
  {"expm1", Op::sub, exp_minus_one},
  {"one-minus-sigmoid", Op::sub, one_minus_sigmoid},
  {"softplus", Op::log1p, softplus},
  {"sigmoid", Op::div, sigmoid},
};
constexpr Rule kExpand[] = {{"expand", Op::call, expand_call}};
constexpr Rule kFma[] = {{"add-fma", Op::add, add_to_fma}};
// clang-format on

}  // namespace

std::span<const Rule> canonicalize_rules() { return kCanonicalize; }
std::span<const Rule> stabilize_rules() { return kStabilize; }
std::span<const Rule> expand_rules() { return kExpand; }
std::span<const Rule> fma_rules() { return kFma; }

}  // namespace croton::passes
