// Ops that walk an axis in order: argmax and argmin, cumsum, and general scatters.
#include <algorithm>

#include "passes/lower.hpp"

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Op;
using ir::Value;

bool is_axis(const Integers& axes, std::int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

// The first largest (smallest); the first NaN beats everything.
void lower_position(Lowering& l, const Value& v) {
  KernelBuilder& k = l.kernel;
  const Value& x = v.node->operands[0];
  const auto& axes = v.node->attribute<Integers>("axes");
  Shape reduced;
  for (const std::int64_t axis : axes) reduced.push_back(x.shape()[static_cast<std::size_t>(axis)]);
  const Op better = v.op() == Op::argmax ? Op::gt : Op::lt;
  k.loop("i", "parallel", 0, volume(v.shape()), 1, [&](const Dim& i) {
    const Index kept = delinearise(i, v.shape());
    const auto element = [&](const Dim& r) {
      const Index place = delinearise(r, reduced);
      Index index;
      std::size_t a = 0, b = 0;
      for (std::int64_t axis = 0; axis < x.rank(); ++axis)
        index.push_back(is_axis(axes, axis) ? place[a++] : kept[b++]);
      return l.scalars.at(x, index);
    };
    const std::vector<Value> start{element(0), k.index(0)};
    const auto found = k.loop(
        "r", "serial", 1, volume(reduced), 1, start,
        [&](const Dim& r, const std::vector<Value>& best) -> std::vector<Value> {
          const Value candidate = element(r);
          Value wins = k.scalar(better, {candidate, best[0]});
          if (is_real(x.dtype())) {
            const Value candidate_nan = k.scalar(Op::isnan, {candidate});
            const Value best_fine = k.scalar(Op::logical_not, {k.scalar(Op::isnan, {best[0]})});
            wins = k.scalar(Op::logical_or,
                            {wins, k.scalar(Op::logical_and, {candidate_nan, best_fine})});
          }
          return {k.scalar(Op::where, {wins, candidate, best[0]}),
                  k.scalar(Op::where, {wins, k.index(r), best[1]})};
        });
    l.scalars.define(v, kept, found[1]);
    l.store_targets(v, kept);
  });
}

void lower_cumsum(Lowering& l, const Value& v) {
  KernelBuilder& k = l.kernel;
  const auto axis = static_cast<std::size_t>(v.node->attribute<std::int64_t>("axis"));
  const bool reverse = v.node->attribute<bool>("reverse");
  Shape others = v.shape();
  const Dim extent = others[axis];
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(axis));
  k.loop("i", "parallel", 0, volume(others), 1, [&](const Dim& i) {
    Index index = delinearise(i, others);
    index.insert(index.begin() + static_cast<std::ptrdiff_t>(axis), Dim(0));
    const std::vector<Value> start{k.constant(v.dtype(), 0)};
    (void)k.loop(
        "r", "serial", 0, extent, 1, start,
        [&](const Dim& r, const std::vector<Value>& sum) -> std::vector<Value> {
          index[axis] = reverse ? extent - Dim(1) - r : r;
          const Value next = k.scalar(Op::add, {sum[0], l.scalars.at(v.node->operands[0], index)});
          l.scalars.define(v, index, next);
          l.store_targets(v, index);
          return {next};
        });
  });
}

void lower_scatter(Lowering& l, const Value& v) {
  KernelBuilder& k = l.kernel;
  const Value &x = v.node->operands[0], &update = v.node->operands[1];
  const auto axis = static_cast<std::size_t>(v.node->attribute<std::int64_t>("axis"));
  const std::size_t arrays = v.node->operands.size() - 2;
  const Shape places = v.node->operands[2].shape();
  const Shape head(x.shape().begin(), x.shape().begin() + static_cast<std::ptrdiff_t>(axis));
  const Shape tail(x.shape().begin() + static_cast<std::ptrdiff_t>(axis + arrays), x.shape().end());
  const auto each_target = [&](const std::function<void(const Value&)>& visit) {
    for (const Target& target : l.targets)
      if (target.value == v) visit(target.buffer);
  };
  k.loop("i", "serial", 0, volume(x.shape()), 1, [&](const Dim& i) {
    const Index index = delinearise(i, x.shape());
    const Value element = l.scalars.at(x, index);
    each_target([&](const Value& buffer) { k.store(element, buffer, index); });
  });
  k.loop("p", "serial", 0, volume(places), 1, [&](const Dim& p) {
    const Index place = delinearise(p, places);
    Index target;
    for (std::size_t i = 0; i < arrays; ++i)
      target.push_back(l.scalars.checked_index(v.node->operands[2 + i], place, x.shape()[axis + i],
                                               static_cast<std::int64_t>(axis + i), *v.node));
    k.loop("j", "serial", 0, volume(head) * volume(tail), 1, [&](const Dim& j) {
      const Index before = delinearise(Dim::floordiv(j, volume(tail)), head);
      const Index after = delinearise(Dim::mod(j, volume(tail)), tail);
      Index from = before, to = before;
      from.insert(from.end(), place.begin(), place.end());
      from.insert(from.end(), after.begin(), after.end());
      to.insert(to.end(), target.begin(), target.end());
      to.insert(to.end(), after.begin(), after.end());
      const Value value = l.scalars.at(update, from);
      each_target([&](const Value& buffer) {
        k.store(v.op() == Op::scatter_add ? k.scalar(Op::add, {k.load(buffer, to), value}) : value,
                buffer, to);
      });
    });
  });
}

}  // namespace

void lower_serial(Lowering& l) {
  const Value& v = l.group.lead();
  switch (v.op()) {
    case Op::argmax:
    case Op::argmin:
      return lower_position(l, v);
    case Op::cumsum:
      return lower_cumsum(l, v);
    default:
      return lower_scatter(l, v);
  }
}

}  // namespace croton::passes
