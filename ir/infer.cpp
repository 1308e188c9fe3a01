#include "ir/infer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ir/composition.hpp"

namespace croton::ir {
namespace {

template <class T>
const T& get(Attributes attributes, std::size_t i) {
  const T* value = std::get_if<T>(&attributes[i].value);
  CROTON_CHECK(value != nullptr, fmt::format("attribute {} has another kind", i));
  return *value;
}

void check_axes(const Integers& axes, int rank) {
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i] < 0 || axes[i] >= rank || (i > 0 && axes[i] <= axes[i - 1]))
      throw UserError(fmt::format("axes must be ascending, distinct and within rank {}, not [{}]",
                                  rank, fmt::join(axes, ", ")));
}

Shape without_axes(const Shape& shape, const Integers& axes) {
  Shape out;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) == axes.end())
      out.push_back(shape[i]);
  return out;
}

void check_extents(const Shape& shape) {
  for (const Dim& dim : shape)
    if (dim.is_constant() && *dim.constant() < 0)
      throw UserError(fmt::format("negative extent {} in shape [{}]", dim.text(), text(shape)));
}

// The positions of a slice; an empty one may begin one beyond the last element.
void must_lie_inside(const Dim& start, const Dim& size, std::int64_t step, std::size_t axis,
                     const Dim& extent) {
  const Dim last = start + (size - Dim(1)) * Dim(step);
  const Dim &low = step > 0 ? start : last, &high = step > 0 ? last : start;
  const auto claim = [&](const Dim& position) {
    return fmt::format("position {} lies outside axis {} of extent {}", told(position), axis,
                       told(extent));
  };
  if (!provably_less_equal(Dim(0), low)) assume(low, Relation::at_least, Dim(0), claim(low));
  if (!provably_less_equal(high + Dim(1), extent))
    assume(extent, Relation::at_least, high + Dim(1), claim(high));
}

void check_slice(const Shape& starts, const Shape& sizes, const Integers& steps,
                 const Shape& shape) {
  if (starts.size() != shape.size() || steps.size() != shape.size() || sizes.size() != shape.size())
    throw UserError(fmt::format("a slice of rank {} needs {} starts, sizes and steps", shape.size(),
                                shape.size()));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (steps[i] == 0) throw UserError(fmt::format("slice step is 0 on axis {}", i));
    if (sizes[i].is(0)) continue;
    if (sizes[i].is_constant() && *sizes[i].constant() < 0)
      throw UserError(
          fmt::format("negative extent {} in shape [{}]", sizes[i].text(), text(sizes)));
    must_lie_inside(starts[i], sizes[i], steps[i], i, shape[i]);
  }
}

// Nothing can be taken from an axis without elements.
void must_have_places(const Dim& extent, const Shape& places, std::int64_t axis) {
  assume(extent, Relation::at_least, Dim::min(volume(places), Dim(1)),
         fmt::format("every index is out of bounds for axis {} with size 0", axis));
}

void check_index_dtype(const Value& index) {
  if (!is_integer(index.dtype()))
    throw UserError(fmt::format("indices must be integers, not {}", name(index.dtype())));
}

void must_have_elements(const Shape& shape, const Integers& axes, const Dim& least) {
  for (const std::int64_t axis : axes) {
    const Dim& extent = shape[static_cast<std::size_t>(axis)];
    assume(extent, Relation::at_least, least,
           fmt::format("axis {} is empty, and this reduction has no identity", axis));
  }
}

