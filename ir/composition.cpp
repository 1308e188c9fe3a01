#include "ir/composition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ir/builder.hpp"
#include "ir/gradient.hpp"
#include "ir/spelling.hpp"

namespace croton::ir {
namespace {

using Operands = std::span<const Value>;
using Default = std::pair<std::string_view, Attribute>;

template <class T>
const T& get(const NamedAttributes& attributes, std::string_view name) {
  for (const auto& [key, value] : attributes)
    if (key == name)
      if (const T* found = std::get_if<T>(&value.value)) return *found;
  throw UserError(fmt::format("attribute {} is missing or of another kind", name));
}

Integers axis_of(const NamedAttributes& attributes) {
  return {get<std::int64_t>(attributes, "axis")};
}

// ---- types
Type same_as_first(Operands operands, const NamedAttributes&) { return operands[0].type(); }

Type without_axes(Operands operands, const NamedAttributes& attributes) {
  const auto& axes = get<Integers>(attributes, "axes");
  Type type = tensor(operands[0].dtype());
  for (std::int64_t i = 0; i < operands[0].rank(); ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end())
      type.shape.push_back(operands[0].shape()[static_cast<std::size_t>(i)]);
  return type;
}

Type cross_entropy_type(Operands operands, const NamedAttributes&) {
  if (operands[0].rank() != operands[1].rank() + 1)
    throw UserError(fmt::format("cross_entropy: scores [{}] need one axis more than labels [{}]",
                                text(operands[0].shape()), text(operands[1].shape())));
  if (!is_integer(operands[1].dtype()))
    throw UserError(
        fmt::format("cross_entropy: labels must be integers, not {}", name(operands[1].dtype())));
  return tensor(operands[0].dtype(), operands[1].shape());
}

// ---- bodies
Value maximum_kept(const Value& x, const Integers& axes) {
  return restore_axes(reduce(Op::supremum, x, axes), x.shape(), axes);
}

Value softmax(Operands o, const NamedAttributes& attributes) {
  const Integers axes = axis_of(attributes);
  const Value e = exp(o[0] - maximum_kept(o[0], axes));
  return e / restore_axes(reduce(Op::sum, e, axes), o[0].shape(), axes);
}

Value log_softmax(Operands o, const NamedAttributes& attributes) {
  const Integers axes = axis_of(attributes);
  const Value shifted = o[0] - maximum_kept(o[0], axes);
  const Value total = log(reduce(Op::sum, exp(shifted), axes));
  return shifted - restore_axes(total, o[0].shape(), axes);
}

// An infinite maximum is not subtracted: exp(-inf - -inf) would be NaN where the answer is -inf.
Value finite_maximum(const Value& x, const Integers& axes) {
  const Value top = reduce(Op::supremum, x, axes);
  return where(isinf(top), zeros_of(top), top);
}

Value logsumexp(Operands o, const NamedAttributes& attributes) {
  const auto& axes = get<Integers>(attributes, "axes");
  const Value shift = finite_maximum(o[0], axes);
  const Value e = exp(o[0] - restore_axes(shift, o[0].shape(), axes));
  return log(reduce(Op::sum, e, axes)) + shift;
}

Value count_of(const Value& x, const Integers& axes) {
  Dim count(1);
  for (const std::int64_t axis : axes) count = count * x.shape()[static_cast<std::size_t>(axis)];
  return cast(dim(count), x.dtype());
}

Value mean(Operands o, const NamedAttributes& attributes) {
  const auto& axes = get<Integers>(attributes, "axes");
  return reduce(Op::sum, o[0], axes) / count_of(o[0], axes);
}

Value variance(Operands o, const NamedAttributes& attributes) {
  const auto& axes = get<Integers>(attributes, "axes");
  const Value count = count_of(o[0], axes);
  const Value center = reduce(Op::sum, o[0], axes) / count;
  const Value deviation = o[0] - restore_axes(center, o[0].shape(), axes);
  return reduce(Op::sum, sqr(deviation), axes) /
         (count - static_cast<double>(get<std::int64_t>(attributes, "ddof")));
}

Value standard_deviation(Operands o, const NamedAttributes& attributes) {
  return sqrt(variance(o, attributes));
}

Value relu(Operands o, const NamedAttributes&) { return maximum(o[0], 0.0); }

// x·Φ(x); the exact form, not the tanh approximation (Hendrycks and Gimpel, 2016).
Value gelu(Operands o, const NamedAttributes&) {
  return o[0] * 0.5 * (erf(o[0] * 0.7071067811865476) + 1.0);
}

Value layer_norm(Operands o, const NamedAttributes& attributes) {
  const Value& x = o[0];
  const Integers axes{x.rank() - 1};
  const Value count = count_of(x, axes);
  const Value center = reduce(Op::sum, x, axes) / count;
  const Value deviation = x - restore_axes(center, x.shape(), axes);
  const Value spread = reduce(Op::sum, sqr(deviation), axes) / count;
  const Value scale = 1.0 / sqrt(spread + get<double>(attributes, "epsilon"));
  return deviation * restore_axes(scale, x.shape(), axes) * o[1] + o[2];
}

Value cross_entropy(Operands o, const NamedAttributes&) {
  const Value& scores = o[0];
  const std::int64_t last = scores.rank() - 1;
  const std::vector<Value> operands{scores};
  const Value logs = call("log_softmax", operands, {{"axis", last}});
  const Shape& shape = o[1].shape();
  const Value rows = reshape(logs, {volume(shape), scores.shape().back()});
  const Value labels = reshape(o[1], {volume(shape)});
  const std::vector<Value> places{iota(DType::i64, {volume(shape)}, 0), labels};
  return reshape(neg(gather(rows, 0, places)), shape);
}

// prod / x without zeros; the product of the rest where x is the only zero; 0 where there are more.
// Written with the zeros replaced by 1, so that no division meets a zero.
Value product_of_others(Operands o, const NamedAttributes& attributes) {
  const Value& x = o[0];
  const auto& axes = get<Integers>(attributes, "axes");
  const Value zero = eq(x, 0.0);
  const Value safe = where(zero, full_like(x, 1.0), x);
  const Value rest = restore_axes(reduce(Op::prod, safe, axes), x.shape(), axes);
  const Value zeros = restore_axes(reduce(Op::sum, cast(zero, x.dtype()), axes), x.shape(), axes);
  const Value others = zeros - cast(zero, x.dtype());
  return where(eq(others, 0.0), rest / safe, zeros_of(x));
}

// ---- gradients of their own
// relu'(0) = 0.
void relu_vjp(Vjp& g) { g.to(0, where(gt(g.in(0), 0.0), g.out(), g.zeros())); }

Value call_attributes_softmax(const Vjp& g, std::string_view name) {
  const std::vector<Value> operands{g.in(0)};
  return call(name, operands, g.node()->attribute<NamedAttributes>("attributes"));
}

void softmax_vjp(Vjp& g) {
  const Integers axes = axis_of(g.node()->attribute<NamedAttributes>("attributes"));
  const Value weighted = g.out() * g.value();
  const Value total = restore_axes(reduce(Op::sum, weighted, axes), g.in(0).shape(), axes);
  g.to(0, weighted - g.value() * total);
}

void log_softmax_vjp(Vjp& g) {
  const Integers axes = axis_of(g.node()->attribute<NamedAttributes>("attributes"));
  const Value total = restore_axes(reduce(Op::sum, g.out(), axes), g.in(0).shape(), axes);
  g.to(0, g.out() - call_attributes_softmax(g, "softmax") * total);
}

void logsumexp_vjp(Vjp& g) {
  const auto& axes = get<Integers>(g.node()->attribute<NamedAttributes>("attributes"), "axes");
  const Value x = g.in(0);
  // Not exp(x - value): the value is rounded at its own size, which exp would multiply.
  const Value e = exp(x - restore_axes(finite_maximum(x, axes), x.shape(), axes));
  const Value p = e / restore_axes(reduce(Op::sum, e, axes), x.shape(), axes);
  g.to(0, restore_axes(g.out(), x.shape(), axes) * p);
}

// The body's where() hides how a zero factor moves the others' products. Row i of a square of the
// factors, with 1 on its diagonal, has the i-th result for its product: so the gradient of that
// product, which is this composition again, holds at zeros and to any order.
void product_of_others_vjp(Vjp& g) {
  const Value x = g.in(0);
  const auto& axes = get<Integers>(g.node()->attribute<NamedAttributes>("attributes"), "axes");
  Integers order;
  Shape rows;
  Dim count(1);
  for (std::int64_t i = 0; i < x.rank(); ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) {
      order.push_back(i);
      rows.push_back(x.shape()[static_cast<std::size_t>(i)]);
    }
  for (const std::int64_t axis : axes) {
    order.push_back(axis);
    count = count * x.shape()[static_cast<std::size_t>(axis)];
  }
  const Value moved = transpose(x, order), cotangent = transpose(g.out(), order);
  rows.push_back(count);
  Shape square = rows;
  square.push_back(count);
  const auto last = static_cast<std::int64_t>(rows.size());
  const Value diagonal = eq(iota(DType::i64, square, last - 1), iota(DType::i64, square, last));
  Integers columns;
  for (std::int64_t i = 0; i + 1 < last; ++i) columns.push_back(i);
  columns.push_back(last);
  const Value factors = broadcast(reshape(moved, rows), square, columns);
  const std::vector<Value> operands{where(diagonal, full_like(factors, 1.0), factors)};
  const Value others = call("product_of_others", operands, {{"axes", Integers{last}}});
  const Value parts = restore_axes(reshape(cotangent, rows), square, {last}) * others;
  const Value slopes = reduce(Op::sum, where(diagonal, zeros_of(parts), parts), {last - 1});
  g.to(0, transpose(reshape(slopes, moved.shape()), inverse_permutation(order)));
}

void gelu_vjp(Vjp& g) {
  const Value x = g.in(0);
  const Value cdf = 0.5 * (erf(x * 0.7071067811865476) + 1.0);
  const Value density = 0.3989422804014327 * exp(sqr(x) * -0.5);
  g.to(0, g.out() * (cdf + x * density));
}

// ---- defaults, sorted by name
std::span<const Default> none() { return {}; }
std::span<const Default> last_axis() {
  static const std::array<Default, 1> d{Default{"axis", std::int64_t{-1}}};
  return d;
}
std::span<const Default> all_axes() {
  static const std::array<Default, 1> d{Default{"axes", Attribute{}}};
  return d;
}
std::span<const Default> all_axes_and_ddof() {
  static const std::array<Default, 2> d{Default{"axes", Attribute{}},
                                        Default{"ddof", std::int64_t{0}}};
  return d;
}
std::span<const Default> epsilon() {
  static const std::array<Default, 1> d{Default{"epsilon", 1e-5}};
  return d;
}

// clang-format off
constexpr std::array kCompositions = {
  Composition{"cross_entropy", "cross_entropy(scores, labels)",
    "-log_softmax(scores) at integer labels, along the last axis of the scores.", 2,
    none, cross_entropy_type, cross_entropy},
  Composition{"gelu", "gelu(x)", "x times the normal distribution function of x, by erf.", 1,
    none, same_as_first, gelu, gelu_vjp},
  Composition{"layer_norm", "layer_norm(x, scale, shift, epsilon = 1e-5)",
    "The last axis brought to mean 0 and variance 1, then scaled and shifted.", 3,
    epsilon, same_as_first, layer_norm},
  Composition{"log_softmax", "log_softmax(x, axis = -1)", "log(softmax(x)), without underflow.", 1,
    last_axis, same_as_first, log_softmax, log_softmax_vjp},
  Composition{"logsumexp", "logsumexp(x, axes = all)", "log(sum(exp(x))), without overflow.", 1,
    all_axes, without_axes, logsumexp, logsumexp_vjp},
  Composition{"mean", "mean(x, axes = all)", "Arithmetic mean.", 1,
    all_axes, without_axes, mean},
  Composition{"product_of_others", "product_of_others(x, axes = all)",
    "For each element the product of the other ones along the axes: the derivative of prod.", 1,
    all_axes, same_as_first, product_of_others, product_of_others_vjp},
  Composition{"relu", "relu(x)", "max(x, 0); the gradient at 0 is 0.", 1,
    none, same_as_first, relu, relu_vjp},
  Composition{"softmax", "softmax(x, axis = -1)", "exp(x) divided by its sum along an axis.", 1,
    last_axis, same_as_first, softmax, softmax_vjp},
  Composition{"std", "std(x, axes = all, ddof = 0)", "Square root of var.", 1,
    all_axes_and_ddof, without_axes, standard_deviation},
  Composition{"var", "var(x, axes = all, ddof = 0)", "Mean squared deviation; divides by n - ddof.", 1,
    all_axes_and_ddof, without_axes, variance},
};
// clang-format on

std::int64_t resolve_axis(std::int64_t axis, int rank, std::string_view what) {
  if (axis < -rank || axis >= rank)
    throw UserError(fmt::format("{}: axis {} is out of range for rank {}", what, axis, rank));
  return axis < 0 ? axis + rank : axis;
}

// Fills in defaults, resolves negative axes, and sorts.
NamedAttributes completed(const Composition& composition, int rank, NamedAttributes given) {
  NamedAttributes full;
  for (const auto& [name, fallback] : composition.defaults()) {
    const auto it = std::find_if(given.begin(), given.end(),
                                 [&, key = name](const auto& a) { return a.first == key; });
    full.emplace_back(std::string(name), it == given.end() ? fallback : it->second);
    if (it != given.end()) given.erase(it);
  }
  if (!given.empty())
    throw UserError(fmt::format("{} has no attribute {}; its signature is {}", composition.name,
                                given[0].first, composition.signature));
  for (auto& [name, value] : full) {
    if (name == "axis") {
      value = resolve_axis(get<std::int64_t>(full, "axis"), rank, composition.name);
    } else if (name == "axes") {
      Integers axes;
      if (const auto* one = std::get_if<std::int64_t>(&value.value)) axes = {*one};
      if (const auto* some = std::get_if<Integers>(&value.value)) axes = *some;
      if (kind(value) == AttributeKind::none)
        for (int i = 0; i < rank; ++i) axes.push_back(i);
      for (std::int64_t& axis : axes) axis = resolve_axis(axis, rank, composition.name);
      std::sort(axes.begin(), axes.end());
      if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
        throw UserError(fmt::format("{}: an axis is given twice", composition.name));
      value = std::move(axes);
    }
  }
  return full;
}

}  // namespace

std::span<const Composition> all_compositions() { return kCompositions; }

const Composition* find_composition(std::string_view name) {
  for (const Composition& composition : kCompositions)
    if (composition.name == name) return &composition;
  return nullptr;
}

const Composition& composition_named(std::string_view name) {
  if (const Composition* found = find_composition(name)) return *found;
  std::vector<std::string_view> names;
  for (const Composition& composition : kCompositions) names.push_back(composition.name);
  throw UserError(fmt::format("there is no composition \"{}\"{}", name, suggestion(name, names)));
}

Value call(std::string_view name, std::span<const Value> operands, NamedAttributes attributes) {
  const Composition& composition = composition_named(name);
  if (static_cast<int>(operands.size()) != composition.arity)
    throw UserError(
        fmt::format("{} takes {} operands, not {}", name, composition.arity, operands.size()));
  std::vector<Value> promoted(operands.begin(), operands.end());
  // Statistics of integers and bool are computed in f64, as NumPy does.
  const bool statistic =
      !composition.defaults().empty() && composition.defaults()[0].first == "axes";
  const DType dtype = operands[0].dtype();
  promoted[0] = cast(operands[0], statistic && !is_real(dtype) ? DType::f64 : inexact(dtype));
  NamedAttributes full = completed(composition, operands[0].rank(), std::move(attributes));
  return make(Op::call, std::move(promoted), {std::string(name), std::move(full)});
}

Value expand(const Node& call) {
  const Composition& composition = composition_named(call.attribute<std::string>("name"));
  Value body = composition.body(call.operands, call.attribute<NamedAttributes>("attributes"));
  inherit_through(body.node, call);
  return body;
}

}  // namespace croton::ir
