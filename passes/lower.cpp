#include "passes/lower.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ir/contract_order.hpp"
#include "passes/reduce.hpp"

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Op;
using ir::Value;

constexpr std::int64_t kColumnLanes = 64;

bool is_axis(const Integers& axes, std::int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

Shape reduced_shape(const Value& reduction) {
  const auto& axes = reduction.node->attribute<Integers>("axes");
  Shape shape;
  for (const std::int64_t axis : axes)
    shape.push_back(reduction.node->operands[0].shape()[static_cast<std::size_t>(axis)]);
  return shape;
}

// The operand's index for a place in the domain and a row-major position among the reduced axes.
Index operand_index(const Value& reduction, const Index& kept, const Dim& position) {
  const auto& axes = reduction.node->attribute<Integers>("axes");
  const Index reduced = delinearise(position, reduced_shape(reduction));
  Index index;
  std::size_t k = 0, r = 0;
  for (std::int64_t i = 0; i < reduction.node->operands[0].rank(); ++i)
    index.push_back(is_axis(axes, i) ? reduced[r++] : kept[k++]);
  return index;
}

Step step_of(Lowering& l, const Combiner& combiner, const Value& reduction, const Index& kept) {
  return [&l, combiner, reduction, kept](const Value& accumulator, const Dim& r) {
    return combine(l.kernel, combiner, accumulator,
                   l.scalars.at(reduction.node->operands[0], operand_index(reduction, kept, r)));
  };
}

bool is_reduction(const Value& v) {
  return ir::info(v.op()).kind == ir::OpKind::reduction && v.op() != Op::cumsum;
}

// The innermost loop is a plain scalar loop that the compiler vectorises; outer axes around it.
void store_over(Lowering& l, const Value& v, const Shape& shape, Index prefix) {
  const std::size_t axis = prefix.size();
  if (axis == shape.size()) {
    l.store_targets(v, prefix);
    return;
  }
  const bool innermost = axis + 1 == shape.size();
  l.kernel.loop(fmt::format("{}", static_cast<char>('j' + std::min<std::size_t>(axis, 10))),
                innermost ? "lanes" : "serial", 0, shape[axis], 1, [&](const Dim& i) {
                  Index deeper = prefix;
                  deeper.push_back(i);
                  store_over(l, v, shape, std::move(deeper));
                });
}

}  // namespace

void Lowering::store_targets(const Value& v, const Index& index) const {
  const Value element = scalars.at(v, index);
  for (const Target& target : targets)
    if (target.value == v) kernel.store(element, target.buffer, index);
}

void Lowering::store_members(const Index& index) const {
  for (const Value& member : group.members)
    if (is_target(member)) (void)scalars.at(member, index);
  for (const Value& member : group.members)
    if (is_target(member)) store_targets(member, index);
}

bool Lowering::is_target(const Value& v) const {
  return std::any_of(targets.begin(), targets.end(), [&](const Target& t) { return t.value == v; });
}

void lower_elementwise(Lowering& l) {
  const Shape& shape = l.group.domain;
  const auto store_all = [&](const Index& index) { l.store_members(index); };
  // Everything in row-major order is one long loop; otherwise the innermost axis is a loop of its
  // own.
  const bool flat =
      std::all_of(l.group.members.begin(), l.group.members.end(), [&](const Value& v) {
        std::vector<Value> stack{v};
        std::vector<const ir::Node*> seen;
        while (!stack.empty()) {
          const Value next = stack.back();
          stack.pop_back();
          if (std::find(seen.begin(), seen.end(), next.node.get()) != seen.end()) continue;
          seen.push_back(next.node.get());
          if (l.scalars.is_in_memory(next) || next.op() == Op::constant) continue;
          if (!ir::is_elementwise(next.op()) || seen.size() > 300) return false;
          stack.insert(stack.end(), next.node->operands.begin(), next.node->operands.end());
        }
        return true;
      });
  if (shape.empty()) {
    store_all({});
  } else if (flat && shape.size() > 1) {
    // The linear position stands for the whole index: every access has the same shape.
    l.kernel.loop("i", "parallel", 0, volume(shape), 1, [&](const Dim& i) {
      Index index(shape.size(), Dim(0));
      index.back() = i;
      store_all(index);
    });
  } else if (shape.size() == 1) {
    l.kernel.loop("i", "parallel", 0, shape[0], 1, [&](const Dim& i) { store_all({i}); });
  } else {
    const Shape outer(shape.begin(), shape.end() - 1);
    l.kernel.loop("i", "parallel", 0, volume(outer), 1, [&](const Dim& i) {
      Index prefix = delinearise(i, outer);
      l.kernel.loop("j", "lanes", 0, shape.back(), 1, [&](const Dim& j) {
        Index index = prefix;
        index.push_back(j);
        store_all(index);
      });
    });
  }
}

