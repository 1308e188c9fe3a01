#include "ir/functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "ir/composition.hpp"
#include "ir/spelling.hpp"

namespace croton::ir {

/// What a function is given by name. Reading an attribute marks it as known.
class Arguments {
 public:
  explicit Arguments(NamedAttributes given) : given_(std::move(given)) {}

  template <class T>
  [[nodiscard]] const T* find(std::string_view name) const {
    const Attribute* a = attribute(name);
    if (a == nullptr) return nullptr;
    const T* found = std::get_if<T>(&a->value);
    if (found == nullptr) throw UserError(fmt::format("attribute {} has another kind", name));
    return found;
  }
  template <class T>
  [[nodiscard]] T get(std::string_view name) const {
    const T* found = find<T>(name);
    if (found == nullptr) throw UserError(fmt::format("the attribute {} is missing", name));
    return *found;
  }
  template <class T>
  [[nodiscard]] T get(std::string_view name, T otherwise) const {
    const T* found = find<T>(name);
    return found != nullptr ? *found : otherwise;
  }
  [[nodiscard]] std::optional<Integers> integers(std::string_view name) const {
    const Attribute* a = attribute(name);
    if (a == nullptr || kind(*a) == AttributeKind::none) return std::nullopt;
    if (const auto* one = std::get_if<std::int64_t>(&a->value)) return Integers{*one};
    if (const auto* many = std::get_if<Integers>(&a->value)) return *many;
    throw UserError(fmt::format("attribute {} has another kind", name));
  }
  [[nodiscard]] std::optional<Shape> dims(std::string_view name) const {
    if (const Attribute* a = attribute(name))
      if (const auto* shape = std::get_if<Shape>(&a->value)) return *shape;
    const std::optional<Integers> numbers = integers(name);
    if (!numbers) return std::nullopt;
    return Shape(numbers->begin(), numbers->end());
  }
  [[nodiscard]] Shape shape(std::string_view name) const {
    std::optional<Shape> found = dims(name);
    if (!found) throw UserError(fmt::format("the attribute {} is missing", name));
    return *found;
  }
  [[nodiscard]] std::optional<Dim> dim(std::string_view name) const {
    const std::optional<Shape> found = dims(name);
    if (found && found->size() != 1) throw UserError(fmt::format("{} is one dim", name));
    return found ? std::optional(found->front()) : std::nullopt;
  }
  /// The attributes that nothing has read.
  [[nodiscard]] std::vector<std::string> unread() const {
    std::vector<std::string> out;
    for (const auto& [name, value] : given_)
      if (!read_.contains(name)) out.push_back(name);
    return out;
  }

 private:
  [[nodiscard]] const Attribute* attribute(std::string_view name) const {
    read_.insert(std::string(name));
    for (const auto& [key, value] : given_)
      if (key == name) return &value;
    return nullptr;
  }
  NamedAttributes given_;
  mutable std::set<std::string> read_;
};

std::int64_t resolve_axis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    throw UserError(fmt::format("axis {} is out of range for rank {}", axis, rank));
  return axis < 0 ? axis + rank : axis;
}

Integers resolve_axes(Integers axes, int rank) {
  for (std::int64_t& axis : axes) axis = resolve_axis(axis, rank);
  std::sort(axes.begin(), axes.end());
  const auto twice = std::adjacent_find(axes.begin(), axes.end());
  if (twice != axes.end()) throw UserError(fmt::format("axis {} is given twice", *twice));
  return axes;
}

