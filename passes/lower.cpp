#include "passes/lower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ir/contract_order.hpp"
#include "passes/lower_parts.hpp"

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Op;
using ir::Value;

constexpr std::int64_t kTurnRows = 16;

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

namespace {

// Where operands are read along another axis than results are written: rows in blocks, and a block
// in squares that pass through local memory. A square reads and writes whole cache lines, each
// once: rows that are a power of two apart share few places of a cache.
void lower_turned(const Lowering& l, const Shape& shape) {
  KernelBuilder& k = l.kernel;
  const Shape outer(shape.begin(), shape.end() - 2);
  const Dim rows = shape[shape.size() - 2], side(kTurnRows);
  const Dim blocks = Dim::floordiv(rows + Dim(kTurnRows - 1), side);
  k.loop("b", "parallel", 0, volume(outer) * blocks, 1, [&](const Dim& b) {
    const Index prefix = bound(k, delinearise(Dim::floordiv(b, blocks), outer));
    const Dim first = k.bound(Dim::mod(b, blocks)) * side;
    const Dim count = k.bound(Dim::min(side, rows - first));
    const auto place = [&](const Dim& row, const Dim& column) {
      Index index = prefix;
      index.push_back(first + row);
      index.push_back(column);
      return index;
    };
    const Dim whole =
        k.bound(Dim::floordiv(count, side) * Dim::floordiv(shape.back(), side)) * side;
    std::vector<Value> squares;
    for (const Target& target : l.targets)
      squares.push_back(k.alloc("square", target.buffer.dtype(), {side, side}, ir::Space::local));
    k.loop("s", "serial", 0, whole, static_cast<int>(kTurnRows), [&](const Dim& s) {
      k.loop("j", "serial", 0, side, 1, [&](const Dim& j) {
        k.loop("i", "lanes", 0, side, 1, [&](const Dim& i) {
          for (std::size_t t = 0; t < squares.size(); ++t)
            k.store(l.scalars.at(l.targets[t].value, place(i, s + j)), squares[t], {j, i});
        });
      });
      k.loop("i", "serial", 0, side, 1, [&](const Dim& i) {
        k.loop("j", "lanes", 0, side, 1, [&](const Dim& j) {
          for (std::size_t t = 0; t < squares.size(); ++t)
            k.store(k.load(squares[t], {j, i}), l.targets[t].buffer, place(i, s + j));
        });
      });
    });
    k.loop("j", "serial", whole, shape.back(), 1, [&](const Dim& j) {
      k.loop("i", "lanes", 0, count, 1, [&](const Dim& i) { l.store_members(place(i, j)); });
    });
  });
}

// Calls `visit` with each value that elementwise ops read at the index of `readers`, these first,
// until it says no; values in memory and constants are left out. False when it said no, and beyond
// `most` values.
bool over_elementwise(const Lowering& l, std::vector<Value> readers, std::size_t most,
                      const std::function<bool(const Value&)>& visit) {
  std::vector<const ir::Node*> seen;
  while (!readers.empty()) {
    const Value next = readers.back();
    readers.pop_back();
    if (std::find(seen.begin(), seen.end(), next.node.get()) != seen.end()) continue;
    seen.push_back(next.node.get());
    if (l.scalars.is_in_memory(next) || next.op() == Op::constant) continue;
    if (seen.size() > most || !visit(next)) return false;
    if (ir::is_elementwise(next.op()))
      readers.insert(readers.end(), next.node->operands.begin(), next.node->operands.end());
  }
  return true;
}

// The first concatenation along the last axis of which elementwise ops read the elements at their
// own index; null when there is none, or one of more parts than loops are worth their text.
const ir::Node* concatenation_of(const Lowering& l, const Shape& shape) {
  constexpr std::size_t kMostParts = 8, kMostNodes = 60;
  const ir::Node* found = nullptr;
  (void)over_elementwise(l, l.group.members, kMostNodes, [&](const Value& v) {
    const bool joins = v.op() == Op::concatenate && v.shape() == shape &&
                       v.node->attribute<std::int64_t>("axis") + 1 == v.rank() &&
                       v.node->operands.size() <= kMostParts;
    if (joins) found = v.node.get();
    return !joins;
  });
  return found;
}

// A loop of its own over each part of the concatenation that falls into [low, high) of the last
// axis: none of them asks where it is.
void over_parts(const Lowering& l, const ir::Node& concatenation, const Index& prefix,
                const Dim& low, const Dim& high, std::int64_t stream_from) {
  KernelBuilder& k = l.kernel;
  const std::size_t axis = prefix.size();
  Dim start(0);
  for (std::size_t part = 0; part < concatenation.operands.size(); ++part) {
    const Dim end = start + concatenation.operands[part].shape()[axis];
    const Dim first = k.bound(part == 0 ? low : Dim::max(low, start)),
              count = k.bound(Dim::max(0, Dim::min(high, end) - first));
    k.stream("j", "lanes", count, volume(l.group.domain), stream_from, [&](const Dim& j) {
      Index index = prefix;
      index.push_back(first + j);
      l.scalars.within_part(concatenation, part, index.back());
      l.store_members(index);
    });
    start = end;
  }
}

}  // namespace

