#include "frontend/croton/ops.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/build.hpp"
#include "ir/composition.hpp"
#include "ir/functions.hpp"

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

template <class Body>
Expr reduction(std::string_view name, const Operand& x, const Axes& axes, Body body) {
  return built(name, {x}, [&] {
    const ir::Value v = value_of(x);
    const ir::Integers resolved = detail::resolve(axes, v.rank());
    const ir::Value reduced = body(v, resolved);
    return axes.keep ? ir::keep_axes(reduced, v.shape(), resolved) : reduced;
  });
}

Expr reduction(ir::Op op, const Operand& x, const Axes& axes) {
  return reduction(ir::info(op).name, x, axes,
                   [&](const ir::Value& v, const ir::Integers& resolved) {
                     return ir::reduce_promoted(op, v, resolved);
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
  return built("clip", {x, low, high}, [&] { return ir::clip(weak(x), weak(low), weak(high)); });
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
               [&] { return ir::arange(Dim(0), count, 1, dtype); });
}
Expr arange(Dim start, Dim stop, std::int64_t step, DType dtype, Location where) {
  return built("arange", std::vector<Expr>{}, where,
               [&] { return ir::arange(start, stop, step, dtype); });
}

Expr arange(const Expr& count, DType dtype, Location where) {
  return built("arange", {Operand(count, where)}, [&] {
    return ir::arange(Dim(0), detail::dim_of_scalar(value_of(count), "the count"), 1, dtype);
  });
}

Expr eye(Dim rows, DType dtype, Location where) {
  return built("eye", std::vector<Expr>{}, where, [&] { return ir::eye(rows, rows, 0, dtype); });
}
Expr eye(Dim rows, Dim columns, std::int64_t offset, DType dtype, Location where) {
  return built("eye", std::vector<Expr>{}, where,
               [&] { return ir::eye(rows, columns, offset, dtype); });
}

Expr one_hot(const Operand& labels, Dim classes, DType dtype) {
  return built("one_hot", {labels}, [&] { return ir::one_hot(value_of(labels), classes, dtype); });
}

Expr reshape(const Operand& x, Shape shape) {
  return built("reshape", {x}, [&] { return ir::reshape_filled(value_of(x), std::move(shape)); });
}

Expr ravel(const Operand& x) {
  return built("ravel", {x}, [&] { return ir::ravel(value_of(x)); });
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
    return ir::squeeze(v, axes.list ? &chosen : nullptr);
  });
}

Expr broadcast_to(const Operand& x, Shape shape) {
  return built("broadcast_to", {x}, [&] { return ir::broadcast_to(value_of(x), shape); });
}

Expr concatenate(const Exprs& parts, int axis, Location where) {
  return built("concatenate", parts.list(), where,
               [&] { return ir::concatenate_promoted(detail::values_of(parts.list()), axis); });
}

Expr stack(const Exprs& parts, int axis, Location where) {
  return built("stack", parts.list(), where,
               [&] { return ir::stack(detail::values_of(parts.list()), axis); });
}

std::vector<Expr> split(const Operand& x, int parts, int axis) {
  std::vector<Expr> out;
  for (int k = 0; k < std::max(parts, 1); ++k)
    out.push_back(built("split", {x}, [&] { return ir::split(value_of(x), parts, k, axis); }));
  return out;
}

Expr flip(const Operand& x, Axes axes) {
  return built("flip", {x}, [&] {
    const ir::Value v = value_of(x);
    return ir::flip(v, detail::resolve(axes, v.rank()));
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
    return ir::cumsum_promoted(v, detail::resolve(axis, v.rank()));
  });
}

Expr matmul(const Operand& a, const Operand& b) {
  return built("matmul", {a, b}, [&] { return ir::matmul(value_of(a), value_of(b)); });
}

Expr dot(const Operand& a, const Operand& b) {
  return built("dot", {a, b}, [&] { return ir::dot(weak(a), weak(b)); });
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
