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

constexpr std::int64_t kColumnLanes = 256;
constexpr std::int64_t kTurnRows = 16;

bool is_axis(const Integers& axes, std::int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

Index bound(KernelBuilder& kernel, Index index) {
  for (Dim& d : index) d = kernel.bound(d);
  return index;
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
void over_row(Lowering& l, const Shape& shape, Index prefix,
              const std::function<void(const Index&)>& visit) {
  const std::size_t axis = prefix.size();
  if (axis == shape.size()) return visit(prefix);
  const bool innermost = axis + 1 == shape.size();
  l.kernel.loop(fmt::format("{}", static_cast<char>('j' + std::min<std::size_t>(axis, 10))),
                innermost ? "lanes" : "serial", 0, shape[axis], 1, [&](const Dim& i) {
                  Index deeper = prefix;
                  deeper.push_back(i);
                  over_row(l, shape, std::move(deeper), visit);
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
  const Value& lead = l.group.lead();
  const bool turns = lead.op() == Op::transpose && shape.size() >= 2 &&
                     lead.node->attribute<Integers>("permutation").back() != lead.rank() - 1;
  if (shape.empty()) {
    store_all({});
  } else if (turns) {
    // Rows in blocks, so that what one cache line brings is used before it goes.
    const Shape outer(shape.begin(), shape.end() - 2);
    const Dim rows = shape[shape.size() - 2], block(kTurnRows);
    const Dim blocks = Dim::floordiv(rows + Dim(kTurnRows - 1), block);
    l.kernel.loop("b", "parallel", 0, volume(outer) * blocks, 1, [&](const Dim& b) {
      const Index prefix = bound(l.kernel, delinearise(Dim::floordiv(b, blocks), outer));
      const Dim first = l.kernel.bound(Dim::mod(b, blocks)) * block;
      const Dim count = l.kernel.bound(Dim::min(block, rows - first));
      l.kernel.loop("j", "serial", 0, shape.back(), 1, [&](const Dim& j) {
        l.kernel.loop("i", "lanes", 0, count, 1, [&](const Dim& i) {
          Index index = prefix;
          index.push_back(first + i);
          index.push_back(j);
          store_all(index);
        });
      });
    });
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
      Index prefix = bound(l.kernel, delinearise(i, outer));
      l.kernel.loop("j", "lanes", 0, shape.back(), 1, [&](const Dim& j) {
        Index index = prefix;
        index.push_back(j);
        store_all(index);
      });
    });
  }
}

namespace {

// A costly value that several passes over the row read is written once, into the memory of an
// output that is computed from it element by element and stored after its last use.
struct Scratch {
  Value value, buffer, before;  // written before this member is computed
};

bool is_known(const Lowering& l, const Value& v) {
  return l.scalars.is_in_memory(v) ||
         std::find(l.group.members.begin(), l.group.members.end(), v) != l.group.members.end();
}

// What computing `v` computes on the way: no members, nothing in memory.
std::vector<Value> expression_of(const Lowering& l, const Value& v) {
  std::vector<Value> found, stack(v.node->operands.begin(), v.node->operands.end());
  while (!stack.empty()) {
    const Value next = stack.back();
    stack.pop_back();
    if (is_known(l, next) || std::find(found.begin(), found.end(), next) != found.end()) continue;
    found.push_back(next);
    stack.insert(stack.end(), next.node->operands.begin(), next.node->operands.end());
  }
  return found;
}

// Element i of `reader` needs no other element of `v` than i: only elementwise ops lead there.
bool is_read_in_place(const Lowering& l, const Value& reader, const Value& v) {
  for (const Value& operand : reader.node->operands) {
    if (operand == v || is_known(l, operand)) continue;
    if (ir::is_elementwise(operand.op())) {
      if (!is_read_in_place(l, operand, v)) return false;
    } else {
      const std::vector<Value> below = expression_of(l, operand);
      if (std::find(below.begin(), below.end(), v) != below.end()) return false;
    }
  }
  return true;
}

std::vector<Scratch> find_scratches(const Lowering& l) {
  constexpr int kCostly = 4;
  std::vector<std::vector<Value>> reads;
  for (const Value& member : l.group.members) reads.push_back(expression_of(l, member));
  const Value& last = l.group.members.back();
  const auto target = std::find_if(l.targets.begin(), l.targets.end(),
                                   [&](const Target& t) { return t.value == last; });
  // Only the last output may lend its memory, and only when nothing reads it in this kernel.
  if (target == l.targets.end() || is_reduction(last) || l.scalars.reads(target->buffer)) return {};
  std::vector<Scratch> out;
  for (std::size_t m = 0; m + 1 < l.group.members.size() && out.empty(); ++m)
    for (const Value& v : reads[m]) {
      const bool again =
          std::find(reads.back().begin(), reads.back().end(), v) != reads.back().end();
      const bool fits = again && ir::is_elementwise(v.op()) && v.dtype() == last.dtype() &&
                        v.shape() == last.shape() && ir::info(v.op()).cost > kCostly;
      if (!fits || !is_read_in_place(l, last, v)) continue;
      out.push_back({v, target->buffer, l.group.members[m]});
      break;
    }
  return out;
}

}  // namespace

void lower_row(Lowering& l) {
  const Shape& domain = l.group.domain;
  const std::vector<Scratch> scratches = find_scratches(l);
  l.kernel.loop("i", "parallel", 0, volume(domain), 1, [&](const Dim& i) {
    const Index row = bound(l.kernel, delinearise(i, domain));
    for (const Value& member : l.group.members) {
      for (const Scratch& scratch : scratches)
        if (scratch.before == member) {
          over_row(l, scratch.value.shape(), row, [&](const Index& index) {
            l.kernel.store(l.scalars.at(scratch.value, index), scratch.buffer, index);
          });
          l.scalars.in_memory(scratch.value, scratch.buffer);
        }
      if (is_reduction(member)) {
        const Combiner combiner = combiner_of(member.op(), member.dtype());
        const Value total = reduce_lanes(l.kernel, combiner, volume(reduced_shape(member)),
                                         step_of(l, combiner, member, row));
        l.scalars.define(member, row, total);
      }
      if (l.is_target(member))
        over_row(l, member.shape(), row,
                 [&](const Index& index) { l.store_targets(member, index); });
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
      // Whole chunks have a known extent; the last one may be shorter.
      const Dim low = c * chunk, left = count - low;
      const Value whole = l.kernel.scalar(
          Op::ge, {l.kernel.index(left),
                   l.kernel.constant(DType::i64, static_cast<double>(ir::kReductionChunk))});
      l.kernel.branch(whole, [&] {
        l.kernel.store(reduce_chunk(l.kernel, combiner, low, low + chunk, step), l.partials, {c});
      });
      l.kernel.branch(l.kernel.scalar(Op::logical_not, {whole}), [&] {
        l.kernel.store(reduce_chunk(l.kernel, combiner, low, count, step), l.partials, {c});
      });
    });
    const Value total = reduce_in_place(l.kernel, combiner, l.partials, chunks);
    l.scalars.define(reduction, {}, settled(l.kernel, combiner, total));
  }
  l.store_members({});
}

namespace {

// A block of columns side by side: leaves of 8 rows by a halving tree, leaves in ascending order
// within a chunk, chunks by the pairwise tree. Rows are walked once, whatever the width.
class ColumnBlock {
 public:
  ColumnBlock(Lowering& l, const Value& reduction, Index prefix, const Dim& first, const Dim& width)
      : l_(l),
        k_(l.kernel),
        reduction_(reduction),
        prefix_(std::move(prefix)),
        first_(first),
        width_(width),
        combiner_(combiner_of(reduction.op(), reduction.dtype())),
        total_(k_.alloc("total", combiner_.dtype, {kColumnLanes}, ir::Space::local)) {}

  void run() {
    const Dim rows = volume(reduced_shape(reduction_)), chunk(ir::kColumnChunk);
    if (provably_less_equal(rows, chunk)) {
      add_chunk(0, rows);
    } else {
      PairwiseTree tree(k_, combiner_, kColumnLanes);
      const Dim chunks = Dim::floordiv(rows + Dim(ir::kColumnChunk - 1), chunk);
      k_.loop("c", "serial", 0, chunks, 1, [&](const Dim& c) {
        add_chunk(c * chunk, Dim::min((c + Dim(1)) * chunk, rows));
        tree.push(c, width_, [&](const Dim& lane) { return k_.load(total_, {lane}); });
      });
      tree.finish(chunks, width_, total_);
    }
    k_.loop("l", "lanes", 0, width_, 1, [&](const Dim& lane) {
      const Index index = place(lane);
      l_.scalars.define(reduction_, index, settled(k_, combiner_, k_.load(total_, {lane})));
      l_.store_members(index);
    });
  }

 private:
  [[nodiscard]] Index place(const Dim& lane) const {
    Index index = prefix_;
    index.push_back(first_ + lane);
    return index;
  }

  Value element(const Dim& row, const Dim& lane) {
    return l_.scalars.at(reduction_.node->operands[0], operand_index(reduction_, place(lane), row));
  }

  // ((x0 + x4) + (x2 + x6)) + ((x1 + x5) + (x3 + x7)), and so on for other combiners.
  Value halved(std::vector<Value> leaf) {
    for (std::size_t half = leaf.size() / 2; half >= 1; half /= 2)
      for (std::size_t u = 0; u < half; ++u)
        leaf[u] = combine(k_, combiner_, leaf[u], leaf[u + half]);
    return leaf[0];
  }

  void add_to_total(const Dim& lane, const Value& leaf) {
    k_.store(combine(k_, combiner_, k_.load(total_, {lane}), leaf), total_, {lane});
  }

  // Cheap elements are read where they are combined; dear ones are written down first, so that
  // their text stands once.
  [[nodiscard]] bool is_cheap() const {
    constexpr int kMostCost = 16;
    int cost = 0;
    for (const Value& v : expression_of(l_, reduction_))
      cost += ir::is_elementwise(v.op()) ? ir::info(v.op()).cost : 1;
    return cost <= kMostCost;
  }

  void add_leaf(const Dim& row) {
    constexpr auto rows = static_cast<std::size_t>(ir::kLeafRows);
    std::optional<Value> kept;
    if (!is_cheap()) {
      kept = k_.alloc("leaf", combiner_.dtype, {ir::kLeafRows, kColumnLanes}, ir::Space::local);
      k_.loop("u", "serial", 0, ir::kLeafRows, 1, [&](const Dim& u) {
        k_.loop("l", "lanes", 0, width_, 1, [&](const Dim& lane) {
          k_.store(element(row + u, lane), *kept, {u, lane});
        });
      });
    }
    k_.loop("l", "lanes", 0, width_, 1, [&](const Dim& lane) {
      std::vector<Value> leaf;
      for (std::size_t u = 0; u < rows; ++u)
        leaf.push_back(kept ? k_.load(*kept, {Dim(u), lane}) : element(row + Dim(u), lane));
      add_to_total(lane, halved(std::move(leaf)));
    });
  }

  // Missing rows of the last leaf hold the identity.
  void add_partial_leaf(const Dim& row, const Dim& count) {
    const Value leaf =
        k_.alloc("edge", combiner_.dtype, {ir::kLeafRows, kColumnLanes}, ir::Space::local);
    k_.loop("u", "serial", 0, ir::kLeafRows, 1, [&](const Dim& u) {
      k_.loop("l", "lanes", 0, width_, 1, [&](const Dim& lane) {
        k_.store(identity_of(k_, combiner_), leaf, {u, lane});
      });
    });
    k_.loop("u", "serial", 0, count, 1, [&](const Dim& u) {
      k_.loop("l", "lanes", 0, width_, 1, [&](const Dim& lane) {
        k_.store(element(row + u, lane), leaf, {u, lane});
      });
    });
    k_.loop("l", "lanes", 0, width_, 1, [&](const Dim& lane) {
      std::vector<Value> elements;
      for (std::int64_t u = 0; u < ir::kLeafRows; ++u)
        elements.push_back(k_.load(leaf, {Dim(u), lane}));
      add_to_total(lane, halved(std::move(elements)));
    });
  }

  void add_chunk(const Dim& low, const Dim& high) {
    k_.loop("l", "lanes", 0, width_, 1,
            [&](const Dim& lane) { k_.store(identity_of(k_, combiner_), total_, {lane}); });
    const Dim whole =
        k_.bound(Dim::floordiv(k_.bound(high) - low, ir::kLeafRows)) * Dim(ir::kLeafRows);
    if (!whole.is(0))
      k_.loop("r", "serial", low, low + whole, static_cast<int>(ir::kLeafRows),
              [&](const Dim& r) { add_leaf(r); });
    const Dim rest = k_.bound(high) - low - whole;
    if (rest.is(0)) return;
    const Value some = k_.scalar(Op::gt, {k_.index(rest), k_.constant(DType::i64, 0)});
    k_.branch(some, [&] { add_partial_leaf(low + whole, rest); });
  }

  Lowering& l_;
  KernelBuilder& k_;
  const Value& reduction_;
  Index prefix_;
  Dim first_, width_;
  Combiner combiner_;
  Value total_;
};

}  // namespace

void lower_column(Lowering& l) {
  const Value& reduction = l.group.lead();
  const Shape& domain = l.group.domain;
  const Shape outer(domain.begin(), domain.end() - 1);
  const Dim columns = domain.back();
  const Dim lanes(kColumnLanes);
  const Dim blocks = Dim::floordiv(columns + Dim(kColumnLanes - 1), lanes);
  l.kernel.loop("b", "parallel", 0, volume(outer) * blocks, 1, [&](const Dim& b) {
    const Dim first = l.kernel.bound(Dim::mod(b, blocks)) * lanes;
    const Index prefix = bound(l.kernel, delinearise(Dim::floordiv(b, blocks), outer));
    const auto block = [&](const Dim& width) {
      ColumnBlock(l, reduction, prefix, first, width).run();
    };
    // Whole blocks have a known width; the last one may be narrower.
    const Dim left = columns - first;
    if (columns.is_constant() && *columns.constant() % kColumnLanes == 0) return block(lanes);
    if (provably_less_equal(columns, lanes) && columns.is_constant()) return block(columns);
    const Value whole = l.kernel.scalar(
        Op::ge,
        {l.kernel.index(left), l.kernel.constant(DType::i64, static_cast<double>(kColumnLanes))});
    l.kernel.branch(whole, [&] { block(lanes); });
    l.kernel.branch(l.kernel.scalar(Op::logical_not, {whole}), [&] { block(left); });
  });
}

}  // namespace croton::passes
