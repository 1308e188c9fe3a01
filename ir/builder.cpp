#include "ir/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ir/infer.hpp"

namespace croton::ir {
namespace {

Integers trailing_axes(std::size_t operand_rank, std::size_t rank) {
  Integers axes(operand_rank);
  std::iota(axes.begin(), axes.end(), static_cast<std::int64_t>(rank - operand_rank));
  return axes;
}

DType common_dtype(const OpInfo& row, std::span<const Operand> operands) {
  std::optional<DType> dtype;
  for (const Operand& operand : operands)
    if (!operand.is_literal())
      dtype = dtype ? promote(*dtype, operand.value().dtype()) : operand.value().dtype();
  for (const Operand& operand : operands) {
    if (!operand.is_literal()) continue;
    dtype = dtype ? promote_weak(*dtype, operand.literal_kind()) : operand.own_dtype();
  }
  if (row.promotion == Promotion::inexact) return inexact(*dtype);
  if (row.promotion == Promotion::quotient) return is_real(*dtype) ? *dtype : DType::f64;
  if (row.promotion == Promotion::numeric && *dtype == DType::boolean) return DType::i8;
  if (row.promotion == Promotion::logical) return DType::boolean;
  return *dtype;
}

Value promoted(const Operand& operand, DType dtype, const Shape& shape) {
  if (operand.is_literal()) return splat(operand.as(dtype), shape);
  return broadcast_to(cast(operand.value(), dtype), shape);
}

bool is_comparison(Op op) {
  const OpInfo& row = info(op);
  return row.result == ResultDType::boolean && row.promotion != Promotion::logical &&
         row.arity == 2;
}

// A signed integer is compared with a u64 by their values, as NumPy 2 does: their common dtype is
// f64, which does not hold them. What is negative is less than any u64.
std::optional<Value> of_both_signs(Op op, std::span<const Operand> operands) {
  if (!is_comparison(op) || operands[0].is_literal() || operands[1].is_literal())
    return std::nullopt;
  const std::size_t at = is_signed_integer(operands[0].value().dtype()) ? 0 : 1;
  const Value number = operands[at].value(), other = operands[1 - at].value();
  if (!is_signed_integer(number.dtype()) || other.dtype() != DType::u64) return std::nullopt;
  std::vector<Operand> sides(2, Operand(other));
  sides[at] = Operand(cast(number, DType::u64));
  const Value of_naturals = apply(op, std::span<const Operand>(sides));
  const Value is_negative = apply(Op::lt, {Operand(number), Operand(0)});
  const bool holds =
      op == Op::neq || (at == 0 ? op == Op::lt || op == Op::le : op == Op::gt || op == Op::ge);
  return holds ? apply(Op::logical_or, {is_negative, of_naturals})
               : apply(Op::logical_and, {apply(Op::logical_not, {is_negative}), of_naturals});
}

// An integer is compared with a literal that its dtype does not have by their order alone: as f64,
// with a number beyond every integer on the literal's side.
std::optional<Value> beyond_range(Op op, std::span<const Operand> operands) {
  if (!is_comparison(op)) return std::nullopt;
  const std::size_t literal = operands[0].is_literal() ? 0 : 1;
  const Operand &number = operands[literal], &other = operands[1 - literal];
  if (!number.is_literal() || other.is_literal() || number.literal_kind() != DTypeKind::integer ||
      number.fits(other.value().dtype()))
    return std::nullopt;
  constexpr double kBeyond = 0x1p80;
  std::vector<Value> sides(2);
  sides[literal] =
      full(DType::f64, other.value().shape(), number.is_negative() ? -kBeyond : kBeyond);
  sides[1 - literal] = cast(other.value(), DType::f64);
  return make(op, std::move(sides));
}

bool covers_no_axis(const Integers& axes) { return axes.empty(); }

}  // namespace

bool Operand::fits(DType dtype) const {
  if (!is_integer(dtype)) return true;
  if (is_beyond_) return dtype == DType::u64;
  return with_type(dtype, [&](auto zero) {
    return static_cast<std::int64_t>(static_cast<decltype(zero)>(integer_)) == integer_ &&
           (integer_ >= 0 || is_signed_integer(dtype));
  });
}

Literal Operand::as(DType dtype) const {
  if (literal_ == DTypeKind::real) return Literal::scalar_of(dtype, real_);
  const auto beyond = static_cast<std::uint64_t>(integer_);
  if (!fits(dtype))
    throw UserError(fmt::format("the literal {} does not fit {}",
                                is_beyond_ ? std::to_string(beyond) : std::to_string(integer_),
                                name(dtype)));
  if (is_beyond_ && is_real(dtype)) return Literal::scalar_of(dtype, static_cast<double>(beyond));
  return Literal::scalar_of(dtype, integer_);
}

DType Operand::own_dtype() const {
  if (literal_ == DTypeKind::real) return DType::f64;
  if (is_beyond_) return DType::u64;
  return literal_ == DTypeKind::integer ? DType::i64 : DType::boolean;
}

NodePtr make_node(Op op, std::vector<Value> operands, std::vector<Attribute> attributes) {
  const OpInfo& row = info(op);
  CROTON_CHECK(attributes.size() == row.attributes.size(),
               fmt::format("{} has {} attributes", row.name, row.attributes.size()));
  check_operand_count(op, operands.size());
  Types types = row.infer ? row.infer(operands, attributes) : infer_elementwise(op, operands);
  return intern(op, std::move(operands), std::move(attributes), std::move(types));
}

NodePtr with_operands(const NodePtr& node, std::vector<Value> operands) {
  if (operands == node->operands) return node;
  NodePtr made = make_node(node->op, std::move(operands), node->attributes);
  made->inherit(*node);
  return made;
}

Value apply(Op op, std::initializer_list<Operand> operands) {
  return apply(op, std::span<const Operand>(operands.begin(), operands.size()));
}

Value apply(Op op, std::span<const Operand> operands) {
  const OpInfo& row = info(op);
  CROTON_CHECK(is_elementwise(op) && !row.infer, "apply is for elementwise ops");
  if (std::optional<Value> answer = beyond_range(op, operands)) return *answer;
  if (std::optional<Value> answer = of_both_signs(op, operands)) return *answer;
  Shape shape;
  bool first = true;
  for (const Operand& operand : operands) {
    if (operand.is_literal()) continue;
    shape = first ? operand.value().shape()
                  : broadcast_shapes(shape, operand.value().shape(), row.name);
    first = false;
  }
  const std::size_t condition = op == Op::where ? 1 : 0;
  const DType dtype = common_dtype(row, operands.subspan(condition));
  std::vector<Value> values;
  for (std::size_t i = 0; i < operands.size(); ++i)
    values.push_back(promoted(operands[i], i < condition ? DType::boolean : dtype, shape));
  return make(op, std::move(values));
}

Value input(const std::string& name, Type type) {
  return {intern(Op::input, {}, {Attribute(name)}, {std::move(type)}), 0};
}

Value shared(const std::string& name, Type type, std::shared_ptr<void> payload) {
  NodePtr node =
      intern(Op::shared, {}, {Attribute(name)}, {std::move(type)}, {}, std::move(payload));
  node->add_label(name);
  return {std::move(node), 0};
}

Value constant(Literal value) {
  Shape shape(value.shape().begin(), value.shape().end());
  return make(Op::constant, {}, {std::move(value), std::move(shape)});
}

Value splat(Literal scalar, Shape shape) {
  CROTON_CHECK(scalar.is_scalar(), "a splat repeats one element");
  return make(Op::constant, {}, {std::move(scalar), std::move(shape)});
}

Value full(DType dtype, Shape shape, double value) {
  return splat(Literal::scalar_of(dtype, value), std::move(shape));
}

Value full_like(const Value& like, double value) { return full(like.dtype(), like.shape(), value); }

Value zeros_of(const Value& like) { return full_like(like, 0.0); }

Value iota(DType dtype, Shape shape, std::int64_t axis) {
  return make(Op::iota, {}, {dtype, std::move(shape), axis});
}

Value dim(const Dim& value) {
  if (value.is_constant()) return constant(Literal::scalar(*value.constant()));
  return make(Op::dim, {}, {Shape{value}});
}

std::optional<Literal> splat_value(const Value& value) {
  if (value.op() != Op::constant) return std::nullopt;
  const auto& literal = value.node->attribute<Literal>("value");
  if (!literal.is_scalar()) return std::nullopt;
  return literal;
}

Value cast(const Value& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return make(Op::cast, {x}, {dtype});
}

Value reshape(const Value& x, Shape shape) {
  if (x.shape() == shape) return x;
  return make(Op::reshape, {x}, {std::move(shape)});
}

Value transpose(const Value& x, Integers permutation) {
  if (std::is_sorted(permutation.begin(), permutation.end()) &&
      static_cast<int>(permutation.size()) == x.rank())
    return x;
  return make(Op::transpose, {x}, {std::move(permutation)});
}

Value broadcast(const Value& x, Shape shape, Integers axes) {
  if (x.shape() == shape) return x;
  if (const std::optional<Literal> scalar = splat_value(x)) return splat(*scalar, std::move(shape));
  return make(Op::broadcast, {x}, {std::move(shape), std::move(axes)});
}

Value broadcast_to(const Value& x, const Shape& shape) {
  if (static_cast<int>(shape.size()) < x.rank())
    throw UserError(fmt::format("cannot broadcast [{}] to [{}]", text(x.shape()), text(shape)));
  return broadcast(x, shape, trailing_axes(x.shape().size(), shape.size()));
}

Value expand_dims(const Value& x, const Integers& result_axes) {
  const std::size_t rank = x.shape().size() + result_axes.size();
  Shape shape;
  std::size_t next = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    const bool fresh = std::find(result_axes.begin(), result_axes.end(),
                                 static_cast<std::int64_t>(i)) != result_axes.end();
    shape.push_back(fresh ? Dim(1) : x.shape()[next++]);
  }
  return reshape(x, std::move(shape));
}

