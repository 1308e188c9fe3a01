// NumPy's indexing: slices of any step, single integers, new axes, ellipsis, and adjacent integer
// arrays. Bounds become dims: start and size are polynomials in the extents, clamped as Python
// does.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "frontend/build.hpp"
#include "ir/infer.hpp"

namespace croton::detail {
namespace {

// Beyond every extent, and small enough that two of them can be added.
constexpr std::int64_t kFar = std::int64_t{1} << 62;

Dim dim_of(const Bound& bound, const Dim& fallback) {
  if (const Dim* dim = std::get_if<Dim>(&bound)) return *dim;
  if (const Expr* expr = std::get_if<Expr>(&bound))
    return dim_of_scalar(value_of(*expr), "a slice bound");
  return fallback;
}

bool is_open(const Bound& bound) { return std::holds_alternative<std::monostate>(bound); }

// Negative positions count from the end. A position that is only known when the function is called
// has one extent added if it is negative. Of extent - 1 that changes nothing: it is negative when
// there is no element.
Dim from_front(const Dim& position, const Dim& extent) {
  if (position.is_constant()) {
    const Dim near(std::clamp(*position.constant(), -kFar, kFar));
    return *position.constant() < 0 ? near + extent : near;
  }
  if (provably_less_equal(Dim(0), position) || position == extent - Dim(1)) return position;
  const Dim minus_one_if_negative = Dim::max(Dim::min(position, Dim(0)), Dim(-1));
  return position - extent * minus_one_if_negative;
}

// Whether nothing but extents decides the dim: values may be anything.
bool is_of_extents(const Dim& dim) {
  bool all = true;
  dim.for_each_leaf(
      [&](const Dim::Atom& atom) { all = all && atom.kind == Dim::Atom::Kind::symbol; });
  return all;
}

struct Range {
  Dim start, size;
};

// As Python does, [start, stop) or, backwards, (stop, start] is what lies between low and high.
Range range_of(const Slice& slice, std::int64_t step, const Dim& extent) {
  const Dim zero(0), before(-1), last = extent - Dim(1);
  const bool forward = step > 0;
  const Dim &low = forward ? zero : before, &high = forward ? extent : last;
  const auto bound = [&](const Bound& given, const Dim& open) {
    return is_open(given) ? open : from_front(dim_of(given, open), extent);
  };
  // An open stop backwards is one before the first element; -1 as a number would mean the last one.
  const Dim start = bound(slice.start, forward ? low : high),
            stop = bound(slice.stop, forward ? high : low);
  const auto clamped = [&](const Dim& d) { return Dim::min(Dim::max(d, low), high); };
  const Dim &first = forward ? start : stop, &end = forward ? stop : start;
  // Both say how much of [first, end) lies between low and high; the short one stays short when
  // slices are sliced, the other one cannot exceed 64 bits.
  const bool is_short = is_of_extents(first) && is_of_extents(end);
  const Dim length = Dim::max(
      is_short ? Dim::min(end, high) - Dim::max(first, low) : clamped(end) - clamped(first), zero);
  const std::int64_t stride = forward ? step : -step;
  return {clamped(start), Dim::floordiv(length + Dim(stride - 1), Dim(stride))};
}

Dim position_of(std::int64_t i, const Dim& extent, std::size_t axis) {
  if (extent.is_constant()) {
    const std::int64_t n = *extent.constant();
    if (i < -n || i >= n)
      throw UserError(
          fmt::format("index {} is out of bounds for axis {} with size {}", i, axis, n));
  }
  return i < 0 ? extent + Dim(i) : Dim(i);
}

bool is_array(const Index& index) { return std::holds_alternative<Expr>(index.value); }

std::size_t consumed_axes(std::span<const Index> indices) {
  return static_cast<std::size_t>(std::count_if(indices.begin(), indices.end(), [](const Index& i) {
    return !std::holds_alternative<NewAxis>(i.value) && !std::holds_alternative<Ellipsis>(i.value);
  }));
}

// Ellipsis written out, and open slices appended for the axes that the list does not mention.
std::vector<Index> spread(std::span<const Index> indices, std::size_t rank) {
  const std::size_t used = consumed_axes(indices);
  if (used > rank) throw UserError(fmt::format("{} indices for an array of rank {}", used, rank));
  std::vector<Index> full;
  bool seen = false;
  for (const Index& index : indices) {
    if (!std::holds_alternative<Ellipsis>(index.value)) {
      full.push_back(index);
      continue;
    }
    if (seen) throw UserError("an index list can only have one ellipsis");
    seen = true;
    for (std::size_t i = used; i < rank; ++i) full.emplace_back(Slice{});
  }
  while (consumed_axes(full) < rank) full.emplace_back(Slice{});
  return full;
}

std::vector<ir::Value> common_shape(std::vector<ir::Value> arrays) {
  Shape shape = arrays[0].shape();
  for (const ir::Value& array : arrays)
    shape = ir::broadcast_shapes(shape, array.shape(), "index arrays");
  for (ir::Value& array : arrays) array = ir::broadcast_to(array, shape);
  return arrays;
}

}  // namespace

Dim dim_of_scalar(const ir::Value& value, std::string_view what) {
  if (value.rank() != 0 || !is_integer(value.dtype()))
    throw UserError(
        fmt::format("{} must be a scalar integer, not {}", what, ir::text(value.type())));
  // No dim is as large as what u64 has beyond i64.
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool wider = value.dtype() == DType::u64;
  if (const auto known = ir::splat_value(value))
    return wider ? Dim(std::min(known->at<std::uint64_t>(0), most)) : Dim(known->as_integer());
  const ir::Value within =
      wider ? ir::minimum(value, ir::constant(ir::Literal::scalar(most))) : value;
  const ir::Value wide = ir::cast(within, DType::i64);
  return Dim::value_of(wide.node, wide.index);
}

ResolvedIndex resolve(std::span<const Index> indices, const Shape& shape) {
  ResolvedIndex r;
  const std::vector<Index> full = spread(indices, shape.size());
  bool ended = false;  // the run of index arrays
  std::size_t axis = 0;
  for (const Index& index : full) {
    if (std::holds_alternative<NewAxis>(index.value)) {
      ended = ended || r.gather_axis >= 0;
      r.result.emplace_back(1);
      continue;
    }
    const Dim& extent = shape[axis];
    Range range{Dim(0), extent};
    std::int64_t step = 1;
    bool drop = false;
    if (is_array(index)) {
      if (ended) throw UserError("index arrays must be on adjacent axes");
      const ir::Value array = value_of(std::get<Expr>(index.value));
      if (!is_integer(array.dtype()))
        throw UserError(
            array.dtype() == DType::boolean
                ? "a mask of bool has no known number of elements; use where(mask, x, other), or "
                  "multiply by the mask"
                : fmt::format("indices must be integers, not {}", name(array.dtype())));
      if (r.gather_axis < 0) r.gather_axis = static_cast<std::int64_t>(axis);
      r.arrays.push_back(array);
    } else {
      ended = ended || r.gather_axis >= 0;
      if (const auto* i = std::get_if<std::int64_t>(&index.value)) {
        range = {position_of(*i, extent, axis), Dim(1)};
        drop = true;
      } else {
        const auto& slice = std::get<Slice>(index.value);
        if (slice.step == 0) throw UserError("the step of a slice is 0");
        step = std::clamp(slice.step, -kFar, kFar);
        range = range_of(slice, step, extent);
        r.result.push_back(range.size);
      }
    }
    r.starts.push_back(range.start);
    r.sizes.push_back(range.size);
    r.steps.push_back(step);
    r.dropped.push_back(drop);
    ++axis;
  }
  if (!r.arrays.empty()) r.arrays = common_shape(std::move(r.arrays));
  return r;
}

namespace {

// What is left of x once slices are taken and single integers have dropped out; the axis of it that
// the index arrays begin at.
struct Kept {
  Shape shape;
  std::int64_t axis;
};
Kept kept_of(const ResolvedIndex& r) {
  Kept kept{{}, r.gather_axis};
  for (std::size_t i = 0; i < r.sizes.size(); ++i) {
    if (!r.dropped[i]) kept.shape.push_back(r.sizes[i]);
    if (r.dropped[i] && static_cast<std::int64_t>(i) < r.gather_axis) --kept.axis;
  }
  return kept;
}

// NumPy counts single integers beside arrays among the arrays: when a slice stands between them,
// the arrays' axes come first in the result.
bool arrays_come_first(const ResolvedIndex& r) {
  const auto begin = static_cast<std::size_t>(r.gather_axis), end = begin + r.arrays.size();
  std::size_t first = begin, last = end;
  for (std::size_t i = 0; i < r.dropped.size(); ++i)
    if (r.dropped[i]) first = std::min(first, i), last = std::max(last, i + 1);
  for (std::size_t i = first; i < last; ++i)
    if (!r.dropped[i] && (i < begin || i >= end)) return true;
  return false;
}

// Axes [at, at + count) of x become its first ones.
ir::Value in_front(const ir::Value& x, std::int64_t at, std::int64_t count) {
  ir::Integers order;
  for (std::int64_t i = 0; i < count; ++i) order.push_back(at + i);
  for (std::int64_t i = 0; i < x.rank(); ++i)
    if (i < at || i >= at + count) order.push_back(i);
  return ir::transpose(x, std::move(order));
}

void refuse_new_axes(std::span<const Index> indices) {
  if (std::any_of(indices.begin(), indices.end(),
                  [](const Index& i) { return std::holds_alternative<NewAxis>(i.value); }))
    throw UserError("index arrays and new axes do not mix; use expand_dims");
}

}  // namespace

ir::Value index(const ir::Value& x, std::span<const Index> indices) {
  const ResolvedIndex r = resolve(indices, x.shape());
  const ir::Value sliced = ir::slice_of(x, r.starts, r.sizes, r.steps);
  if (r.gather_axis < 0) return ir::reshape(sliced, r.result);
  refuse_new_axes(indices);
  const Kept kept = kept_of(r);
  const ir::Value taken = ir::gather(ir::reshape(sliced, kept.shape), kept.axis, r.arrays);
  return arrays_come_first(r) ? in_front(taken, kept.axis, r.arrays[0].rank()) : taken;
}

ir::Value update(ir::Op slice_op, ir::Op scatter_op, const ir::Value& x,
                 std::span<const Index> indices, const ir::Value& value) {
  const ResolvedIndex r = resolve(indices, x.shape());
  const ir::Value same = ir::cast(value, x.dtype());
  if (r.gather_axis < 0) {
    const ir::Value full = ir::reshape(ir::broadcast_to(same, r.result), r.sizes);
    return ir::make(slice_op, {x, full}, {r.starts, r.steps});
  }
  refuse_new_axes(indices);
  const Kept kept = kept_of(r);
  const ir::Value sliced = ir::slice_of(x, r.starts, r.sizes, r.steps);
  const ir::Value target = ir::reshape(sliced, kept.shape);
  const Shape& places = r.arrays[0].shape();
  const auto count = static_cast<std::int64_t>(r.arrays.size());
  Shape front(kept.shape.begin(), kept.shape.begin() + kept.axis),
      back(kept.shape.begin() + kept.axis + count, kept.shape.end());
  // The update's axes, as the result of reading these places would have them.
  const bool first = arrays_come_first(r);
  Shape shape = first ? places : front;
  const Shape& second = first ? front : places;
  shape.insert(shape.end(), second.begin(), second.end());
  shape.insert(shape.end(), back.begin(), back.end());
  ir::Value update = ir::broadcast_to(same, shape);
  if (first) update = in_front(update, r.arrays[0].rank(), static_cast<std::int64_t>(front.size()));
  const ir::Value changed = ir::scatter(scatter_op, target, update, kept.axis, r.arrays);
  if (target == x) return changed;
  return ir::set_slice(x, ir::reshape(changed, r.sizes), r.starts, r.steps);
}

}  // namespace croton::detail
