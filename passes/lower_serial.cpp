// Ops that walk an axis in order: argmax and argmin, cumsum, and general scatters.
#include <algorithm>

#include "ir/contract_order.hpp"
#include "passes/lower_parts.hpp"

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Op;
using ir::Value;

// From how many elements on a row's position is looked for in lanes.
constexpr std::int64_t kManyElements = 64;
// Columns whose positions are looked for side by side.
constexpr std::int64_t kPositionColumns = 256;

// The first largest (smallest); the first NaN beats everything.
class Positions {
 public:
  Positions(Lowering& l, const Value& v)
      : l_(l),
        k_(l.kernel),
        v_(v),
        x_(v.node->operands[0]),
        axes_(v.node->attribute<Integers>("axes")),
        better_(v.op() == Op::argmax ? Op::gt : Op::lt) {}

  void lower() {
    const Dim count = volume(reduced_shape(v_));
    const bool columns =
        !v_.shape().empty() && std::find(axes_.begin(), axes_.end(), x_.rank() - 1) == axes_.end();
    if (columns) return side_by_side(count);
    bool trailing = true;
    for (std::size_t i = 0; i < axes_.size(); ++i)
      trailing &= axes_[i] == v_.rank() + static_cast<std::int64_t>(i);
    k_.loop("i", "parallel", 0, volume(v_.shape()), 1, [&](const Dim& i) {
      const Index kept = bound(k_, delinearise(i, v_.shape()));
      if (!trailing || provably_less_equal(count, Dim(kManyElements - 1)))
        return one_by_one(kept, count);
      if (provably_less_equal(Dim(kManyElements), count)) return in_lanes(kept, count);
      const Value many = k_.scalar(
          Op::ge, {k_.index(count), k_.constant(DType::i64, static_cast<double>(kManyElements))});
      k_.branch(many, [&] { in_lanes(kept, count); });
      k_.branch(k_.scalar(Op::logical_not, {many}), [&] { one_by_one(kept, count); });
    });
  }

 private:
  [[nodiscard]] Value element(const Index& kept, const Dim& r) {
    return l_.scalars.at(x_, operand_index(v_, kept, r));
  }

  [[nodiscard]] Value wins(const Value& candidate, const Value& best) {
    if (!is_real(x_.dtype())) return k_.scalar(better_, {candidate, best});
    // Neither better nor no better than a number: a NaN, which wins.
    const Value is_no_better = k_.scalar(better_ == Op::gt ? Op::le : Op::ge, {candidate, best});
    return k_.scalar(Op::logical_and, {k_.scalar(Op::logical_not, {is_no_better}),
                                       k_.scalar(Op::logical_not, {k_.scalar(Op::isnan, {best})})});
  }

  void finish(const Index& kept, const Value& position) {
    l_.scalars.define(v_, kept, position);
    l_.store_targets(v_, kept);
  }

  void one_by_one(const Index& kept, const Dim& count) {
    const std::vector<Value> start{element(kept, 0), k_.index(0)};
    const auto found =
        k_.loop("r", "serial", 1, count, 1, start,
                [&](const Dim& r, const std::vector<Value>& best) -> std::vector<Value> {
                  const Value candidate = element(kept, r), is_better = wins(candidate, best[0]);
                  return {k_.scalar(Op::where, {is_better, candidate, best[0]}),
                          k_.scalar(Op::where, {is_better, k_.index(r), best[1]})};
                });
    finish(kept, found[1]);
  }

