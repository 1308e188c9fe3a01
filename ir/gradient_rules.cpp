// Gradient rules that do not fit one line of the op table.
#include <algorithm>
#include <numeric>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "ir/gradient.hpp"

namespace croton::ir {
namespace {

Integers ones(std::size_t count) { return Integers(count, 1); }

std::vector<Value> index_operands(const Vjp& g, std::size_t first) {
  return {g.node()->operands.begin() + static_cast<std::ptrdiff_t>(first),
          g.node()->operands.end()};
}

bool contains(const Integers& labels, std::int64_t label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// The cotangent of one side of a contraction: out × other, summed to the side's labels. Labels that
// only this side has repeat.
Value contract_side(const Vjp& g, const Integers& side, const Value& target, const Value& other,
                    const Integers& other_labels, const Integers& out) {
  Integers reachable;
  Shape kept;
  Integers axes;
  for (std::size_t i = 0; i < side.size(); ++i)
    if (contains(other_labels, side[i]) || contains(out, side[i])) {
      reachable.push_back(side[i]);
      axes.push_back(static_cast<std::int64_t>(i));
    }
  const Value product = contract(g.out(), other, out, other_labels, reachable);
  return broadcast(product, target.shape(), axes);
}

}  // namespace

void vjp_concatenate(Vjp& g) {
  const auto axis = static_cast<std::size_t>(g.integer("axis"));
  Shape starts(g.value().shape().size(), Dim(0));
  for (std::size_t i = 0; i < g.arity(); ++i) {
    g.to(i, slice_of(g.out(), starts, g.in(i).shape(), ones(starts.size())));
    starts[axis] = starts[axis] + g.in(i).shape()[axis];
  }
}

void vjp_gather(Vjp& g) {
  g.to(0, scatter(Op::scatter_add, zeros_of(g.in(0)), g.out(), g.integer("axis"),
                  index_operands(g, 1)));
}

void vjp_scatter_set(Vjp& g) {
  // With repeated places only the last update counts. Each place remembers the number of the update
  // that won it; the cotangent goes to that update alone.
  const std::vector<Value> places = index_operands(g, 2);
  const std::int64_t axis = g.integer("axis");
  g.to(0, scatter(Op::scatter_set, g.out(), zeros_of(g.in(1)), axis, places));
  const Shape& shape = g.in(1).shape();
  const Value numbers = reshape(iota(DType::i64, {volume(shape)}, 0), shape);
  const Value winners =
      scatter(Op::scatter_set, full(DType::i64, g.in(0).shape(), 0), numbers, axis, places);
  const Value won = eq(gather(winners, axis, places), numbers);
  const Value gathered = gather(g.out(), axis, places);
  g.to(1, where(won, gathered, zeros_of(gathered)));
}

void vjp_scatter_add(Vjp& g) {
  g.to(0, g.out());
  g.to(1, gather(g.out(), g.integer("axis"), index_operands(g, 2)));
}

void vjp_prod(Vjp& g) {
  const Integers& axes = g.integers("axes");
  const std::vector<Value> x{g.in(0)};
  const Value others = call("product_of_others", x, {{"axes", axes}});
  g.to(0, restore_axes(g.out(), g.in(0).shape(), axes) * others);
}

void vjp_extremum(Vjp& g) {
  const Value x = g.in(0);
  const Integers& axes = g.integers("axes");
  const Value best = restore_axes(g.value(), x.shape(), axes);
  const Value hit = cast(eq(x, best), x.dtype());
  const Value ties = restore_axes(reduce(Op::sum, hit, axes), x.shape(), axes);
  g.to(0, restore_axes(g.out(), x.shape(), axes) * hit / ties);
}

void vjp_contract(Vjp& g) {
  const Integers &a = g.integers("a"), &b = g.integers("b"), &out = g.integers("out");
  g.to(0, contract_side(g, a, g.in(0), g.in(1), b, out));
  g.to(1, contract_side(g, b, g.in(1), g.in(0), a, out));
}

void vjp_call(Vjp& g) {
  const Composition& composition = composition_named(g.node()->attribute<std::string>("name"));
  if (composition.vjp) return composition.vjp(g);
  // The body's derivative by each operand alone: stand-ins keep it from following one operand into
  // another that was made of it.
  std::vector<Value> leaves, wrt;
  std::vector<std::pair<Value, Value>> back;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < g.arity(); ++i) {
    leaves.push_back(input("operand", g.in(i).type()));
    back.emplace_back(leaves.back(), g.in(i));
    if (!is_real(g.in(i).dtype())) continue;
    wrt.push_back(leaves.back());
    positions.push_back(i);
  }
  const std::vector<Value> outputs{expand(*make_node(Op::call, leaves, g.node()->attributes))};
  const std::vector<Value> cotangents{g.out()};
  const std::vector<Value> parts =
      substitute(pullback(outputs, cotangents, wrt,
                          {.consider_constant = {}, .disconnected = Disconnected::ignore}),
                 back);
  for (std::size_t i = 0; i < parts.size(); ++i) g.to(positions[i], parts[i]);
}

}  // namespace croton::ir