// Shape of x with axes [axis, axis + count) replaced by the shape of the index arrays.
Shape indexed_shape(const Value& x, std::int64_t axis, Operands indices) {
  const auto count = static_cast<std::int64_t>(indices.size());
  if (axis < 0 || count < 1 || axis + count > x.rank())
    throw UserError(
        fmt::format("{} index arrays at axis {} do not fit rank {}", count, axis, x.rank()));
  Shape places = indices[0].shape();
  for (const Value& index : indices) {
    check_index_dtype(index);
    if (index.rank() != static_cast<int>(places.size()))
      throw UserError("index arrays must have one shape");
    for (std::size_t i = 0; i < places.size(); ++i)
      places[i] = unify(places[i], index.shape()[i], "index arrays must have one shape");
  }
  for (std::int64_t i = axis; i < axis + count; ++i)
    must_have_places(x.shape()[static_cast<std::size_t>(i)], places, i);
  Shape out(x.shape().begin(), x.shape().begin() + axis);
  out.insert(out.end(), places.begin(), places.end());
  out.insert(out.end(), x.shape().begin() + axis + count, x.shape().end());
  return out;
}

}  // namespace

Dim unify(const Dim& a, const Dim& b, const std::string& message) {
  if (a == b) return a;
  const Dim difference = a - b;
  if (difference.is_constant()) throw UserError(message);
  assume(a, Relation::equal, b, "");
  return b.is_constant() ? b : a;
}

Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view what) {
  const std::size_t rank = std::max(a.size(), b.size());
  Shape out(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const Dim x = i + a.size() < rank ? Dim(1) : a[i + a.size() - rank];
    const Dim y = i + b.size() < rank ? Dim(1) : b[i + b.size() - rank];
    if (x.is(1))
      out[i] = y;
    else if (y.is(1))
      out[i] = x;
    else
      out[i] = unify(x, y,
                     fmt::format("{}: shapes [{}] and [{}] do not broadcast, {} and {} on axis {}",
                                 what, text(a), text(b), x.text(), y.text(),
                                 static_cast<int>(i) - static_cast<int>(rank)));
  }
  return out;
}

Types infer_elementwise(Op op, Operands operands) {
  const OpInfo& row = info(op);
  check_operand_count(op, operands.size());
  const std::size_t first = op == Op::where ? 1 : 0;
  if (op == Op::where && operands[0].dtype() != DType::boolean)
    throw UserError(
        fmt::format("where: the condition must be bool, not {}", name(operands[0].dtype())));
  const DType dtype = operands[first].dtype();
  Shape shape = operands[first].shape();
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (i >= first && operands[i].dtype() != dtype)
      throw UserError(fmt::format("{}: operands have dtypes {} and {}", row.name, name(dtype),
                                  name(operands[i].dtype())));
    if (operands[i].rank() != static_cast<int>(shape.size()))
      throw UserError(fmt::format("{}: operands have shapes [{}] and [{}]", row.name, text(shape),
                                  text(operands[i].shape())));
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      shape[axis] = unify(shape[axis], operands[i].shape()[axis],
                          fmt::format("{}: operands have shapes [{}] and [{}]", row.name,
                                      text(shape), text(operands[i].shape())));
  }
  if (!in_domain(row.domain, dtype))
    throw UserError(
        fmt::format("{} is defined on {}, not on {}", row.name, text(row.domain), name(dtype)));
  return {tensor(row.result == ResultDType::boolean ? DType::boolean : dtype, std::move(shape))};
}

Types infer_constant(Operands, Attributes attributes) {
  const auto& literal = get<Literal>(attributes, 0);
  const auto& shape = get<Shape>(attributes, 1);
  if (!literal.is_scalar()) {
    CROTON_CHECK(shape.size() == literal.shape().size(), "a literal's shape and its constant's");
    for (std::size_t i = 0; i < shape.size(); ++i)
      CROTON_CHECK(shape[i].is(literal.shape()[i]), "a literal's shape and its constant's");
  }
  check_extents(shape);
  return {tensor(literal.dtype(), shape)};
}

Types infer_iota(Operands, Attributes attributes) {
  const auto& shape = get<Shape>(attributes, 1);
  const auto axis = get<std::int64_t>(attributes, 2);
  if (axis < 0 || axis >= static_cast<std::int64_t>(shape.size()))
    throw UserError(fmt::format("iota: axis {} of a shape of rank {}", axis, shape.size()));
  check_extents(shape);
  return {tensor(get<DType>(attributes, 0), shape)};
}

