// Movement ops that follow each other become one; casts that undo each other vanish.
#include <algorithm>

#include "ir/builder.hpp"
#include "ir/contract_order.hpp"
#include "passes/rule.hpp"

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Op;
using ir::Value;

const Value& operand(const Value& v, std::size_t i) { return v.node->operands[i]; }

// transpose(transpose(x, p), q) → transpose(x, p∘q)
Value transpose_twice(const Value& v, const RuleContext&) {
  const Value& inner = operand(v, 0);
  if (inner.op() != Op::transpose) return {};
  const auto& p = inner.node->attribute<Integers>("permutation");
  const auto& q = v.node->attribute<Integers>("permutation");
  Integers composed;
  for (const std::int64_t axis : q) composed.push_back(p[static_cast<std::size_t>(axis)]);
  return ir::transpose(operand(inner, 0), std::move(composed));
}

Value reshape_twice(const Value& v, const RuleContext&) {
  return operand(v, 0).op() == Op::reshape ? ir::reshape(operand(operand(v, 0), 0), v.shape())
                                           : Value{};
}

Value broadcast_twice(const Value& v, const RuleContext&) {
  const Value& inner = operand(v, 0);
  if (inner.op() != Op::broadcast) return {};
  const auto& outer_axes = v.node->attribute<Integers>("axes");
  Integers axes;
  for (const std::int64_t axis : inner.node->attribute<Integers>("axes")) {
    const auto at = static_cast<std::size_t>(axis);
    // An extent of 1 that the inner one repeats within 1 and the outer one spreads stays legal.
    axes.push_back(outer_axes[at]);
  }
  return ir::broadcast(operand(inner, 0), v.shape(), std::move(axes));
}

// A movement of one repeated element is that element under the result's shape.
Value move_splat(const Value& v, const RuleContext&) {
  if (ir::info(v.op()).kind != ir::OpKind::movement) return {};
  const auto scalar = ir::splat_value(operand(v, 0));
  for (const Value& other : v.node->operands)
    if (ir::splat_value(other) != scalar) return {};
  return scalar ? ir::splat(*scalar, v.shape()) : Value{};
}

// concatenate(…, concatenate(…), …) along one axis
Value concatenate_twice(const Value& v, const RuleContext& context) {
  const auto& axis = v.node->attribute<std::int64_t>("axis");
  std::vector<Value> parts;
  for (const Value& part : v.node->operands) {
    const bool inner = part.op() == Op::concatenate && context.single_use(part) &&
                       part.node->attribute<std::int64_t>("axis") == axis;
    if (inner)
      parts.insert(parts.end(), part.node->operands.begin(), part.node->operands.end());
    else
      parts.push_back(part);
  }
  if (parts.size() == v.node->operands.size()) return {};
  return ir::concatenate(std::move(parts), axis);
}

// A slice that takes every element of x in its order, known once dims are simplified.
Value whole_slice(const Value& v, const RuleContext&) {
  const auto& starts = v.node->attribute<Shape>("starts");
  const auto& steps = v.node->attribute<Integers>("steps");
  for (std::size_t i = 0; i < starts.size(); ++i)
    if (!starts[i].is(0) || (steps[i] != 1 && !v.shape()[i].is(1))) return {};
  return v.shape() == operand(v, 0).shape() ? operand(v, 0) : Value{};
}