void lower_elementwise(Lowering& l) {
  const Shape& shape = l.group.domain;
  const auto store_all = [&](const Index& index) { l.store_members(index); };
  // Everything in row-major order is one long loop; otherwise the innermost axis is a loop of its
  // own.
  const bool flat =
      std::all_of(l.group.members.begin(), l.group.members.end(), [&](const Value& member) {
        return over_elementwise(l, {member}, 300,
                                [](const Value& v) { return ir::is_elementwise(v.op()); });
      });
  const Value& lead = l.group.lead();
  const bool turns = lead.op() == Op::transpose && shape.size() >= 2 &&
                     lead.node->attribute<Integers>("permutation").back() != lead.rank() - 1;
  const ir::Node* parts = shape.empty() || turns ? nullptr : concatenation_of(l, shape);
  if (shape.empty()) {
    store_all({});
  } else if (turns) {
    lower_turned(l, shape);
  } else if (parts != nullptr && shape.size() == 1) {
    constexpr int kBlock = 1024;
    const Dim blocks = Dim::floordiv(shape[0] + Dim(kBlock - 1), Dim(kBlock));
    l.kernel.loop("b", "parallel", 0, blocks, 1, [&](const Dim& b) {
      const Dim low = b * Dim(kBlock);
      over_parts(l, *parts, {}, low, low + Dim(kBlock), l.stream_from);
    });
  } else if (parts != nullptr) {
    const Shape outer(shape.begin(), shape.end() - 1);
    l.kernel.loop("i", "parallel", 0, volume(outer), 1, [&](const Dim& i) {
      over_parts(l, *parts, bound(l.kernel, delinearise(i, outer)), 0, shape.back(), 0);
    });
  } else if (flat && shape.size() > 1) {
    // The linear position stands for the whole index: every access has the same shape.
    l.kernel.stream("i", "parallel", volume(shape), volume(shape), l.stream_from,
                    [&](const Dim& i) {
                      Index index(shape.size(), Dim(0));
                      index.back() = i;
                      store_all(index);
                    });
  } else if (shape.size() == 1) {
    l.kernel.stream("i", "parallel", shape[0], shape[0], l.stream_from,
                    [&](const Dim& i) { store_all({i}); });
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

// Chunks of a full reduction; 1 when it is known to need no more. Nothing is one chunk too: the
// tree reads a partial that was written.
Dim full_reduction_chunks(const Value& reduction) {
  const Dim count = volume(reduction.node->operands[0].shape());
  if (provably_less_equal(count, Dim(ir::kReductionChunk))) return Dim(1);
  return Dim::max(Dim::floordiv(count + Dim(ir::kReductionChunk - 1), Dim(ir::kReductionChunk)), 1);
}

}  // namespace

Shape partials_of(const Group& group) {
  if (group.kind == GroupKind::column) {
    // A row for each chunk, and one for what waits in the tree.
    const Dim chunks = column_reduction_chunks(group.lead());
    return chunks.is(1) ? Shape{} : Shape{chunks + Dim(1), volume(group.domain)};
  }
  if (group.kind != GroupKind::full) return {};
  const Dim chunks = full_reduction_chunks(group.lead());
  return chunks.is(1) ? Shape{} : Shape{chunks};
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

}  // namespace croton::passes
