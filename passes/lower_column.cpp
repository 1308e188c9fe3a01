// Reductions that keep the innermost axis: columns side by side, chunks of rows as parts of their
// own, which a pairwise tree combines.
#include "ir/contract_order.hpp"
#include "passes/lower_parts.hpp"

namespace croton::passes {

using ir::Op;
using ir::Value;

namespace {

// Columns that one part of a column reduction walks side by side: wide where chunks of rows are
// parts as well, so that memory is read in long runs.
constexpr std::int64_t kColumnLanes = 256, kWideColumnLanes = 1024;

// One chunk of rows of a block of columns side by side: leaves of 8 rows by a halving tree, leaves
// in ascending order. Rows are walked once, whatever the width.
class ColumnBlock {
 public:
  ColumnBlock(Lowering& l, const Value& reduction, Index prefix, const Dim& first, const Dim& width,
              std::int64_t lanes)
      : l_(l),
        k_(l.kernel),
        reduction_(reduction),
        prefix_(std::move(prefix)),
        first_(first),
        width_(width),
        lanes_(lanes),
        combiner_(combiner_of(reduction.op(), reduction.dtype())),
        total_(k_.alloc("total", combiner_.dtype, {lanes_}, ir::Space::local)) {}

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

  /// The chunk's total of each column.
  void each_total(const std::function<void(const Dim& lane, const Value& total)>& visit) {
    k_.loop("l", "lanes", 0, width_, 1,
            [&](const Dim& lane) { visit(lane, k_.load(total_, {lane})); });
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
      kept = k_.alloc("leaf", combiner_.dtype, {ir::kLeafRows, lanes_}, ir::Space::local);
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
    const Value leaf = k_.alloc("edge", combiner_.dtype, {ir::kLeafRows, lanes_}, ir::Space::local);
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

  Lowering& l_;
  KernelBuilder& k_;
  const Value& reduction_;
  Index prefix_;
  Dim first_, width_;
  std::int64_t lanes_;
  Combiner combiner_;
  Value total_;
};

// The pairwise tree over the chunks' rows of partials, which it overwrites, as reduce_in_place does
// with single values; `finish` gets the place of the totals. The last row is for what waits.
void combine_rows(KernelBuilder& k, const Combiner& combiner, const Value& partials,
                  const Dim& chunks, const Dim& width) {
  const auto each = [&](const std::function<void(const Dim&)>& body) {
    k.loop("l", "lanes", 0, width, 1, body);
  };
  const auto at = [&](const Dim& row, const Dim& l) { return k.load(partials, {row, l}); };
  each([&](const Dim& l) { k.store(identity_of(k, combiner), partials, {chunks, l}); });
  const Value none = k.constant(DType::i64, 0), one = k.constant(DType::i64, 1);
  (void)k.loop(
      "k", "serial", 0, k.bound(tree_levels(chunks)), 1, {k.index(chunks), none},
      [&](const Dim&, const std::vector<Value>& state) -> std::vector<Value> {
        const Dim left = dim_of(state[0]);
        const Dim half = k.bound(Dim::floordiv(left, 2));
        const Value odd = k.index(Dim::mod(left, 2)), is_odd = k.scalar(Op::eq, {odd, one});
        const Value waits = k.scalar(Op::eq, {state[1], one});
        k.branch(k.scalar(Op::logical_and, {is_odd, waits}), [&] {
          each([&](const Dim& l) {
            k.store(combine(k, combiner, at(left - Dim(1), l), at(chunks, l)), partials,
                    {chunks, l});
          });
        });
        k.branch(k.scalar(Op::logical_and, {is_odd, k.scalar(Op::logical_not, {waits})}), [&] {
          each([&](const Dim& l) { k.store(at(left - Dim(1), l), partials, {chunks, l}); });
        });
        k.loop("i", "serial", 0, half, 1, [&](const Dim& i) {
          each([&](const Dim& l) {
            k.store(combine(k, combiner, at(i * Dim(2), l), at(i * Dim(2) + Dim(1), l)), partials,
                    {i, l});
          });
        });
        return {k.index(half), k.scalar(Op::maximum, {state[1], odd})};
      });
}

}  // namespace

void lower_column(Lowering& l) {
  KernelBuilder& k = l.kernel;
  const Value& reduction = l.group.lead();
  const Combiner combiner = combiner_of(reduction.op(), reduction.dtype());
  const Shape& domain = l.group.domain;
  const Shape outer(domain.begin(), domain.end() - 1);
  const Dim columns = domain.back(), rows = volume(reduced_shape(reduction));
  const Dim chunks = column_reduction_chunks(reduction);
  const std::int64_t width = l.partials ? kWideColumnLanes : kColumnLanes;
  const Dim lanes(width), blocks = Dim::floordiv(columns + Dim(width - 1), lanes);
  const auto finish = [&](Index index, const Value& total) {
    l.scalars.define(reduction, index, settled(k, combiner, total));
    l.store_members(index);
  };
  const auto many = [&] { return k.scalar(Op::gt, {k.index(chunks), k.constant(DType::i64, 1)}); };
  k.loop("b", "parallel", 0, volume(outer) * chunks * blocks, 1, [&](const Dim& b) {
    const Dim first = k.bound(Dim::mod(b, blocks)) * lanes;
    const Dim part = k.bound(Dim::floordiv(b, blocks));
    const Dim chunk = l.partials ? k.bound(Dim::mod(part, chunks)) : Dim(0);
    const Dim place = l.partials ? k.bound(Dim::floordiv(part, chunks)) : part;
    const Index prefix = bound(k, delinearise(place, outer));
    const auto block = [&](const Dim& wide) {
      ColumnBlock one(l, reduction, prefix, first, wide, width);
      if (!l.partials)
        one.add_chunk(0, rows);
      else
        one.add_chunk(chunk * Dim(ir::kColumnChunk),
                      Dim::min((chunk + Dim(1)) * Dim(ir::kColumnChunk), rows));
      const auto finished = [&] {
        one.each_total([&](const Dim& lane, const Value& total) {
          Index index = prefix;
          index.push_back(first + lane);
          finish(std::move(index), total);
        });
      };
      if (!l.partials) return finished();
      const Value several = many();
      k.branch(several, [&] {
        one.each_total([&](const Dim& lane, const Value& total) {
          k.store(total, l.partials, {chunk, place * columns + first + lane});
        });
      });
      k.branch(k.scalar(Op::logical_not, {several}), finished);
    };
    // Whole blocks have a known width; the last one may be narrower.
    const Dim left = columns - first;
    if (columns.is_constant() && *columns.constant() % width == 0) return block(lanes);
    if (provably_less_equal(columns, lanes) && columns.is_constant()) return block(columns);
    const Value whole =
        k.scalar(Op::ge, {k.index(left), k.constant(DType::i64, static_cast<double>(width))});
    k.branch(whole, [&] { block(lanes); });
    k.branch(k.scalar(Op::logical_not, {whole}), [&] { block(left); });
  });
  if (!l.partials) return;
  k.branch(many(), [&] {
    combine_rows(k, combiner, l.partials, chunks, volume(domain));
    k.loop("o", "serial", 0, volume(outer), 1, [&](const Dim& o) {
      const Index prefix = bound(k, delinearise(o, outer));
      k.loop("j", "lanes", 0, columns, 1, [&](const Dim& j) {
        Index index = prefix;
        index.push_back(j);
        finish(std::move(index), k.load(l.partials, {chunks, o * columns + j}));
      });
    });
  });
}

}  // namespace croton::passes