Value slice_of(const Value& x, Shape starts, Shape sizes, Integers steps) {
  const bool all_zero = std::all_of(starts.begin(), starts.end(), [](auto& d) { return d.is(0); });
  const bool all_one = std::all_of(steps.begin(), steps.end(), [](auto s) { return s == 1; });
  if (all_zero && all_one && sizes == x.shape()) return x;
  return make(Op::slice, {x}, {std::move(starts), std::move(sizes), std::move(steps)});
}

Value concatenate(std::vector<Value> values, std::int64_t axis) {
  if (values.size() == 1) return values[0];
  return make(Op::concatenate, std::move(values), {axis});
}

Integers inverse_permutation(const Integers& permutation) {
  Integers inverse(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i)
    inverse[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  return inverse;
}

Value set_slice(const Value& x, const Value& update, Shape starts, Integers steps) {
  return make(Op::set_slice, {x, update}, {std::move(starts), std::move(steps)});
}

Value add_slice(const Value& x, const Value& update, Shape starts, Integers steps) {
  return make(Op::add_slice, {x, update}, {std::move(starts), std::move(steps)});
}

Value gather(const Value& x, std::int64_t axis, std::span<const Value> indices) {
  std::vector<Value> operands{x};
  operands.insert(operands.end(), indices.begin(), indices.end());
  return make(Op::gather, std::move(operands), {axis});
}

Value scatter(Op op, const Value& x, const Value& update, std::int64_t axis,
              std::span<const Value> indices) {
  std::vector<Value> operands{x, update};
  operands.insert(operands.end(), indices.begin(), indices.end());
  return make(op, std::move(operands), {axis});
}

Value reduce(Op op, const Value& x, Integers axes) {
  if (covers_no_axis(axes) && !is_positional(op)) return x;
  return make(op, {x}, {std::move(axes)});
}

Value sum(const Value& x, Integers axes) {
  return reduce(Op::sum, cast(x, sum_dtype(x.dtype())), std::move(axes));
}

Value cumsum(const Value& x, std::int64_t axis, bool reverse) {
  return make(Op::cumsum, {x}, {axis, reverse});
}

Value contract(const Value& a, const Value& b, Integers a_labels, Integers b_labels,
               Integers out_labels) {
  return make(Op::contract, {a, b},
              {std::move(a_labels), std::move(b_labels), std::move(out_labels)});
}

Value contract_promoted(const Value& a, const Value& b, Integers a_labels, Integers b_labels,
                        Integers out_labels) {
  const DType dtype = promote(a.dtype(), b.dtype());
  if (dtype != DType::boolean)
    return contract(cast(a, dtype), cast(b, dtype), std::move(a_labels), std::move(b_labels),
                    std::move(out_labels));
  // Or of ands: how many pairs are both true, and whether there is any.
  const Value count = contract(cast(a, DType::i64), cast(b, DType::i64), std::move(a_labels),
                               std::move(b_labels), std::move(out_labels));
  return cast(count, DType::boolean);
}

Value matmul(const Value& a, const Value& b) {
  if (a.rank() == 0 || b.rank() == 0)
    throw UserError("matmul: operands must have at least one axis; use * for scalars");
  const Value &x = a, &y = b;
  // Labels: 0 rows, 1 columns, 2 the inner axis, 3… batch axes counted from the right.
  const std::size_t x_batch = x.rank() < 2 ? 0 : x.shape().size() - 2;
  const std::size_t y_batch = y.rank() < 2 ? 0 : y.shape().size() - 2;
  const std::size_t batch = std::max(x_batch, y_batch);
  Integers x_labels, y_labels, out;
  Shape x_kept, y_kept;
  for (std::size_t i = 0; i < batch; ++i) {
    const auto label = static_cast<std::int64_t>(2 + batch - i);
    const Dim* x_extent = i + x_batch < batch ? nullptr : &x.shape()[i + x_batch - batch];
    const Dim* y_extent = i + y_batch < batch ? nullptr : &y.shape()[i + y_batch - batch];
    // An extent of 1 beside another extent repeats: that operand loses the axis.
    const bool x_repeats = x_extent && x_extent->is(1) && y_extent && !y_extent->is(1);
    const bool y_repeats = y_extent && y_extent->is(1) && x_extent && !x_extent->is(1);
    if (x_extent && !x_repeats) x_labels.push_back(label), x_kept.push_back(*x_extent);
    if (y_extent && !y_repeats) y_labels.push_back(label), y_kept.push_back(*y_extent);
    out.push_back(label);
  }
  if (x.rank() >= 2) {
    x_labels.push_back(0);
    out.push_back(0);
    x_kept.push_back(x.shape()[x.shape().size() - 2]);
  }
  x_labels.push_back(2);
  x_kept.push_back(x.shape().back());
  y_labels.push_back(2);
  y_kept.push_back(y.shape()[y.rank() >= 2 ? y.shape().size() - 2 : 0]);
  if (y.rank() >= 2) {
    y_labels.push_back(1);
    out.push_back(1);
    y_kept.push_back(y.shape().back());
  }
  try {
    return contract_promoted(reshape(x, std::move(x_kept)), reshape(y, std::move(y_kept)),
                             std::move(x_labels), std::move(y_labels), std::move(out));
  } catch (const UserError& error) {
    throw UserError("matmul: " + error.message());
  }
}

Value restore_axes(const Value& x, const Shape& shape, const Integers& axes) {
  Integers kept;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(shape.size()); ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) kept.push_back(i);
  return broadcast(x, shape, std::move(kept));
}

Value unbroadcast(const Value& x, const Shape& shape, const Integers& axes) {
  Integers repeated;
  for (std::int64_t i = 0; i < x.rank(); ++i) {
    const auto it = std::find(axes.begin(), axes.end(), i);
    const bool from_one = it != axes.end() &&
                          shape[static_cast<std::size_t>(it - axes.begin())].is(1) &&
                          !x.shape()[static_cast<std::size_t>(i)].is(1);
    if (it == axes.end() || from_one) repeated.push_back(i);
  }
  return reshape(reduce(Op::sum, x, std::move(repeated)), shape);
}

}  // namespace croton::ir
