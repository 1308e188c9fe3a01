#include "frontend/croton/ops.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/build.hpp"
#include "ir/composition.hpp"

namespace croton {
namespace {

using detail::built;
using detail::value_of;
using detail::weak;

Expr elementwise(ir::Op op, std::initializer_list<Operand> operands) {
  std::vector<ir::Operand> list;
  for (const Operand& operand : operands) list.push_back(weak(operand));
  return built(ir::info(op).name, operands, [&] { return ir::apply(op, list); });
}

// The shape with reduced axes of extent 1.
Shape kept_shape(const Shape& shape, const ir::Integers& axes) {
  Shape out = shape;
  for (const std::int64_t axis : axes) out[static_cast<std::size_t>(axis)] = Dim(1);
  return out;
}

template <class Body>
Expr reduction(std::string_view name, const Operand& x, const Axes& axes, Body body) {
  return built(name, {x}, [&] {
    const ir::Value v = value_of(x);
    const ir::Integers resolved = detail::resolve(axes, v.rank());
    const ir::Value reduced = body(v, resolved);
    return axes.keep ? ir::reshape(reduced, kept_shape(v.shape(), resolved)) : reduced;
  });
}

Expr reduction(ir::Op op, const Operand& x, const Axes& axes) {
  const ir::OpInfo& row = ir::info(op);
  return reduction(row.name, x, axes, [&](const ir::Value& v, const ir::Integers& resolved) {
    if (op == ir::Op::sum || op == ir::Op::prod)
      return ir::reduce(op, ir::cast(v, sum_dtype(v.dtype())), resolved);
    if (row.promotion == ir::Promotion::logical)
      return ir::reduce(op, ir::cast(v, DType::boolean), resolved);
    return ir::reduce(op, v, resolved);
  });
}

Expr composed(std::string_view name, const Operand& x, const Axes& axes,
              ir::NamedAttributes attributes = {}) {
  return reduction(name, x, axes, [&](const ir::Value& v, const ir::Integers& resolved) {
    attributes.emplace_back("axes", resolved);
    const std::vector<ir::Value> operands{v};
    return ir::call(name, operands, attributes);
  });
}

ir::Value single_axis(std::string_view name, const ir::Value& v, const Axes& axes) {
  const ir::Integers resolved = detail::resolve(axes, v.rank());
  if (resolved.size() != 1) throw UserError(fmt::format("{} takes one axis", name));
  const std::vector<ir::Value> operands{v};
  return ir::call(name, operands, {{"axis", resolved[0]}});
}

}  // namespace

#define CROTON_PARAMETERS_1 const Operand& a
#define CROTON_PARAMETERS_2 const Operand &a, const Operand &b
#define CROTON_PARAMETERS_3 const Operand &a, const Operand &b, const Operand &c
#define CROTON_ARGUMENTS_1 a
#define CROTON_ARGUMENTS_2 a, b
#define CROTON_ARGUMENTS_3 a, b, c
#define ELEMENTWISE(name, arity, ...)                             \
  Expr name(CROTON_PARAMETERS_##arity) {                          \
    return elementwise(ir::Op::name, {CROTON_ARGUMENTS_##arity}); \
  }
#define ELEMENTWISE_INTEGER(name, arity, ...) ELEMENTWISE(name, arity)
#include "ir/ops_elementwise.def"
#undef ELEMENTWISE
#undef ELEMENTWISE_INTEGER

Expr clip(const Operand& x, const Operand& low, const Operand& high) {
  return built("clip", {x, low, high},
               [&] { return ir::minimum(ir::maximum(weak(x), weak(low)), weak(high)); });
}

Expr cast(const Operand& x, DType dtype) {
  return built("cast", {x}, [&] { return ir::cast(value_of(x), dtype); });
}

Expr full(Shape shape, double value, DType dtype, Location where) {
  return built("full", std::vector<Expr>{}, where,
               [&] { return ir::full(dtype, std::move(shape), value); });
}
Expr zeros(Shape shape, DType dtype, Location where) {
  return full(std::move(shape), 0, dtype, where);
}
Expr ones(Shape shape, DType dtype, Location where) {
  return full(std::move(shape), 1, dtype, where);
}
Expr zeros_like(const Operand& x) {
  return built("zeros_like", {x}, [&] { return ir::full_like(value_of(x), 0); });
}
Expr ones_like(const Operand& x) {
  return built("ones_like", {x}, [&] { return ir::full_like(value_of(x), 1); });
}

Expr arange(Dim count, DType dtype, Location where) {
  return built("arange", std::vector<Expr>{}, where,
               [&] { return ir::iota(dtype, {Dim::max(count, Dim(0))}, 0); });
}

Expr arange(const Operand& count, DType dtype) {
  return built("arange", {count}, [&] {
    const ir::Value v = value_of(count);
    if (v.rank() != 0 || !is_integer(v.dtype()))
      throw UserError(
          fmt::format("the count must be a scalar integer, not {}", ir::text(v.type())));
    if (const auto known = ir::splat_value(v))
      return ir::iota(dtype, {Dim(std::max<std::int64_t>(0, known->as_integer()))}, 0);
    const ir::Value wide = ir::cast(v, DType::i64);
    return ir::iota(dtype, {Dim::max(Dim::value_of(wide.node, wide.index), Dim(0))}, 0);
  });
}

Expr eye(Dim rows, DType dtype, Location where) {
  return built("eye", std::vector<Expr>{}, where, [&] {
    const Shape shape{rows, rows};
    return ir::cast(ir::eq(ir::iota(DType::i64, shape, 0), ir::iota(DType::i64, shape, 1)), dtype);
  });
}

Expr one_hot(const Operand& labels, Dim classes, DType dtype) {
  return built("one_hot", {labels}, [&] {
    const ir::Value v = value_of(labels);
    if (!is_integer(v.dtype()))
      throw UserError(fmt::format("labels must be integers, not {}", name(v.dtype())));
    Shape shape = v.shape();
    shape.push_back(classes);
    const ir::Value spread = ir::expand_dims(ir::cast(v, DType::i64), {v.rank()});
    return ir::cast(ir::eq(spread, ir::iota(DType::i64, shape, v.rank())), dtype);
  });
}

Expr reshape(const Operand& x, Shape shape) {
  return built("reshape", {x}, [&] {
    const ir::Value v = value_of(x);
    const auto open = std::find_if(shape.begin(), shape.end(), [](auto& d) { return d.is(-1); });
    if (open != shape.end()) {
      *open = Dim(1);
      const Dim known = volume(shape), total = volume(v.shape());
      if (std::any_of(shape.begin(), shape.end(), [](auto& d) { return d.is(-1); }))
        throw UserError("only one extent may be -1");
      if (known.is_constant() && total.is_constant() &&
          (known.is(0) || *total.constant() % *known.constant() != 0))
        throw UserError(
            fmt::format("{} elements do not fill rows of {}", total.text(), known.text()));
      *open = known == total ? Dim(1) : Dim::floordiv(total, known);
    }
    return ir::reshape(v, std::move(shape));
  });
}

Expr ravel(const Operand& x) {
  return built("ravel", {x},
               [&] { return ir::reshape(value_of(x), {volume(value_of(x).shape())}); });
}

Expr transpose(const Operand& x) {
  return built("transpose", {x}, [&] {
    const ir::Value v = value_of(x);
    ir::Integers order;
    for (int i = v.rank(); i-- > 0;) order.push_back(i);
    return ir::transpose(v, std::move(order));
  });
}

Expr permute(const Operand& x, std::vector<int> order) {
  return built("permute", {x}, [&] {
    const ir::Value v = value_of(x);
    ir::Integers resolved;
    for (const int axis : order) resolved.push_back(detail::resolve(axis, v.rank()));
    return ir::transpose(v, std::move(resolved));
  });
}

Expr expand_dims(const Operand& x, Axes axes) {
  return built("expand_dims", {x}, [&] {
    const ir::Value v = value_of(x);
    const int rank = v.rank() + static_cast<int>(axes.list ? axes.list->size() : 0);
    return ir::expand_dims(v, axes.list ? detail::resolve(axes, rank) : ir::Integers{});
  });
}

Expr squeeze(const Operand& x, Axes axes) {
  return built("squeeze", {x}, [&] {
    const ir::Value v = value_of(x);
    const ir::Integers chosen = detail::resolve(axes, v.rank());
    Shape shape;
    for (std::int64_t i = 0; i < v.rank(); ++i) {
      const Dim& extent = v.shape()[static_cast<std::size_t>(i)];
      const bool named = std::find(chosen.begin(), chosen.end(), i) != chosen.end();
      if (named && extent.is(1)) continue;
      if (named && axes.list)
        throw UserError(fmt::format("axis {} has extent {}, not 1", i, extent.text()));
      shape.push_back(extent);
    }
    return ir::reshape(v, std::move(shape));
  });
}

Expr broadcast_to(const Operand& x, Shape shape) {
  return built("broadcast_to", {x}, [&] { return ir::broadcast_to(value_of(x), shape); });
}

Expr concatenate(const Exprs& parts, int axis, Location where) {
  return built("concatenate", parts.list(), where, [&] {
    std::vector<ir::Value> values = detail::values_of(parts.list());
    if (values.empty()) throw UserError("there is nothing to concatenate");
    DType dtype = values[0].dtype();
    for (const ir::Value& v : values) dtype = promote(dtype, v.dtype());
    for (ir::Value& v : values) v = ir::cast(v, dtype);
    const std::int64_t resolved = detail::resolve(axis, values[0].rank());
    return ir::concatenate(std::move(values), resolved);
  });
}

Expr stack(const Exprs& parts, int axis, Location where) {
  std::vector<Expr> expanded;
  for (const Expr& part : parts.list())
    expanded.push_back(expand_dims(Operand(part, where), croton::axis(axis)));
  return concatenate(expanded, axis, where);
}

std::vector<Expr> split(const Operand& x, int parts, int axis) {
  const ir::Value v = value_of(x);
  std::vector<Expr> out;
  for (int k = 0; k < std::max(parts, 1); ++k)
    out.push_back(built("split", {x}, [&] {
      const auto resolved = static_cast<std::size_t>(detail::resolve(axis, v.rank()));
      const Dim& extent = v.shape()[resolved];
      if (parts < 1 || !extent.is_constant() || *extent.constant() % parts != 0)
        throw UserError(fmt::format("axis {} of extent {} does not split into {} equal parts", axis,
                                    extent.text(), parts));
      Shape starts(v.shape().size(), Dim(0)), sizes = v.shape();
      sizes[resolved] = Dim(*extent.constant() / parts);
      starts[resolved] = Dim(k) * sizes[resolved];
      return ir::slice_of(v, starts, sizes, ir::Integers(starts.size(), 1));
    }));
  return out;
}

Expr flip(const Operand& x, Axes axes) {
  return built("flip", {x}, [&] {
    const ir::Value v = value_of(x);
    Shape starts(v.shape().size(), Dim(0));
    ir::Integers steps(starts.size(), 1);
    for (const std::int64_t axis : detail::resolve(axes, v.rank())) {
      const auto i = static_cast<std::size_t>(axis);
      starts[i] = v.shape()[i] - Dim(1);
      steps[i] = -1;
    }
    return ir::slice_of(v, std::move(starts), v.shape(), std::move(steps));
  });
}

Expr set(const Operand& x, const std::vector<Index>& indices, const Operand& value) {
  return built("set", {x, value}, [&] {
    return detail::update(ir::Op::set_slice, ir::Op::scatter_set, value_of(x), indices,
                          value_of(value));
  });
}

Expr increment(const Operand& x, const std::vector<Index>& indices, const Operand& value) {
  return built("increment", {x, value}, [&] {
    return detail::update(ir::Op::add_slice, ir::Op::scatter_add, value_of(x), indices,
                          value_of(value));
  });
}

Expr sum(const Operand& x, Axes axes) { return reduction(ir::Op::sum, x, axes); }
Expr prod(const Operand& x, Axes axes) { return reduction(ir::Op::prod, x, axes); }
Expr max(const Operand& x, Axes axes) { return reduction(ir::Op::max, x, axes); }
Expr min(const Operand& x, Axes axes) { return reduction(ir::Op::min, x, axes); }
Expr any(const Operand& x, Axes axes) { return reduction(ir::Op::any, x, axes); }
Expr all(const Operand& x, Axes axes) { return reduction(ir::Op::all, x, axes); }
Expr argmax(const Operand& x, Axes axes) { return reduction(ir::Op::argmax, x, axes); }
Expr argmin(const Operand& x, Axes axes) { return reduction(ir::Op::argmin, x, axes); }
Expr mean(const Operand& x, Axes axes) { return composed("mean", x, axes); }
Expr var(const Operand& x, Axes axes, int ddof) {
  return composed("var", x, axes, {{"ddof", std::int64_t{ddof}}});
}
Expr std_deviation(const Operand& x, Axes axes, int ddof) {
  return composed("std", x, axes, {{"ddof", std::int64_t{ddof}}});
}
Expr logsumexp(const Operand& x, Axes axes) { return composed("logsumexp", x, axes); }

Expr cumsum(const Operand& x, int axis) {
  return built("cumsum", {x}, [&] {
    const ir::Value v = value_of(x);
    return ir::cumsum(ir::cast(v, sum_dtype(v.dtype())), detail::resolve(axis, v.rank()));
  });
}

Expr matmul(const Operand& a, const Operand& b) {
  return built("matmul", {a, b}, [&] { return ir::matmul(value_of(a), value_of(b)); });
}

Expr dot(const Operand& a, const Operand& b) {
  return built("dot", {a, b}, [&] {
    const ir::Value x = value_of(a), y = value_of(b);
    if (x.rank() == 0 || y.rank() == 0) return ir::mul(weak(a), weak(b));
    if (x.rank() <= 2 && y.rank() <= 2) return ir::matmul(x, y);
    const DType dtype = promote(x.dtype(), y.dtype());
    ir::Integers xs, ys, out;
    for (std::int64_t i = 0; i + 1 < x.rank(); ++i) xs.push_back(i + 1), out.push_back(i + 1);
    xs.push_back(0);
    for (std::int64_t i = 0; i < y.rank(); ++i) {
      const bool inner = y.rank() == 1 || i == y.rank() - 2;
      ys.push_back(inner ? 0 : 100 + i);
      if (!inner) out.push_back(100 + i);
    }
    return ir::contract(ir::cast(x, dtype), ir::cast(y, dtype), xs, ys, out);
  });
}

Expr softmax(const Operand& x, Axes axis) {
  return built("softmax", {x}, [&] { return single_axis("softmax", value_of(x), axis); });
}
Expr log_softmax(const Operand& x, Axes axis) {
  return built("log_softmax", {x}, [&] { return single_axis("log_softmax", value_of(x), axis); });
}
Expr cross_entropy(const Operand& scores, const Operand& labels) {
  return built("cross_entropy", {scores, labels}, [&] {
    const std::vector<ir::Value> operands{value_of(scores), value_of(labels)};
    return ir::call("cross_entropy", operands);
  });
}
Expr relu(const Operand& x) {
  return built("relu", {x}, [&] {
    const std::vector<ir::Value> operands{value_of(x)};
    return ir::call("relu", operands);
  });
}
Expr gelu(const Operand& x) {
  return built("gelu", {x}, [&] {
    const std::vector<ir::Value> operands{value_of(x)};
    return ir::call("gelu", operands);
  });
}
Expr layer_norm(const Operand& x, const Operand& scale, const Operand& shift, double epsilon) {
  return built("layer_norm", {x, scale, shift}, [&] {
    const std::vector<ir::Value> operands{value_of(x), value_of(scale), value_of(shift)};
    return ir::call("layer_norm", operands, {{"epsilon", epsilon}});
  });
}

}  // namespace croton
