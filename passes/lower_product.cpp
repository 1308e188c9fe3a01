// Products: a register tile of rows × lanes, one multiply-add chain per element from +0 in
// ascending order of the inner index, per block of 4,096 (the contract of results). Neither tile
// nor packing can change a bit. A product of a vector with an operand whose inner axis is innermost
// is a reduction instead, with a multiply-add chain per lane.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "ir/contract_order.hpp"
#include "passes/lower.hpp"
#include "passes/reduce.hpp"

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Op;
using ir::Value;

constexpr std::int64_t kMaxTile = 512;
constexpr std::int64_t kRowBlocksTogether = 8;

bool has(const Integers& labels, std::int64_t label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

class Product {
 public:
  explicit Product(Lowering& l) : l_(l), k_(l.kernel), v_(l.group.lead()) {
    a_ = v_.node->operands[0];
    b_ = v_.node->operands[1];
    a_labels_ = v_.node->attribute<Integers>("a");
    b_labels_ = v_.node->attribute<Integers>("b");
    out_ = v_.node->attribute<Integers>("out");
    const ir::ContractOrder order = ir::contract_order(*v_.node);
    if (order.swapped) {
      std::swap(a_, b_);
      std::swap(a_labels_, b_labels_);
    }
    inner_ = order.inner;
    is_reduction_ = order.is_reduction;
    for (std::size_t i = 0; i < a_labels_.size(); ++i) extents_[a_labels_[i]] = a_.shape()[i];
    for (std::size_t i = 0; i < b_labels_.size(); ++i)
      if (!extents_.contains(b_labels_[i]) || b_.shape()[i].is_constant())
        extents_[b_labels_[i]] = b_.shape()[i];
  }

  void lower() {
    if (is_reduction_)
      lower_as_reduction();
    else
      lower_tiled();
  }

 private:
  using Place = std::map<std::int64_t, Dim>;  // label → index

  [[nodiscard]] Dim extent_of(const Integers& labels) const {
    Dim count(1);
    for (const std::int64_t label : labels) count = count * extents_.at(label);
    return count;
  }

  // The labels' indices at a position of all of them together, each quotient computed once and
  // every remainder written as a difference: where an operand has the labels next to each other,
  // they cancel and its address counts with the position.
  void place_at(Place& place, const Integers& labels, Dim position) const {
    for (std::size_t i = labels.size(); i-- > 1;) {
      const Dim extent = extents_.at(labels[i]);
      const Dim quotient = k_.bound(Dim::floordiv(position, extent));
      place[labels[i]] = position - quotient * extent;
      position = quotient;
    }
    if (!labels.empty()) place[labels[0]] = position;
  }

  [[nodiscard]] static Index index_of(const Integers& labels, const Place& place) {
    Index index;
    for (const std::int64_t label : labels) index.push_back(place.at(label));
    return index;
  }

  [[nodiscard]] Value multiply_add(const Value& a, const Value& b, const Value& c) {
    if (l_.fused_multiply_add && is_real(v_.dtype())) return k_.scalar(Op::fma, {a, b, c});
    return k_.scalar(Op::add, {k_.scalar(Op::mul, {a, b}), c});
  }

  void store_element(const Place& place, const Value& element) {
    const Index index = index_of(out_, place);
    l_.scalars.define(v_, index, element);
    l_.store_members(index);
  }

  void lower_as_reduction() {
    Shape domain;
    for (const std::int64_t label : out_) domain.push_back(extents_.at(label));
    const auto body = [&](const Index& kept) {
      Place place;
      for (std::size_t i = 0; i < out_.size(); ++i) place[out_[i]] = kept[i];
      const Combiner combiner = combiner_of(Op::sum, v_.dtype());
      const Value total = reduce_lanes(
          k_, combiner, extent_of(inner_), [&](const Value& accumulator, const Dim& r) {
            place_at(place, inner_, r);
            return multiply_add(l_.scalars.at(a_, index_of(a_labels_, place)),
                                l_.scalars.at(b_, index_of(b_labels_, place)), accumulator);
          });
      store_element(place, total);
    };
    if (domain.empty()) return body({});
    k_.loop("i", "parallel", 0, volume(domain), 1,
            [&](const Dim& i) { body(delinearise(i, domain)); });
  }

  // The columns of a tile: `lanes` of them, the first few of which may be skipped.
  struct Columns {
    Dim first;  // the column of the first lane that is not skipped
    std::int64_t lanes;
    std::int64_t skip = 0;           // lanes that are computed and not written
    bool reads_before_rows = false;  // the skipped lanes are no columns (see `lanes_to_skip`)
  };

  // One block of columns for one block of rows.
  void tile(Place place, const Dim& first_row, std::int64_t rows, std::int64_t column_label,
            const Columns& columns) {
    const std::int64_t lanes = columns.lanes, skip = columns.skip;
    const Dim& first_column = columns.first;
    const Dim width(lanes);
    const Dim row_extent = extent_of(rows_);
    const bool row_edges = rows > 1 && !Dim::mod(row_extent, Dim(rows)).is(0);
    const auto row_at = [&](const Dim& r) {
      const Dim row = first_row + r;
      return row_edges ? Dim::min(row, row_extent - Dim(1)) : row;
    };
    const DType dtype = v_.dtype();
    const Dim count = extent_of(inner_);
    const bool blocks = !provably_less_equal(count, Dim(ir::kContractBlock));
    const Value sums = k_.alloc("acc", dtype, {rows, lanes}, ir::Space::reg);
    const auto zero = [&] {
      k_.loop("r", "unroll", 0, rows, 1, [&](const Dim& r) {
        k_.loop("l", "lanes", 0, width, 1, [&](const Dim& l) {
          k_.store(k_.constant(dtype, 0), sums, {r, l});
        });
      });
    };
    using Right = std::function<Value(Place&, const Dim&)>;
    const auto multiply = [&](const Dim& low, const Dim& high, const Right& right) {
      k_.loop("k", "serial", low, high, 1, [&](const Dim& inner) {
        Place at = place;
        place_at(at, inner_, inner);
        k_.loop("r", "unroll", 0, rows, 1, [&](const Dim& r) {
          place_at(at, rows_, row_at(r));
          // One element of the left operand for all lanes, or one each.
          const bool is_common = !has(a_labels_, column_label);
          const Value common = is_common ? l_.scalars.at(a_, index_of(a_labels_, at)) : Value{};
          k_.loop("l", "lanes", 0, width, 1, [&](const Dim& l) {
            const Value sum = k_.load(sums, {r, l}), other = right(at, l);
            const Value left = is_common ? common : l_.scalars.at(a_, index_of(a_labels_, at));
            k_.store(multiply_add(left, other, sum), sums, {r, l});
          });
        });
      });
    };
    const Right element = [&](Place& at, const Dim& l) {
      at[column_label] = first_column + l - Dim(skip);
      return l_.scalars.at(b_, index_of(b_labels_, at));
    };
    const auto chain = [&](const Dim& low, const Dim& high) {
      if (!columns.reads_before_rows || !low.is(0)) return multiply(low, high, element);
      // Before the first row there is nothing to read.
      const Value first = k_.alloc("first", dtype, {lanes}, ir::Space::local);
      k_.loop("l", "lanes", 0, Dim(skip), 1,
              [&](const Dim& l) { k_.store(k_.constant(dtype, 0), first, {l}); });
      Place at = place;
      place_at(at, inner_, 0);
      k_.branch(k_.scalar(Op::gt, {k_.index(high), k_.constant(DType::i64, 0)}), [&] {
        k_.loop("l", "lanes", 0, Dim(lanes - skip), 1, [&](const Dim& l) {
          k_.store(element(at, l + Dim(skip)), first, {l + Dim(skip)});
        });
      });
      multiply(0, Dim::min(high, 1), [&](Place&, const Dim& l) { return k_.load(first, {l}); });
      multiply(1, high, element);
    };
    Value result = sums;
    if (!blocks) {
      zero();
      chain(0, count);
    } else {
      result = sum_blocks(sums, rows, lanes, width, count, zero, chain);
    }
    if ((l_.group.members.size() > 1 || skip > 0) && !blocks) {
      // The epilogue reads a copy, so that the accumulators stay in registers.
      const Value copy = k_.alloc("tile", dtype, {rows, lanes}, ir::Space::local);
      k_.loop("r", "unroll", 0, rows, 1, [&](const Dim& r) {
        k_.loop("l", "lanes", 0, width, 1, [&](const Dim& l) {
          k_.store(k_.load(sums, {r, l}), copy, {r, l});
        });
      });
      result = copy;
    }
    k_.loop("r", "unroll", 0, rows, 1, [&](const Dim& r) {
      const auto store_lanes = [&](std::int64_t low, std::int64_t high) {
        if (low == high) return;
        k_.loop("l", "lanes", 0, Dim(high - low), 1, [&](const Dim& l) {
          Place at = place;
          place_at(at, rows_, first_row + r);
          at[column_label] = first_column + l + Dim(low - skip);
          store_element(at, k_.load(result, {r, l + Dim(low)}));
        });
      };
      // Whole vectors apart from the lanes that are left of one.
      const std::int64_t whole =
          columns.reads_before_rows ? skip : lanes - (lanes - skip) / narrowest_ * narrowest_;
      const auto store_row = [&] { store_lanes(skip, whole), store_lanes(whole, lanes); };
      if (!row_edges) return store_row();
      k_.branch(k_.scalar(Op::lt, {k_.index(first_row + r), k_.index(row_extent)}), store_row);
    });
  }

  Value sum_blocks(const Value& sums, std::int64_t rows, std::int64_t lanes, const Dim& width,
                   const Dim& count, const std::function<void()>& zero,
                   const std::function<void(const Dim&, const Dim&)>& chain) {
    const Dim block(ir::kContractBlock);
    const Value totals = k_.alloc("total", v_.dtype(), {rows, lanes}, ir::Space::local);
    zero();
    chain(0, Dim::min(block, count));
    const auto each = [&](const std::function<void(const Dim&, const Dim&)>& body) {
      k_.loop("r", "unroll", 0, rows, 1, [&](const Dim& r) {
        k_.loop("l", "lanes", 0, width, 1, [&](const Dim& l) { body(r, l); });
      });
    };
    each([&](const Dim& r, const Dim& l) { k_.store(k_.load(sums, {r, l}), totals, {r, l}); });
    const Dim blocks = Dim::floordiv(count + Dim(ir::kContractBlock - 1), block);
    k_.loop("c", "serial", 1, blocks, 1, [&](const Dim& c) {
      zero();
      chain(c * block, Dim::min((c + Dim(1)) * block, count));
      each([&](const Dim& r, const Dim& l) {
        k_.store(k_.scalar(Op::add, {k_.load(totals, {r, l}), k_.load(sums, {r, l})}), totals,
                 {r, l});
      });
    });
    return totals;
  }

  // Fewer columns than a vector has lanes, in rows that follow each other in memory, are read as
  // whole vectors that end with the row: the lanes before its first column hold what is before it
  // in memory, and come to nothing. How many they are; 0: columns are taken in narrower vectors.
  [[nodiscard]] std::int64_t lanes_to_skip(std::int64_t narrowest) const {
    const Dim columns = extents_.at(out_.back());
    if (!columns.is_constant() || !is_real(v_.dtype()) || !l_.scalars.is_in_memory(b_)) return 0;
    const auto count = static_cast<std::uint64_t>(*columns.constant());
    if (count < 3 || static_cast<std::int64_t>(count) >= narrowest) return 0;
    if (has(a_labels_, out_.back())) return 0;
    const bool rows_follow = inner_.size() == 1 && b_labels_ == Integers{inner_[0], out_.back()};
    return rows_follow ? static_cast<std::int64_t>(std::bit_ceil(count) - count) : 0;
  }

  // The label that stands right before `label` in the left operand and the result, and not in the
  // right operand: rows of both go on in memory from one of its indices to the next. -1: none.
  [[nodiscard]] std::int64_t axis_before(std::int64_t label) const {
    const auto before = [&](const Integers& labels) {
      const auto at = std::find(labels.begin(), labels.end(), label);
      return at == labels.begin() || at == labels.end() ? -1 : *(at - 1);
    };
    const std::int64_t outer = before(out_);
    return outer == before(a_labels_) && !has(b_labels_, outer) ? outer : -1;
  }

  void lower_tiled() {
    const std::int64_t column_label = out_.back();
    rows_.clear();
    for (const std::int64_t label : out_)
      if (label != column_label && !has(b_labels_, label)) rows_ = {label};
    const std::int64_t lanes = scheduled(l_.group, "columns", kMaxTile);
    std::int64_t rows = rows_.empty() ? 1 : scheduled(l_.group, "rows", kMaxTile);
    while (!rows_.empty() && !Dim::mod(extent_of(rows_), Dim(rows)).is(0)) {
      const std::int64_t outer = axis_before(rows_[0]);
      if (outer < 0) break;
      rows_.insert(rows_.begin(), outer);
    }
    const Dim row_extent = extent_of(rows_);
    if (row_extent.is_constant())
      rows = std::min(rows, std::max<std::int64_t>(1, *row_extent.constant()));
    const Dim row_blocks = Dim::floordiv(row_extent + Dim(rows - 1), Dim(rows));
    Shape outer;
    Integers outer_labels;
    for (const std::int64_t label : out_)
      if (label != column_label && !has(rows_, label)) {
        outer.push_back(extents_.at(label));
        outer_labels.push_back(label);
      }
    const Dim columns = extents_.at(column_label), wide(lanes);
    narrowest_ = scheduled(l_.group, "narrowest", kMaxTile);
    const std::int64_t skip = lanes_to_skip(narrowest_);
    const bool is_narrow = skip > 0 || provably_less_equal(columns, wide);
    const Dim column_blocks = is_narrow ? Dim(1) : Dim::floordiv(columns + Dim(lanes - 1), wide);
    // Blocks of rows that meet one block of columns after each other: it stays in the second-level
    // cache meanwhile.
    const Dim together(is_narrow ? 1 : kRowBlocksTogether);
    const Dim groups = Dim::floordiv(row_blocks + together - Dim(1), together);
    k_.loop("t", "parallel", 0, volume(outer) * groups * column_blocks, 1, [&](const Dim& t) {
      Place place;
      const Dim part = k_.bound(Dim::floordiv(t, column_blocks));
      const Index index = delinearise(Dim::floordiv(part, groups), outer);
      for (std::size_t i = 0; i < outer_labels.size(); ++i)
        place[outer_labels[i]] = k_.bound(index[i]);
      const Dim first_block = k_.bound(Dim::mod(part, groups)) * together;
      const Dim first_column = k_.bound(Dim::mod(t, column_blocks)) * wide;
      const auto columns_of = [&](const Dim& first_row) {
        const auto tile_of = [&](const Columns& tile_columns) {
          tile(place, first_row, rows, column_label, tile_columns);
        };
        if (skip > 0) return tile_of({0, *columns.constant() + skip, skip, true});
        if (is_narrow) return rest_of_columns(columns, 0, lanes, tile_of);
        if (Dim::mod(columns, wide).is(0)) return tile_of({first_column, lanes});
        const Value fits = k_.scalar(Op::le, {k_.index(first_column + wide), k_.index(columns)});
        k_.branch(fits, [&] { tile_of({first_column, lanes}); });
        k_.branch(k_.scalar(Op::logical_not, {fits}), [&] {
          rest_of_columns(columns, k_.bound(Dim::floordiv(columns, wide)) * wide, lanes, tile_of);
        });
      };
      if (is_narrow) return columns_of(first_block * Dim(rows));
      const Dim end = k_.bound(Dim::min(first_block + together, row_blocks));
      k_.loop("b", "serial", first_block, end, 1,
              [&](const Dim& block) { columns_of(block * Dim(rows)); });
    });
  }

  // The columns from `done` on, fewer than `lanes` unless there are no others. Of a known number of
  // columns the last tile ends with them, and begins with columns that another one writes. Else
  // tiles of half the width follow, and so on down to one column.
  void rest_of_columns(const Dim& columns, Dim done, std::int64_t lanes,
                       const std::function<void(const Columns&)>& tile_of) {
    if (columns.is_constant() && done.is_constant()) {
      const std::int64_t count = *columns.constant();
      std::int64_t left = count - *done.constant();
      if (const std::int64_t whole = std::min(left, lanes) / narrowest_ * narrowest_;
          whole > 0 && done.is(0)) {
        tile_of({0, whole});
        left -= whole;
      }
      const std::int64_t width = (left + narrowest_ - 1) / narrowest_ * narrowest_;
      if (left == 0) return;
      if (width <= std::min(count, lanes)) return tile_of({Dim(count - left), width, width - left});
      done = Dim(count - left);
    }
    const auto narrower = [&](std::int64_t width) {
      return width > narrowest_ ? std::max(width / narrowest_ / 2, std::int64_t{1}) * narrowest_
                                : width / 2;
    };
    for (std::int64_t width = done.is(0) ? lanes : narrower(lanes); width >= 1;
         width = narrower(width)) {
      const Dim end = done + k_.bound(Dim::floordiv(columns - done, Dim(width))) * Dim(width);
      if (!(end - done).is(0))
        k_.loop("j", "serial", done, end, static_cast<int>(width), [&](const Dim& j) {
          tile_of({j, width});
        });
      done = end;
    }
  }

  Lowering& l_;
  KernelBuilder& k_;
  Value v_, a_, b_;
  Integers a_labels_, b_labels_, out_, inner_;
  Integers rows_;  // labels that the rows of tiles count together
  std::map<std::int64_t, Dim> extents_;
  bool is_reduction_ = false;
  std::int64_t narrowest_ = 1;  // vector of columns
};

}  // namespace

void lower_product(Lowering& l) { Product(l).lower(); }

}  // namespace croton::passes