Types infer_dim(Operands, Attributes attributes) {
  CROTON_CHECK(get<Shape>(attributes, 0).size() == 1, "dim holds one dim");
  return {tensor(DType::i64)};
}

Types infer_cast(Operands operands, Attributes attributes) {
  const DType to = get<DType>(attributes, 0);
  if (!is_supported(to))
    throw UserError(fmt::format("cast: operations on {} are not supported", name(to)));
  return {tensor(to, operands[0].shape())};
}

Types infer_reshape(Operands operands, Attributes attributes) {
  const auto& shape = get<Shape>(attributes, 0);
  check_extents(shape);
  (void)unify(volume(operands[0].shape()), volume(shape),
              fmt::format("reshape: [{}] has {} elements, [{}] has {}", text(operands[0].shape()),
                          volume(operands[0].shape()).text(), text(shape), volume(shape).text()));
  return {tensor(operands[0].dtype(), shape)};
}

Types infer_transpose(Operands operands, Attributes attributes) {
  const auto& permutation = get<Integers>(attributes, 0);
  Integers sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  bool legal = static_cast<int>(permutation.size()) == operands[0].rank();
  for (std::size_t i = 0; legal && i < sorted.size(); ++i)
    legal = sorted[i] == static_cast<std::int64_t>(i);
  if (!legal)
    throw UserError(fmt::format("transpose: [{}] is no permutation of the {} axes",
                                fmt::join(permutation, ", "), operands[0].rank()));
  Shape shape;
  for (const std::int64_t axis : permutation)
    shape.push_back(operands[0].shape()[static_cast<std::size_t>(axis)]);
  return {tensor(operands[0].dtype(), std::move(shape))};
}

Types infer_broadcast(Operands operands, Attributes attributes) {
  const auto& shape = get<Shape>(attributes, 0);
  const auto& axes = get<Integers>(attributes, 1);
  const Shape& from = operands[0].shape();
  check_extents(shape);
  CROTON_CHECK(axes.size() == from.size(), "broadcast: one result axis per operand axis");
  check_axes(axes, static_cast<int>(shape.size()));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (from[i].is(1)) continue;
    (void)unify(from[i], shape[static_cast<std::size_t>(axes[i])],
                fmt::format("cannot broadcast [{}] to [{}]", text(from), text(shape)));
  }
  return {tensor(operands[0].dtype(), shape)};
}

Types infer_slice(Operands operands, Attributes attributes) {
  const auto& sizes = get<Shape>(attributes, 1);
  check_slice(get<Shape>(attributes, 0), sizes, get<Integers>(attributes, 2), operands[0].shape());
  return {tensor(operands[0].dtype(), sizes)};
}

Types infer_concatenate(Operands operands, Attributes attributes) {
  const auto axis = static_cast<std::size_t>(get<std::int64_t>(attributes, 0));
  Shape shape = operands[0].shape();
  if (axis >= shape.size())
    throw UserError(fmt::format("concatenate: axis {} of rank {}", axis, shape.size()));
  for (std::size_t k = 1; k < operands.size(); ++k) {
    const Shape& other = operands[k].shape();
    if (other.size() != shape.size() || operands[k].dtype() != operands[0].dtype())
      throw UserError("concatenate: operands must have one dtype and one rank");
    for (std::size_t i = 0; i < shape.size(); ++i)
      shape[i] = i == axis ? shape[i] + other[i]
                           : unify(shape[i], other[i],
                                   fmt::format("concatenate: extents {} and {} on axis {}",
                                               shape[i].text(), other[i].text(), i));
  }
  return {tensor(operands[0].dtype(), std::move(shape))};
}

Types infer_set_slice(Operands operands, Attributes attributes) {
  if (operands[1].dtype() != operands[0].dtype())
    throw UserError(fmt::format("the slice of an array of {} cannot hold {}",
                                name(operands[0].dtype()), name(operands[1].dtype())));
  check_slice(get<Shape>(attributes, 0), operands[1].shape(), get<Integers>(attributes, 1),
              operands[0].shape());
  return {operands[0].type()};
}