// contract absorbs transposes of its operands: they are other labels.
Value contract_transpose(const Value& v, const RuleContext&) {
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

Value slice_twice(const Value& v, const RuleContext&) {
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

// True when every value of `from` is a value of `to`.
bool widens(DType from, DType to) {
  if (from == DType::boolean) return true;
  if (to == DType::boolean) return false;
  if (is_real(from)) return is_real(to) && size_of(to) >= size_of(from);
  if (is_real(to)) return size_of(from) < size_of(to);
  if (is_signed_integer(from)) return is_signed_integer(to) && size_of(to) >= size_of(from);
  return is_signed_integer(to) ? size_of(to) > size_of(from) : size_of(to) >= size_of(from);
}

// cast(cast(x, wider), t) → cast(x, t)
Value cast_twice(const Value& v, const RuleContext&) {
  const Value& inner = operand(v, 0);
  if (inner.op() != Op::cast || !widens(operand(inner, 0).dtype(), inner.dtype())) return {};
  return ir::cast(operand(inner, 0), v.dtype());
}

// The same product with one axis of an operand moved last by a copy; nothing when that would change
// the order in which inner elements are added.
Value with_axis_last(const Value& v, std::size_t side, std::ptrdiff_t axis) {
  Integers labels[2] = {v.node->attribute<Integers>("a"), v.node->attribute<Integers>("b")};
  Integers permutation, fresh;
  for (std::size_t i = 0; i < labels[side].size(); ++i)
    if (static_cast<std::ptrdiff_t>(i) != axis) permutation.push_back(static_cast<std::int64_t>(i));
  permutation.push_back(axis);
  for (const std::int64_t from : permutation)
    fresh.push_back(labels[side][static_cast<std::size_t>(from)]);
  labels[side] = fresh;
  std::vector<Value> operands = v.node->operands;
  operands[side] = ir::transpose(operands[side], permutation);
  const Value packed = ir::contract(operands[0], operands[1], labels[0], labels[1],
                                    v.node->attribute<Integers>("out"));
  const ir::ContractOrder before = ir::contract_order(*v.node),
                          now = ir::contract_order(*packed.node);
  return now.inner == before.inner && !now.is_reduction ? packed : Value{};
}

// A product reads rows of its second operand's last axis side by side. Where that axis is another
// one, the operand is copied once, transposed: cheaper than reading it across for every tile.
Value pack_operand(const Value& v, const RuleContext&) {
  const ir::ContractOrder order = ir::contract_order(*v.node);
  if (order.is_reduction) return {};
  const std::size_t side = order.swapped ? 0 : 1;
  const std::int64_t column = v.node->attribute<Integers>("out").back();
  const Integers& own = v.node->attribute<Integers>(side == 0 ? "a" : "b");
  if (own.size() < 2 || own.back() == column) return {};
  const auto at = std::find(own.begin(), own.end(), column);
  if (at == own.end()) return {};
  return with_axis_last(v, side, at - own.begin());
}

// Steps along the inner index that are multiples of a page fall into few sets of a cache, so that
// lines go before they are used again: the operand whose rows the tiles walk is copied once,
// transposed. Few columns read it too seldom for that.
Value pack_rows(const Value& v, const RuleContext&) {
  constexpr std::int64_t kPage = 4096, kFewestColumns = 128;
  if (v.rank() == 0 || !provably_less_equal(Dim(kFewestColumns), v.shape().back())) return {};
  const ir::ContractOrder order = ir::contract_order(*v.node);
  if (order.is_reduction || order.inner.size() != 1) return {};
  const std::size_t side = order.swapped ? 1 : 0;
  const Integers& own = v.node->attribute<Integers>(side == 0 ? "a" : "b");
  const auto at = std::find(own.begin(), own.end(), order.inner[0]);
  if (at == own.end() || at + 1 == own.end()) return {};
  Dim step(size_of(operand(v, side).dtype()));
  for (auto axis = at + 1; axis != own.end(); ++axis)
    step = step * operand(v, side).shape()[static_cast<std::size_t>(axis - own.begin())];
  if (!step.is_constant() || *step.constant() == 0 || *step.constant() % kPage != 0) return {};
  return with_axis_last(v, side, at - own.begin());
}

Integers moved(const Integers& axes, const Integers& permutation) {
  Integers out;
  for (const std::int64_t axis : axes) out.push_back(permutation[static_cast<std::size_t>(axis)]);
  return out;
}

// What `v` is a transpose of, elementwise ops and repetitions included; nothing when it is none.
Value transposed_from(const Value& v, const Integers& permutation, const RuleContext& context) {
  const auto axes_before = [&] {
    Shape shape = v.shape();
    for (std::size_t i = 0; i < permutation.size(); ++i)
      shape[static_cast<std::size_t>(permutation[i])] = v.shape()[i];
    return shape;
  };
  if (v.op() == Op::transpose)
    return v.node->attribute<Integers>("permutation") == permutation ? operand(v, 0) : Value{};
  if (const auto scalar = ir::splat_value(v)) return ir::splat(*scalar, axes_before());
  if (v.op() == Op::broadcast) {
    Integers axes = moved(v.node->attribute<Integers>("axes"), permutation);
    return std::is_sorted(axes.begin(), axes.end())
               ? ir::broadcast(operand(v, 0), axes_before(), std::move(axes))
               : Value{};
  }
  if (!ir::is_elementwise(v.op()) || !context.single_use(v)) return {};
  std::vector<Value> operands;
  for (const Value& each : v.node->operands) {
    operands.push_back(transposed_from(each, permutation, context));
    if (operands.back().node == nullptr) return {};
  }
  return ir::make(v.op(), std::move(operands), v.node->attributes);
}

// The permutation of the first transpose that elementwise ops read.
const Integers* first_permutation(const Value& v, const RuleContext& context) {
  if (v.op() == Op::transpose) return &v.node->attribute<Integers>("permutation");
  if (!ir::is_elementwise(v.op()) || !context.single_use(v)) return nullptr;
  for (const Value& each : v.node->operands)
    if (const Integers* found = first_permutation(each, context)) return found;
  return nullptr;
}

// A reduction reads what it is made of in the order in which that lies in memory.
Value reduce_transpose(const Value& v, const RuleContext& context) {
  if (!ir::is_reduction(v.op())) return {};
  const Integers* permutation = first_permutation(operand(v, 0), context);
  if (permutation == nullptr) return {};
  const auto& axes = v.node->attribute<Integers>("axes");
  Integers reduced = moved(axes, *permutation), kept;
  if (ir::is_positional(v.op()) && !std::is_sorted(reduced.begin(), reduced.end())) return {};
  const Value x = transposed_from(operand(v, 0), *permutation, context);
  if (x.node == nullptr) return {};
  for (std::size_t i = 0; i < permutation->size(); ++i)
    if (std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) == axes.end())
      kept.push_back((*permutation)[i]);
  std::sort(reduced.begin(), reduced.end());
  // Axis i of v is the axis of x's reduction at the place of kept[i] among what is kept.
  Integers order = kept, back;
  std::sort(order.begin(), order.end());
  for (const std::int64_t axis : kept)
    back.push_back(std::find(order.begin(), order.end(), axis) - order.begin());
  const Value result = ir::reduce(v.op(), x, std::move(reduced));
  return std::is_sorted(back.begin(), back.end()) ? result : ir::transpose(result, std::move(back));
}

Value matrix(DType dtype = DType::f32) { return ir::input("x", ir::tensor(dtype, {"n", 6})); }
Value example_transpose() {
  return ir::make(Op::transpose, {ir::transpose(matrix(), {1, 0})}, {Integers{1, 0}});
}
Value example_reshape() { return ir::reshape(ir::reshape(matrix(), {Dim("n") * 6}), {6, "n"}); }
Value example_broadcast() {
  const Value row = ir::input("x", ir::tensor(DType::f32, {6}));
  return ir::broadcast(ir::broadcast(row, {7, 6}, {1}), {3, 7, 6}, {1, 2});
}
Value example_splat() {
  return ir::make(Op::slice, {ir::full(DType::f32, {7, 6}, 2)},
                  {Shape{0, 1}, Shape{7, 2}, Integers{1, 2}});
}
Value example_contract() { return ir::matmul(ir::transpose(matrix(), {1, 0}), matrix()); }
Value example_slice() {
  const Value inner = ir::slice_of(matrix(), {0, 1}, {"n", 4}, {1, 1});
  return ir::slice_of(inner, {0, 3}, {"n", 2}, {1, -2});
}
Value example_cast() { return ir::cast(ir::cast(matrix(DType::i8), DType::f32), DType::i64); }

Value example_pack_rows() {
  const Value x = ir::input("x", ir::tensor(DType::f64, {2, 512})),
              w = ir::input("w", ir::tensor(DType::f64, {2, 128}));
  return ir::contract(x, w, {2, 0}, {2, 1}, {0, 1});
}
Value example_pack() {
  const Value w = ir::input("w", ir::tensor(DType::f32, {4, 6}));
  return ir::contract(matrix(), w, {0, 2}, {1, 2}, {0, 1});
}

Value example_reduce() {
  const Value x = ir::input("x", ir::tensor(DType::f32, {"n", 6, 4}));
  return ir::reduce(Op::sum, ir::apply(Op::exp, {ir::transpose(x, {2, 1, 0})}), {0});
}

Value example_concatenate() {
  const Value x = ir::input("x", ir::tensor(DType::f64, {"n", 5}));
  return ir::concatenate({x, ir::concatenate({x, x}, 0)}, 0);
}
Value example_whole_slice() {
  const Value x = ir::input("x", ir::tensor(DType::f64, {"n", 5}));
  return ir::make(Op::slice, {x}, {Shape{0, 0}, x.shape(), Integers{1, 1}});
}

// clang-format off
constexpr Rule kLayout[] = {
  rule_fn("pack-operand", Op::contract, "contract(x, y) → contract(x, transpose(y)) where y's last axis is not the result's", pack_operand, example_pack),
  rule_fn("pack-rows",    Op::contract, "contract(x, y) → contract(transpose(x), y) where x's inner axis has steps of whole pages", pack_rows, example_pack_rows),
  rule_fn("reduce-transpose", std::nullopt, "reduce(f(transpose(x))) → transpose(reduce(f(x)) over other axes)", reduce_transpose, example_reduce, may::rounding),
};
constexpr Rule kMovement[] = {
  rule_fn("transpose-transpose", Op::transpose, "transpose(transpose(x, p), q) → transpose(x, p∘q)", transpose_twice, example_transpose),
  rule_fn("reshape-reshape",     Op::reshape,   "reshape(reshape(x)) → reshape(x)", reshape_twice, example_reshape),
  rule_fn("broadcast-broadcast", Op::broadcast, "broadcast(broadcast(x)) → broadcast(x)", broadcast_twice, example_broadcast),
  rule_fn("slice-slice",         Op::slice,     "slice(slice(x)) → slice(x)", slice_twice, example_slice),
  rule_fn("concatenate-concatenate", Op::concatenate, "concatenate(…, single_use(concatenate(…)), …) → concatenate(…)", concatenate_twice, example_concatenate),
  rule_fn("whole-slice",         Op::slice,     "slice(x) of everything → x", whole_slice, example_whole_slice),
  rule_fn("move-splat",          std::nullopt,  "a movement of one repeated element → that element", move_splat, example_splat),
  rule_fn("contract-transpose",  Op::contract,  "contract(transpose(x), y) → contract(x, y) with other labels", contract_transpose, example_contract),
  rule_fn("cast-cast",           Op::cast,      "cast(cast(x, wider), t) → cast(x, t)", cast_twice, example_cast),
};
// clang-format on

}  // namespace

std::span<const Rule> movement_rules() { return kMovement; }
std::span<const Rule> layout_rules() { return kLayout; }

}  // namespace croton::passes