Integers every_axis(int rank) {
  Integers axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

Value arange(const Dim& start, const Dim& stop, std::int64_t step, DType dtype) {
  if (step == 0) throw UserError("the step of arange is 0");
  const Dim length = step > 0 ? stop - start : start - stop;
  const std::int64_t stride = step > 0 ? step : -step;
  const Dim count = Dim::floordiv(Dim::max(length, Dim(0)) + Dim(stride - 1), Dim(stride));
  if (start.is(0) && step == 1) return iota(dtype, {count}, 0);
  const Value numbers = iota(DType::i64, {count}, 0);
  return cast(numbers * step + broadcast_to(dim(start), {count}), dtype);
}

Value eye(const Dim& rows, const Dim& columns, std::int64_t offset, DType dtype) {
  const Shape shape{rows, columns};
  const Value row = iota(DType::i64, shape, 0), column = iota(DType::i64, shape, 1);
  return cast(eq(offset == 0 ? row : row + offset, column), dtype);
}

Value one_hot(const Value& labels, const Dim& classes, DType dtype) {
  if (!is_integer(labels.dtype()))
    throw UserError(fmt::format("labels must be integers, not {}", name(labels.dtype())));
  Shape shape = labels.shape();
  shape.push_back(classes);
  const Value spread = expand_dims(cast(labels, DType::i64), {labels.rank()});
  return cast(eq(spread, iota(DType::i64, shape, labels.rank())), dtype);
}

Value ravel(const Value& x) { return reshape(x, {volume(x.shape())}); }

Value reshape_filled(const Value& x, Shape shape) {
  const auto is_open = [](const Dim& d) { return d.is(-1); };
  const auto open = std::find_if(shape.begin(), shape.end(), is_open);
  if (open != shape.end()) {
    *open = Dim(1);
    const Dim known = volume(shape), total = volume(x.shape());
    if (std::any_of(shape.begin(), shape.end(), is_open))
      throw UserError("only one extent may be -1");
    if (known.is_constant() && total.is_constant() &&
        (known.is(0) || *total.constant() % *known.constant() != 0))
      throw UserError(
          fmt::format("{} elements do not fill rows of {}", total.text(), known.text()));
    *open = known == total ? Dim(1) : Dim::floordiv(total, known);
  }
  return reshape(x, std::move(shape));
}

Value squeeze(const Value& x, const Integers* axes) {
  Shape shape;
  for (std::int64_t i = 0; i < x.rank(); ++i) {
    const Dim& extent = x.shape()[static_cast<std::size_t>(i)];
    const bool asked = axes == nullptr || std::find(axes->begin(), axes->end(), i) != axes->end();
    if (asked && extent.is(1)) continue;
    if (asked && axes != nullptr)
      throw UserError(fmt::format("axis {} has extent {}, not 1", i, extent.text()));
    shape.push_back(extent);
  }
  return reshape(x, std::move(shape));
}

Value concatenate_promoted(std::vector<Value> parts, std::int64_t axis) {
  if (parts.empty()) throw UserError("there is nothing to concatenate");
  DType dtype = parts[0].dtype();
  for (const Value& part : parts) dtype = promote(dtype, part.dtype());
  for (Value& part : parts) part = cast(part, dtype);
  axis = resolve_axis(axis, parts[0].rank());
  return concatenate(std::move(parts), axis);
}

Value stack(std::vector<Value> parts, std::int64_t axis) {
  if (parts.empty()) throw UserError("there is nothing to stack");
  axis = resolve_axis(axis, parts[0].rank() + 1);
  for (Value& part : parts) part = expand_dims(part, {axis});
  return concatenate_promoted(std::move(parts), axis);
}

Value split(const Value& x, std::int64_t parts, std::int64_t part, std::int64_t axis) {
  const auto at = static_cast<std::size_t>(resolve_axis(axis, x.rank()));
  const Dim& extent = x.shape()[at];
  if (parts < 1 || !extent.is_constant() || *extent.constant() % parts != 0)
    throw UserError(fmt::format("axis {} of extent {} does not split into {} equal parts", axis,
                                extent.text(), parts));
  if (part < 0 || part >= parts)
    throw UserError(fmt::format("there is no part {} of {}", part, parts));
  Shape starts(x.shape().size(), Dim(0)), sizes = x.shape();
  sizes[at] = Dim(*extent.constant() / parts);
  starts[at] = Dim(part) * sizes[at];
  Integers steps(starts.size(), 1);
  return slice_of(x, std::move(starts), std::move(sizes), std::move(steps));
}

Value flip(const Value& x, const Integers& axes) {
  Shape starts(x.shape().size(), Dim(0));
  Integers steps(starts.size(), 1);
  for (const std::int64_t axis : axes) {
    const auto i = static_cast<std::size_t>(axis);
    starts[i] = x.shape()[i] - Dim(1);
    steps[i] = -1;
  }
  return slice_of(x, std::move(starts), x.shape(), std::move(steps));
}

Value clip(const Operand& x, const Operand& low, const Operand& high) {
  return minimum(maximum(x, low), high);
}

Value dot(const Operand& a, const Operand& b) {
  const auto is_scalar = [](const Operand& x) { return x.is_literal() || x.value().rank() == 0; };
  if (is_scalar(a) || is_scalar(b)) return mul(a, b);
  const Value &x = a.value(), &y = b.value();
  if (x.rank() <= 2 && y.rank() <= 2) return matmul(x, y);
  constexpr std::int64_t columns = 100;  // labels of y's axes, above those of x's
  Integers xs, ys, out;
  for (std::int64_t i = 0; i + 1 < x.rank(); ++i) xs.push_back(i + 1), out.push_back(i + 1);
  xs.push_back(0);
  for (std::int64_t i = 0; i < y.rank(); ++i) {
    const bool inner = y.rank() == 1 || i == y.rank() - 2;
    ys.push_back(inner ? 0 : columns + i);
    if (!inner) out.push_back(columns + i);
  }
  return contract_promoted(x, y, std::move(xs), std::move(ys), std::move(out));
}

Value reduce_promoted(Op op, const Value& x, Integers axes) {
  if (op == Op::sum || op == Op::prod)
    return reduce(op, cast(x, sum_dtype(x.dtype())), std::move(axes));
  if (info(op).promotion == Promotion::logical)
    return reduce(op, cast(x, DType::boolean), std::move(axes));
  return reduce(op, x, std::move(axes));
}

Value cumsum_promoted(const Value& x, std::int64_t axis, bool reverse) {
  return cumsum(cast(x, sum_dtype(x.dtype())), axis, reverse);
}

Value keep_axes(const Value& reduced, const Shape& shape, const Integers& axes) {
  Shape kept = shape;
  for (const std::int64_t axis : axes) kept[static_cast<std::size_t>(axis)] = Dim(1);
  return reshape(reduced, std::move(kept));
}

namespace {

using Operands = std::span<const Value>;

Integers axes_of(const Arguments& a, int rank) {
  const std::optional<Integers> given = a.integers("axes");
  return given ? resolve_axes(*given, rank) : every_axis(rank);
}

DType dtype_of(const Arguments& a, DType otherwise) { return a.get<DType>("dtype", otherwise); }

// clang-format off
constexpr std::array kFunctions = {
  Function{"arange", "arange(; start = 0, stop, step = 1, dtype = i64)",
    "start, start + step, ..., before stop.", 0,
    [](Operands, const Arguments& a) {
      return arange(a.dim("start").value_or(Dim(0)), a.shape("stop").at(0),
                    a.get<std::int64_t>("step", 1), dtype_of(a, DType::i64)); }},
  Function{"broadcast_to", "broadcast_to(x; shape)", "x repeated along new axes and axes of extent 1.", 1,
    [](Operands o, const Arguments& a) { return broadcast_to(o[0], a.shape("shape")); }},
  Function{"clip", "clip(x, low, high)", "minimum(maximum(x, low), high).", 3,
    [](Operands o, const Arguments&) { return clip(o[0], o[1], o[2]); }},
  Function{"dot", "dot(a, b)", "NumPy's dot: a's last axis with b's second to last; scalars multiply.", 2,
    [](Operands o, const Arguments&) { return dot(o[0], o[1]); }},
  Function{"expand_dims", "expand_dims(x; axes)", "New axes of extent 1 at these positions of the result.", 1,
    [](Operands o, const Arguments& a) {
      const Integers axes = a.integers("axes").value_or(Integers{});
      return expand_dims(o[0], resolve_axes(axes, o[0].rank() + static_cast<int>(axes.size()))); }},
  Function{"eye", "eye(; rows, columns = rows, offset = 0, dtype = f64)", "1 where column - row is the offset, else 0.", 0,
    [](Operands, const Arguments& a) {
      const Dim rows = a.shape("rows").at(0);
      return eye(rows, a.dim("columns").value_or(rows), a.get<std::int64_t>("offset", 0), dtype_of(a, DType::f64)); }},
  Function{"flip", "flip(x; axes = all)", "The elements in reverse order along axes.", 1,
    [](Operands o, const Arguments& a) { return flip(o[0], axes_of(a, o[0].rank())); }},
  Function{"full", "full(x; shape)", "The scalar x, repeated.", 1,
    [](Operands o, const Arguments& a) { return broadcast_to(o[0], a.shape("shape")); }},
  Function{"matmul", "matmul(a, b)", "NumPy's matmul for any ranks; bool is or of ands.", 2,
    [](Operands o, const Arguments&) { return matmul(o[0], o[1]); }},
  Function{"one_hot", "one_hot(labels; classes, dtype = f64)", "1 at the label, along a new last axis; labels out of range give zeros.", 1,
    [](Operands o, const Arguments& a) { return one_hot(o[0], a.shape("classes").at(0), dtype_of(a, DType::f64)); }},
  Function{"ones", "ones(; shape, dtype = f64)", "1 everywhere.", 0,
    [](Operands, const Arguments& a) { return full(dtype_of(a, DType::f64), a.shape("shape"), 1); }},
  Function{"permute", "permute(x; order)", "Axes in another order; negative ones count from the end.", 1,
    [](Operands o, const Arguments& a) {
      Integers order = a.integers("order").value_or(Integers{});
      for (std::int64_t& axis : order) axis = resolve_axis(axis, o[0].rank());
      return transpose(o[0], std::move(order)); }},
  Function{"ravel", "ravel(x)", "The elements in row-major order, on one axis.", 1,
    [](Operands o, const Arguments&) { return ravel(o[0]); }},
  Function{"split", "split(x; parts, part, axis = 0)", "One of equal parts along an axis.", 1,
    [](Operands o, const Arguments& a) {
      return split(o[0], a.get<std::int64_t>("parts"), a.get<std::int64_t>("part"), a.get<std::int64_t>("axis", 0)); }},
  Function{"squeeze", "squeeze(x; axes = those of extent 1)", "Axes of extent 1 removed.", 1,
    [](Operands o, const Arguments& a) {
      std::optional<Integers> axes = a.integers("axes");
      if (axes) axes = resolve_axes(*axes, o[0].rank());
      return squeeze(o[0], axes ? &*axes : nullptr); }},
  Function{"stack", "stack(x, ...; axis = 0)", "Operands one after the other along a new axis.", -1,
    [](Operands o, const Arguments& a) { return stack({o.begin(), o.end()}, a.get<std::int64_t>("axis", 0)); }},
  Function{"zeros", "zeros(; shape, dtype = f64)", "0 everywhere.", 0,
    [](Operands, const Arguments& a) { return full(dtype_of(a, DType::f64), a.shape("shape"), 0); }},
};
// clang-format on

bool is_public(const OpInfo& row) {
  return row.kind == OpKind::elementwise || row.kind == OpKind::movement ||
         row.kind == OpKind::indexing || row.kind == OpKind::reduction ||
         row.kind == OpKind::contraction;
}

void check_arity(std::string_view name, int arity, std::size_t count) {
  if (arity >= 0 && static_cast<int>(count) != arity)
    throw UserError(fmt::format("{}: takes {} operands, not {}", name, arity, count));
  if (arity < 0 && count == 0) throw UserError(fmt::format("{}: takes operands", name));
}

// The attributes of an op's columns, read from names; integers become what a column wants.
std::vector<Attribute> columns_of(const OpInfo& row, const Arguments& arguments, int rank) {
  std::vector<Attribute> out;
  for (const AttributeColumn& column : row.attributes) {
    const auto missing = [&] {
      return UserError(fmt::format("{} needs the attribute {}", row.name, column.name));
    };
    if (column.kind == AttributeKind::dims) {
      std::optional<Shape> dims = arguments.dims(column.name);
      if (!dims) throw missing();
      out.emplace_back(std::move(*dims));
    } else if (column.kind == AttributeKind::integers) {
      std::optional<Integers> list = arguments.integers(column.name);
      if (!list && column.name != "axes") throw missing();
      if (column.name == "axes") list = list ? resolve_axes(*list, rank) : every_axis(rank);
      out.emplace_back(std::move(*list));
    } else if (column.kind == AttributeKind::integer) {
      const auto* number = arguments.find<std::int64_t>(column.name);
      if (number == nullptr) throw missing();
      out.emplace_back(column.name == "axis" ? resolve_axis(*number, rank) : *number);
    } else if (column.kind == AttributeKind::boolean) {
      out.emplace_back(arguments.get<bool>(column.name, false));
    } else {
      const auto* dtype = arguments.find<DType>(column.name);
      if (dtype == nullptr) throw missing();
      out.emplace_back(*dtype);
    }
  }
  return out;
}

Value op_value(Op op, Operands operands, const Arguments& arguments) {
  const OpInfo& row = info(op);
  check_arity(row.name, row.arity, operands.size());
  if (is_elementwise(op) && !row.infer) {
    const std::vector<Operand> list(operands.begin(), operands.end());
    return apply(op, std::span<const Operand>(list));
  }
  std::vector<Value> values(operands.begin(), operands.end());
  const int rank = values[0].rank();
  if (op == Op::reshape) return reshape_filled(values[0], arguments.shape("shape"));
  if (op == Op::concatenate)
    return concatenate_promoted(std::move(values), arguments.get<std::int64_t>("axis"));
  if (op == Op::transpose && !arguments.integers("permutation")) {
    Integers reversed = every_axis(rank);
    std::reverse(reversed.begin(), reversed.end());
    return transpose(values[0], std::move(reversed));
  }
  std::vector<Attribute> attributes = columns_of(row, arguments, rank);
  if (op == Op::cumsum)
    return cumsum_promoted(values[0], std::get<std::int64_t>(attributes[0].value),
                           std::get<bool>(attributes[1].value));
  if (row.kind != OpKind::reduction) return make(op, std::move(values), std::move(attributes));
  const Integers axes = std::get<Integers>(attributes[0].value);
  const Value reduced = reduce_promoted(op, values[0], axes);
  return arguments.get<bool>("keepdims", false) ? keep_axes(reduced, values[0].shape(), axes)
                                                : reduced;
}

// A composition over axes takes `keepdims` beside its own attributes.
Value composition_value(const Composition& composition, Operands operands,
                        NamedAttributes attributes) {
  const auto keep = std::find_if(attributes.begin(), attributes.end(),
                                 [](const auto& a) { return a.first == "keepdims"; });
  const bool over_axes =
      !composition.defaults().empty() && composition.defaults()[0].first == "axes";
  if (keep == attributes.end() || !over_axes)
    return call(composition.name, operands, std::move(attributes));
  const bool* wanted = std::get_if<bool>(&keep->second.value);
  if (wanted == nullptr) throw UserError("attribute keepdims has another kind");
  const bool keeps = *wanted;
  attributes.erase(keep);
  const Value made = call(composition.name, operands, std::move(attributes));
  if (!keeps || made.rank() == operands[0].rank()) return made;
  for (const auto& [key, value] : made.node->attribute<NamedAttributes>("attributes"))
    if (key == "axes") return keep_axes(made, operands[0].shape(), std::get<Integers>(value.value));
  return made;
}

}  // namespace

std::span<const Function> all_functions() { return kFunctions; }

const Function* find_function(std::string_view name) {
  for (const Function& function : kFunctions)
    if (function.name == name) return &function;
  return nullptr;
}

std::vector<std::string> public_names() {
  std::vector<std::string> names;
  for (const OpInfo& row : all_ops())
    if (is_public(row)) names.emplace_back(row.name);
  for (const Composition& composition : all_compositions()) names.emplace_back(composition.name);
  for (const Function& function : kFunctions) names.emplace_back(function.name);
  std::sort(names.begin(), names.end());
  return names;
}

Value named(std::string_view name, std::span<const Value> operands, NamedAttributes attributes) {
  if (const Composition* composition = find_composition(name))
    return composition_value(*composition, operands, std::move(attributes));
  const Function* function = find_function(name);
  const std::optional<Op> op = function != nullptr ? std::nullopt : op_named(name);
  if (function == nullptr && (!op || !is_public(info(*op)))) {
    const std::vector<std::string> known = public_names();
    const std::vector<std::string_view> views(known.begin(), known.end());
    throw UserError(fmt::format("there is no operation \"{}\"{}", name, suggestion(name, views)));
  }
  const Arguments arguments(std::move(attributes));
  Value made;
  if (function != nullptr) {
    check_arity(name, function->arity, operands.size());
    try {
      made = function->build(operands, arguments);
    } catch (const UserError& error) {
      throw UserError(fmt::format("{}: {}", name, error.message()));
    }
  } else {
    made = op_value(*op, operands, arguments);
  }
  if (const std::vector<std::string> unread = arguments.unread(); !unread.empty())
    throw UserError(fmt::format(
        "{}: there is no attribute {}{}", name, unread[0],
        function ? fmt::format("; its signature is {}", function->signature) : std::string()));
  return made;
}

}  // namespace croton::ir