Types infer_gather(Operands operands, Attributes attributes) {
  return {tensor(operands[0].dtype(), indexed_shape(operands[0], get<std::int64_t>(attributes, 0),
                                                    operands.subspan(1)))};
}

Types infer_scatter(Operands operands, Attributes attributes) {
  const Shape expected =
      indexed_shape(operands[0], get<std::int64_t>(attributes, 0), operands.subspan(2));
  const Shape& given = operands[1].shape();
  const std::string message = fmt::format("update has shape [{}], the gathered places have [{}]",
                                          text(given), text(expected));
  if (given.size() != expected.size()) throw UserError(message);
  for (std::size_t i = 0; i < given.size(); ++i) (void)unify(given[i], expected[i], message);
  if (operands[1].dtype() != operands[0].dtype())
    throw UserError(fmt::format("update has dtype {}, the array {}", name(operands[1].dtype()),
                                name(operands[0].dtype())));
  return {operands[0].type()};
}

Types infer_reduce(Operands operands, Attributes attributes) {
  const auto& axes = get<Integers>(attributes, 0);
  check_axes(axes, operands[0].rank());
  return {tensor(operands[0].dtype(), without_axes(operands[0].shape(), axes))};
}

// The largest of nothing is nothing: NumPy's rule, by which a result without elements is allowed.
Types infer_reduce_nonempty(Operands operands, Attributes attributes) {
  Types types = infer_reduce(operands, attributes);
  must_have_elements(operands[0].shape(), get<Integers>(attributes, 0),
                     Dim::min(volume(types[0].shape), Dim(1)));
  return types;
}

Types infer_argument(Operands operands, Attributes attributes) {
  Types types = infer_reduce(operands, attributes);
  must_have_elements(operands[0].shape(), get<Integers>(attributes, 0), Dim(1));
  types[0].dtype = DType::i64;
  return types;
}

Types infer_cumsum(Operands operands, Attributes attributes) {
  check_axes({get<std::int64_t>(attributes, 0)}, operands[0].rank());
  return {operands[0].type()};
}

Types infer_contract(Operands operands, Attributes attributes) {
  const auto &a = get<Integers>(attributes, 0), &b = get<Integers>(attributes, 1),
             &out = get<Integers>(attributes, 2);
  CROTON_CHECK(static_cast<int>(a.size()) == operands[0].rank() &&
                   static_cast<int>(b.size()) == operands[1].rank(),
               "contract: one label per axis");
  if (operands[0].dtype() != operands[1].dtype())
    throw UserError(fmt::format("contract: operands have dtypes {} and {}",
                                name(operands[0].dtype()), name(operands[1].dtype())));
  std::map<std::int64_t, Dim> extents;
  for (int side = 0; side < 2; ++side)
    for (std::size_t i = 0; i < (side == 0 ? a : b).size(); ++i) {
      const std::int64_t label = (side == 0 ? a : b)[i];
      const Dim& extent = operands[static_cast<std::size_t>(side)].shape()[i];
      const auto [it, fresh] = extents.emplace(label, extent);
      if (!fresh)
        it->second = unify(
            it->second, extent,
            fmt::format("inner dimensions differ, {} and {}", it->second.text(), extent.text()));
    }
  Shape shape;
  for (const std::int64_t label : out) {
    CROTON_CHECK(extents.contains(label), "contract: every label of the result is an operand's");
    shape.push_back(extents.at(label));
  }
  return {tensor(operands[0].dtype(), std::move(shape))};
}

Types infer_call(Operands operands, Attributes attributes) {
  const Composition& composition = composition_named(get<std::string>(attributes, 0));
  return {composition.infer(operands, get<NamedAttributes>(attributes, 1))};
}

}  // namespace croton::ir