void lower_row(Lowering& l) {
  const Shape& domain = l.group.domain;
  l.kernel.loop("i", "parallel", 0, volume(domain), 1, [&](const Dim& i) {
    const Index row = delinearise(i, domain);
    for (const Value& member : l.group.members) {
      if (is_reduction(member)) {
        const Combiner combiner = combiner_of(member.op(), member.dtype());
        const Value total = reduce_lanes(l.kernel, combiner, volume(reduced_shape(member)),
                                         step_of(l, combiner, member, row));
        l.scalars.define(member, row, total);
      }
      if (l.is_target(member)) store_over(l, member, member.shape(), row);
    }
  });
}

Dim full_reduction_chunks(const Value& reduction) {
  const Dim count = volume(reduction.node->operands[0].shape());
  if (provably_less_equal(count, Dim(ir::kReductionChunk))) return Dim(1);
  return Dim::floordiv(count + Dim(ir::kReductionChunk - 1), Dim(ir::kReductionChunk));
}

void lower_full(Lowering& l) {
  const Value& reduction = l.group.lead();
  const Combiner combiner = combiner_of(reduction.op(), reduction.dtype());
  const Dim count = volume(reduction.node->operands[0].shape());
  const Step step = step_of(l, combiner, reduction, {});
  if (!l.partials) {
    l.scalars.define(reduction, {},
                     settled(l.kernel, combiner, reduce_chunk(l.kernel, combiner, 0, count, step)));
  } else {
    const Dim chunk(ir::kReductionChunk), chunks = full_reduction_chunks(reduction);
    l.kernel.loop("c", "parallel", 0, chunks, 1, [&](const Dim& c) {
      const Value part =
          reduce_chunk(l.kernel, combiner, c * chunk, Dim::min((c + Dim(1)) * chunk, count), step);
      l.kernel.store(part, l.partials, {c});
    });
    const Value total = l.kernel.alloc("total", combiner.dtype, {1}, ir::Space::reg);
    PairwiseTree tree(l.kernel, combiner, 1);
    l.kernel.loop("c", "serial", 0, chunks, 1, [&](const Dim& c) {
      tree.push(c, 1, [&](const Dim&) { return l.kernel.load(l.partials, {c}); });
    });
    tree.finish(chunks, 1, total);
    l.scalars.define(reduction, {}, settled(l.kernel, combiner, l.kernel.load(total, {Dim(0)})));
  }
  l.store_members({});
}