  // Two sets of lanes take rows of so many elements in turns, so that none waits for the one
  // before. Each lane has its best and which row it is from, counted from 1, 0 for the first
  // element that all lanes begin with. The last row is read again with the elements that are left:
  // a lane that meets an element twice keeps its first row.
  void in_lanes(const Index& kept, const Dim& count) {
    const DType number = size_of(x_.dtype()) == 8 ? DType::i64 : DType::i32;
    const std::int64_t set = ir::reduction_lanes(size_of(number)), lanes = 2 * set;
    const Dim width(set), all(lanes);
    const Value best = k_.alloc("best", x_.dtype(), {all}, ir::Space::local);
    const Value row = k_.alloc("row", number, {all}, ir::Space::local);
    const Value first = element(kept, 0);
    k_.loop("l", "lanes", 0, all, 1, [&](const Dim& l) {
      k_.store(first, best, {l});
      k_.store(k_.constant(number, 0), row, {l});
    });
    const Dim rows = k_.bound(Dim::floordiv(count, width));
    const auto take = [&](const Dim& r, const Dim& from, const Dim& into) {
      const Value next = k_.scalar(Op::cast, {k_.index(r + Dim(1))}, {number});
      k_.loop("l", "lanes", 0, width, 1, [&](const Dim& l) {
        const Value candidate = element(kept, from + l), old = k_.load(best, {into + l});
        const Value is_better = wins(candidate, old);
        k_.store(k_.scalar(Op::where, {is_better, candidate, old}), best, {into + l});
        k_.store(k_.scalar(Op::where, {is_better, next, k_.load(row, {into + l})}), row,
                 {into + l});
      });
    };
    const Dim pairs = k_.bound(Dim::floordiv(rows, Dim(2)));
    k_.loop("r", "serial", 0, pairs, 1, [&](const Dim& r) {
      take(r * Dim(2), r * all, 0);
      take(r * Dim(2) + Dim(1), r * all + width, width);
    });
    const Value is_odd = k_.scalar(Op::lt, {k_.index(pairs * Dim(2)), k_.index(rows)});
    k_.branch(is_odd, [&] { take(rows - Dim(1), rows * width - width, 0); });
    take(rows, count - width, width);
    const Value position = k_.alloc("position", DType::i64, {all}, ir::Space::local);
    for (const Dim& into : {Dim(0), width})
      k_.loop("l", "lanes", 0, width, 1, [&](const Dim& l) {
        const Value from = k_.scalar(Op::cast, {k_.load(row, {into + l})}, {DType::i64});
        const Dim place = Dim::min((dim_of(from) - Dim(1)) * width, count - width) + l;
        const Value zero = k_.constant(DType::i64, 0);
        k_.store(k_.scalar(Op::where, {k_.scalar(Op::eq, {from, zero}), zero, k_.index(place)}),
                 position, {into + l});
      });
    for (std::int64_t half = lanes / 2; half >= 1; half /= 2)
      k_.loop("l", "lanes", 0, half, 1, [&](const Dim& l) {
        const Dim other = l + Dim(half);
        const Value a = k_.load(best, {l}), b = k_.load(best, {other});
        const Value at_a = k_.load(position, {l}), at_b = k_.load(position, {other});
        const Value is_later = k_.scalar(Op::ge, {at_b, at_a});
        // b wins, or neither does and b comes first.
        const Value a_wins = wins(a, b);
        const Value stays = k_.scalar(Op::logical_or, {a_wins, is_later});
        const Value takes =
            k_.scalar(Op::logical_or, {wins(b, a), k_.scalar(Op::logical_not, {stays})});
        k_.store(k_.scalar(Op::where, {takes, b, a}), best, {l});
        k_.store(k_.scalar(Op::where, {takes, at_b, at_a}), position, {l});
      });
    finish(kept, k_.load(position, {Dim(0)}));
  }

  // The innermost axis is kept: columns side by side, their rows in order.
  void side_by_side(const Dim& count) {
    const Shape& shape = v_.shape();
    const Shape outer(shape.begin(), shape.end() - 1);
    const Dim width(kPositionColumns), columns = shape.back();
    const Dim blocks = Dim::floordiv(columns + Dim(kPositionColumns - 1), width);
    k_.loop("b", "parallel", 0, volume(outer) * blocks, 1, [&](const Dim& b) {
      const Dim first = k_.bound(Dim::mod(b, blocks)) * width;
      const Index prefix = bound(k_, delinearise(Dim::floordiv(b, blocks), outer));
      const Dim some = k_.bound(Dim::min(width, columns - first));
      const Value best = k_.alloc("best", x_.dtype(), {width}, ir::Space::local);
      const Value position = k_.alloc("position", DType::i64, {width}, ir::Space::local);
      const auto place = [&](const Dim& l) {
        Index kept = prefix;
        kept.push_back(first + l);
        return kept;
      };
      k_.loop("l", "lanes", 0, some, 1, [&](const Dim& l) {
        k_.store(element(place(l), 0), best, {l});
        k_.store(k_.constant(DType::i64, 0), position, {l});
      });
      k_.loop("r", "serial", 1, count, 1, [&](const Dim& r) {
        const Value here = k_.index(r);
        k_.loop("l", "lanes", 0, some, 1, [&](const Dim& l) {
          const Value candidate = element(place(l), r), old = k_.load(best, {l});
          const Value is_better = wins(candidate, old);
          k_.store(k_.scalar(Op::where, {is_better, candidate, old}), best, {l});
          k_.store(k_.scalar(Op::where, {is_better, here, k_.load(position, {l})}), position, {l});
        });
      });
      k_.loop("l", "lanes", 0, some, 1,
              [&](const Dim& l) { finish(place(l), k_.load(position, {l})); });
    });
  }

  Lowering& l_;
  KernelBuilder& k_;
  const Value& v_;
  const Value& x_;
  const Integers& axes_;
  Op better_;
};

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
      return Positions(l, v).lower();
    case Op::cumsum:
      return lower_cumsum(l, v);
    default:
      return lower_scatter(l, v);
  }
}

}  // namespace croton::passes
