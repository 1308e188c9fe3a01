// Row reductions and what is computed from them, one row after the other.
#include <algorithm>

#include "ir/contract_order.hpp"
#include "passes/lower_parts.hpp"

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Op;
using ir::Value;

// Rows up to this long are reduced in one chunk, and their costly values kept in local memory.
constexpr std::int64_t kShortRow = ir::kReductionChunk;
constexpr std::size_t kMostKept = 2;
constexpr int kCostly = 4;

// A costly value that several passes over the row read is written down once.
struct Kept {
  Value value, before;  // written before this member is computed
};

Dim row_length(const Value& v, std::size_t rank) {
  return volume(Shape(v.shape().begin() + static_cast<std::ptrdiff_t>(rank), v.shape().end()));
}

// The reduced axes are the last ones: a row of the operand is a row of its memory.
bool reduces_rows(const Value& reduction, std::size_t rank) {
  const auto& axes = reduction.node->attribute<Integers>("axes");
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i] != static_cast<std::int64_t>(rank + i)) return false;
  return true;
}

// Values whose elements several members need, each at its own place only. Outer ones first: what
// they consist of is then needed once.
std::vector<Kept> find_kept(const Lowering& l) {
  const std::size_t rank = l.group.domain.size();
  std::vector<std::vector<Value>> reads;
  std::vector<Value> candidates;
  for (const Value& member : l.group.members) {
    reads.push_back(expression_of(l, member));
    for (const Value& v : reads.back()) {
      const bool fits = ir::is_elementwise(v.op()) && ir::info(v.op()).cost > kCostly &&
                        v.shape().size() > rank &&
                        std::equal(l.group.domain.begin(), l.group.domain.end(), v.shape().begin());
      if (fits && std::find(candidates.begin(), candidates.end(), v) == candidates.end())
        candidates.push_back(v);
    }
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Value& a, const Value& b) { return a.node->serial > b.node->serial; });
  std::vector<Kept> kept;
  for (const Value& v : candidates) {
    std::vector<Value> readers;
    for (std::size_t m = 0; m < reads.size(); ++m)
      if (std::find(reads[m].begin(), reads[m].end(), v) != reads[m].end())
        readers.push_back(l.group.members[m]);
    const bool in_place = std::all_of(readers.begin(), readers.end(), [&](const Value& reader) {
      const bool by_element = ir::is_reduction(reader.op()) ? reduces_rows(reader, rank)
                                                            : ir::is_elementwise(reader.op());
      return by_element && is_read_in_place(l, reader, v);
    });
    const bool inside = std::any_of(kept.begin(), kept.end(), [&](const Kept& outer) {
      const std::vector<Value> below = expression_of(l, outer.value);
      return std::find(below.begin(), below.end(), v) != below.end();
    });
    if (readers.size() < 2 || !in_place || inside || kept.size() == kMostKept) continue;
    kept.push_back({v, readers.front()});
  }
  return kept;
}

class Rows {
 public:
  explicit Rows(Lowering& l) : l_(l), k_(l.kernel), rank_(l.group.domain.size()) {
    kept_ = find_kept(l);
  }

  void lower() {
    k_.loop("i", "parallel", 0, volume(l_.group.domain), 1, [&](const Dim& i) {
      const Index row = bound(k_, delinearise(i, l_.group.domain));
      Value is_short;
      bool always = true;
      for (const Dim& length : lengths()) {
        if (provably_less_equal(length, Dim(kShortRow))) continue;
        always = false;
        const Value fits = k_.scalar(
            Op::le, {k_.index(length), k_.constant(DType::i64, static_cast<double>(kShortRow))});
        is_short = is_short ? k_.scalar(Op::logical_and, {is_short, fits}) : fits;
      }
      if (always) return short_row(row);
      const Value is_long = k_.scalar(Op::logical_not, {is_short});
      k_.branch(is_short, [&] { short_row(row); });
      k_.branch(is_long, [&] {
        for (const Value& member : l_.group.members) compute(member, row, false);
      });
    });
  }

 private:
  // Of everything that is reduced or kept.
  std::vector<Dim> lengths() const {
    std::vector<Dim> found;
    const auto add = [&](const Dim& length) {
      if (std::find(found.begin(), found.end(), length) == found.end()) found.push_back(length);
    };
    for (const Value& member : l_.group.members)
      if (ir::is_reduction(member.op())) add(volume(reduced_shape(member)));
    for (const Kept& kept : kept_) add(row_length(kept.value, rank_));
    return found;
  }

  void short_row(const Index& row) {
    for (const Value& member : l_.group.members) {
      for (const Kept& kept : kept_)
        if (kept.before == member) write_down(kept.value, row);
      compute(member, row, true);
    }
    for (const Kept& kept : kept_) l_.scalars.forget(kept.value);
  }

  // The strides of a row alone: the domain's axes do not move.
  void write_down(const Value& v, const Index& row) {
    Shape extents(rank_, Dim(1)), strides(rank_, Dim(0));
    const Shape tail(v.shape().begin() + static_cast<std::ptrdiff_t>(rank_), v.shape().end());
    const Shape own = ir::row_major_strides(tail);
    extents.insert(extents.end(), tail.size(), Dim(1));
    extents.back() = Dim(kShortRow);
    strides.insert(strides.end(), own.begin(), own.end());
    const Value memory =
        k_.alloc("row", ir::buffer(v.dtype(), std::move(extents), ir::Space::local, strides));
    over_row(l_, v.shape(), row,
             [&](const Index& index) { k_.store(l_.scalars.at(v, index), memory, index); });
    l_.scalars.in_memory(v, memory);
  }

  void compute(const Value& member, const Index& row, bool is_short) {
    if (ir::is_reduction(member.op())) {
      k_.serve(member);
      const Combiner combiner = combiner_of(member.op(), member.dtype());
      const Dim count = volume(reduced_shape(member));
      const Step step = step_of(l_, combiner, member, row);
      l_.scalars.define(member, row,
                        is_short ? settled(k_, combiner, reduce_chunk(k_, combiner, 0, count, step))
                                 : reduce_lanes(k_, combiner, count, step));
    }
    if (!l_.is_target(member)) return;
    over_row(
        l_, member.shape(), row, [&](const Index& index) { l_.store_targets(member, index); },
        l_.stream_from);
  }

  Lowering& l_;
  KernelBuilder& k_;
  std::size_t rank_;
  std::vector<Kept> kept_;
};

}  // namespace

void lower_row(Lowering& l) { Rows(l).lower(); }

}  // namespace croton::passes