// Blocks of columns: leaves of 8 rows by a halving tree, leaves in ascending order within a chunk,
// chunks by the pairwise tree.
void lower_column(Lowering& l) {
  const Value& reduction = l.group.lead();
  const Combiner combiner = combiner_of(reduction.op(), reduction.dtype());
  const Shape& domain = l.group.domain;
  const Shape outer(domain.begin(), domain.end() - 1);
  const Dim columns = domain.back(), rows = volume(reduced_shape(reduction));
  const Dim lanes(kColumnLanes);
  const Dim blocks = Dim::floordiv(columns + Dim(kColumnLanes - 1), lanes);
  l.kernel.loop("b", "parallel", 0, volume(outer) * blocks, 1, [&](const Dim& b) {
    const Dim first = Dim::mod(b, blocks) * lanes;
    const Index prefix = delinearise(Dim::floordiv(b, blocks), outer);
    const Dim width = Dim::min(lanes, columns - first);
    const auto place = [&](const Dim& lane) {
      Index index = prefix;
      index.push_back(first + lane);
      return index;
    };
    const Value total = l.kernel.alloc("total", combiner.dtype, {lanes}, ir::Space::reg);
    const Value leaf =
        l.kernel.alloc("leaf", combiner.dtype, {ir::kLeafRows, lanes}, ir::Space::reg);
    const auto add_leaf = [&](const Dim& row, const Dim& count) {
      if (!count.is(ir::kLeafRows))
        l.kernel.loop("u", "unroll", 0, ir::kLeafRows, 1, [&](const Dim& u) {
          l.kernel.loop("l", "lanes", 0, width, 1, [&](const Dim& lane) {
            l.kernel.store(identity_of(l.kernel, combiner), leaf, {u, lane});
          });
        });
      l.kernel.loop(
          "u", count.is(ir::kLeafRows) ? "unroll" : "serial", 0, count, 1, [&](const Dim& u) {
            l.kernel.loop("l", "lanes", 0, width, 1, [&](const Dim& lane) {
              const Value x = l.scalars.at(reduction.node->operands[0],
                                           operand_index(reduction, place(lane), row + u));
              l.kernel.store(x, leaf, {u, lane});
            });
          });
      for (std::int64_t half = ir::kLeafRows / 2; half >= 1; half /= 2)
        l.kernel.loop("u", "unroll", 0, half, 1, [&](const Dim& u) {
          l.kernel.loop("l", "lanes", 0, width, 1, [&](const Dim& lane) {
            l.kernel.store(combine(l.kernel, combiner, l.kernel.load(leaf, {u, lane}),
                                   l.kernel.load(leaf, {u + Dim(half), lane})),
                           leaf, {u, lane});
          });
        });
      l.kernel.loop("l", "lanes", 0, width, 1, [&](const Dim& lane) {
        l.kernel.store(combine(l.kernel, combiner, l.kernel.load(total, {lane}),
                               l.kernel.load(leaf, {Dim(0), lane})),
                       total, {lane});
      });
    };
    const auto add_chunk = [&](const Dim& low, const Dim& high) {
      l.kernel.loop("l", "lanes", 0, width, 1, [&](const Dim& lane) {
        l.kernel.store(identity_of(l.kernel, combiner), total, {lane});
      });
      const Dim whole = Dim::floordiv(high - low, ir::kLeafRows) * Dim(ir::kLeafRows);
      if (!whole.is(0))
        l.kernel.loop("r", "serial", low, low + whole, static_cast<int>(ir::kLeafRows),
                      [&](const Dim& r) { add_leaf(r, ir::kLeafRows); });
      const Dim rest = high - low - whole;
      if (!rest.is(0)) {
        const Value some =
            l.kernel.scalar(Op::gt, {l.kernel.index(rest), l.kernel.constant(DType::i64, 0)});
        l.kernel.branch(some, [&] { add_leaf(low + whole, rest); });
      }
    };
    const Dim chunk(ir::kColumnChunk);
    if (provably_less_equal(rows, chunk)) {
      add_chunk(0, rows);
    } else {
      PairwiseTree tree(l.kernel, combiner, kColumnLanes);
      const Dim chunks = Dim::floordiv(rows + Dim(ir::kColumnChunk - 1), chunk);
      l.kernel.loop("c", "serial", 0, chunks, 1, [&](const Dim& c) {
        add_chunk(c * chunk, Dim::min((c + Dim(1)) * chunk, rows));
        tree.push(c, width, [&](const Dim& lane) { return l.kernel.load(total, {lane}); });
      });
      tree.finish(chunks, width, total);
    }
    l.kernel.loop("l", "lanes", 0, width, 1, [&](const Dim& lane) {
      const Index index = place(lane);
      l.scalars.define(reduction, index, settled(l.kernel, combiner, l.kernel.load(total, {lane})));
      l.store_members(index);
    });
  });
}

}  // namespace croton::passes
