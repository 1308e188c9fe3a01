#include "tests/property/random_ops.hpp"

#include <algorithm>

#include "ir/builder.hpp"
#include "ir/composition.hpp"

namespace croton::test {

using namespace ir;

namespace {

class NodeMaker {
 public:
  NodeMaker(Pool& pool, Random& random) : pool_(pool), random_(random) {}

  Value make(const Cell& cell, const Value& x) {
    switch (info(cell.op).kind) {
      case OpKind::creation:
        return creation(cell.op, cell.dtype);
      case OpKind::elementwise:
        return elementwise(cell.op, x);
      case OpKind::reduction:
        return reduction(cell.op, x);
      case OpKind::movement:
        return movement(cell.op, x);
      case OpKind::indexing:
        return indexing(cell.op, x);
      case OpKind::contraction:
        return random_.chance(0.6) ? matrix_product(x) : product(x);
      default:
        return composition(composition_named(cell.name), x);
    }
  }

 private:
  std::int64_t axis_of(const Value& x) {
    return static_cast<std::int64_t>(random_.below(x.shape().size()));
  }

  // One axis or more, ascending.
  Integers some_axes(const Value& x) {
    Integers axes;
    for (std::int64_t i = 0; i < x.rank(); ++i)
      if (random_.chance(0.5)) axes.push_back(i);
    if (axes.empty()) axes.push_back(axis_of(x));
    return axes;
  }

  Integers permutation_of(std::size_t rank) {
    Integers out;
    for (std::size_t i = 0; i < rank; ++i) out.push_back(static_cast<std::int64_t>(i));
    for (std::size_t i = rank; i > 1; --i) std::swap(out[i - 1], out[random_.below(i)]);
    return out;
  }

  Value creation(Op op, DType dtype) {
    if (op == Op::iota)
      return iota(dtype, {pool_.n, pool_.m}, static_cast<std::int64_t>(random_.below(2)));
    if (op == Op::dim) return ir::dim(pool_.n * pool_.m + Dim(1));
    if (random_.chance(0.3)) return splat(random_literal(random_, dtype, {}), {pool_.n, pool_.m});
    return ir::constant(
        random_literal(random_, dtype, {static_cast<std::int64_t>(random_.below(4))}));
  }

  Value elementwise(Op op, const Value& a) {
    if (op == Op::cast) return pool_.settled(a, random_.of(sampled_dtypes()));
    const OpInfo& row = info(op);
    if (row.result == ResultDType::boolean) (void)pool_.settled(a, DType::boolean);
    std::vector<Operand> operands;
    if (op == Op::where) operands.emplace_back(pool_.settled(pool_.pick_like(a), DType::boolean));
    operands.emplace_back(prepared(row, a));
    while (static_cast<int>(operands.size()) < row.arity) {
      if (random_.chance(0.15) && in_domain(row.domain, DType::f64))
        operands.push_back(literal_for(a.dtype()));
      else
        operands.emplace_back(prepared(row, cast(pool_.pick_like(a), a.dtype())));
    }
    return ir::apply(op, std::span<const Operand>(operands));
  }

  // A number that rules look for, or any other one.
  Operand literal_for(DType dtype) {
    constexpr double halves[] = {0.5, -0.5, -0.0, 8, 1.5};
    constexpr std::int64_t whole[] = {1, 2, 3, 0};
    if (is_real(dtype) && random_.chance(0.3)) return random_.of(halves);
    if (is_real(dtype) && random_.chance(0.2)) return std::int64_t{-1};
    return random_.of(whole);
  }

  // Integers beyond some ops' reach become floating by promotion; bits and logic need casts.
  Value prepared(const OpInfo& row, const Value& v) {
    if (row.promotion == Promotion::logical) return pool_.settled(v, DType::boolean);
    if (row.promotion != Promotion::inexact && !in_domain(row.domain, v.dtype()))
      return pool_.settled(v, row.domain == Domain::integer_or_bool || row.domain == Domain::integer
                                  ? DType::i64
                                  : DType::f64);
    return v;
  }

  Value reduction(Op op, Value x) {
    if (x.rank() == 0) return {};
    if (info(op).promotion == Promotion::logical) x = pool_.settled(x, DType::boolean);
    if (!in_domain(info(op).domain, x.dtype())) x = pool_.settled(x, DType::i64);
    if (op == Op::cumsum) return cumsum(x, axis_of(x), random_.chance(0.5));
    const Integers axes = some_axes(x);
    if (!info(op).identity)  // an empty axis would be an error
      for (const std::int64_t axis : axes)
        if (pool_.extent(x.shape()[static_cast<std::size_t>(axis)]) == 0) return {};
    return ir::make(op, {x}, {axes});
  }

  Value movement(Op op, const Value& x) {
    const std::size_t rank = x.shape().size();
    switch (op) {
      case Op::transpose:
        return rank < 2 ? Value{} : transpose(x, permutation_of(rank));
      case Op::reshape:
        if (random_.chance(0.5) || rank > 2) return reshape(x, {volume(x.shape())});
        return expand_dims(x, {static_cast<std::int64_t>(random_.below(rank + 1))});
      case Op::broadcast: {
        Shape shape = x.shape();
        shape.insert(shape.begin(), random_.chance(0.5) ? pool_.n : Dim(3));
        return rank > 2 ? Value{} : broadcast_to(x, shape);
      }
      case Op::slice:
        return rank == 0 ? Value{} : slice(x);
      case Op::concatenate: {
        if (rank == 0) return {};
        const Value y = pool_.pick_with(
            [&](const Value& v) { return v.shape() == x.shape() && v.dtype() == x.dtype(); });
        return concatenate(random_.chance(0.2) ? std::vector<Value>{x, y ? y : x, x}
                                               : std::vector<Value>{x, y ? y : x},
                           axis_of(x));
      }
      default:
        throw InternalError("random graphs do not know the movement " + std::string(info(op).name));
    }
  }

  Value slice(const Value& x) {
    Shape starts, sizes;
    Integers steps;
    for (const Dim& d : x.shape()) {
      if (random_.chance(0.4) || pool_.extent(d) < 2) {
        starts.emplace_back(0), sizes.push_back(d), steps.push_back(1);
      } else if (random_.chance(0.5)) {
        starts.push_back(d - Dim(1)), sizes.push_back(d), steps.push_back(-1);
      } else {
        starts.emplace_back(1), sizes.push_back(Dim::floordiv(d, 2)),
            steps.push_back(random_.chance(0.5) ? 1 : 2);
        if (steps.back() == 2 && pool_.extent(d) % 2 == 1 && pool_.extent(d) < 3) steps.back() = 1;
      }
    }
    return slice_of(x, starts, sizes, steps);
  }

  Value indexing(Op op, const Value& x) {
    if (x.rank() == 0) return {};
    const auto axis = random_.below(x.shape().size());
    if (pool_.extent(x.shape()[axis]) == 0) return {};
    if (op == Op::set_slice || op == Op::add_slice) return slice_update(op, x, axis);
    const Shape places =
        random_.chance(0.3) ? Shape{} : Shape{random_.chance(0.5) ? pool_.m : Dim(4)};
    std::vector<Value> indices{pool_.indices_for(x.shape()[axis], places)};
    if (axis + 1 < x.shape().size() && random_.chance(0.2) && pool_.extent(x.shape()[axis + 1]) > 0)
      indices.push_back(pool_.indices_for(x.shape()[axis + 1], places));
    const auto at = static_cast<std::int64_t>(axis);
    const Value taken = ir::gather(x, at, indices);
    if (op == Op::gather) return taken;
    const bool same = op == Op::scatter_add && random_.chance(0.5);
    return scatter(op, x, same ? full_like(taken, 2) : taken, at, indices);
  }

  // The last place of an axis becomes, or takes, twice the first one.
  Value slice_update(Op op, const Value& x, std::size_t axis) {
    Shape starts, sizes;
    for (const Dim& own : x.shape()) starts.emplace_back(0), sizes.push_back(own);
    sizes[axis] = 1;
    const Integers steps(x.shape().size(), 1);
    const Value part = slice_of(x, starts, sizes, steps);
    starts[axis] = x.shape()[axis] - Dim(1);
    const Value update = cast(ir::apply(Op::add, {part, part}), x.dtype());
    return ir::make(op, {x, update}, {starts, steps});
  }

  // x · yᵀ, as matmul makes it.
  Value matrix_product(Value a) {
    if (a.rank() < 1 || a.rank() > 3) return {};
    if (a.dtype() == DType::boolean) a = cast(a, DType::f32);
    const Value b = pool_.pick_with([&](const Value& v) {
      return v.rank() >= 1 && v.rank() <= 3 && v.shape().back() == a.shape().back() &&
             (is_real(a.dtype()) || !is_real(v.dtype()));
    });
    const Value right = b ? cast(b, a.dtype()) : a;
    if (right.rank() < 2) return matmul(a, right);
    Integers swapped;
    for (std::int64_t i = 0; i < right.rank(); ++i) swapped.push_back(i);
    std::swap(swapped[swapped.size() - 1], swapped[swapped.size() - 2]);
    return matmul(a, transpose(right, swapped));
  }

  // Any labels: equal extents are shared, some of those summed over; results in any order.
  Value product(Value a) {
    if (a.rank() > 3) return {};
    if (a.dtype() == DType::boolean) a = cast(a, DType::f32);
    const Value other = pool_.pick_with([&](const Value& v) {
      return v.rank() <= 3 && (is_real(a.dtype()) || !is_real(v.dtype()));
    });
    const Value b = other ? cast(other, a.dtype()) : a;
    Integers left, right, out;
    for (std::int64_t i = 0; i < a.rank(); ++i) left.push_back(i);
    std::int64_t fresh = a.rank();
    for (const Dim& d : b.shape()) {
      std::int64_t label = fresh;
      for (std::int64_t i = 0; i < a.rank() && label == fresh; ++i)
        if (a.shape()[static_cast<std::size_t>(i)] == d &&
            std::find(right.begin(), right.end(), i) == right.end() && random_.chance(0.7))
          label = i;
      right.push_back(label);
      if (label == fresh) ++fresh;
    }
    for (const std::int64_t i : permutation_of(static_cast<std::size_t>(fresh))) {
      const bool shared = i < a.rank() && std::find(right.begin(), right.end(), i) != right.end();
      if (!shared || random_.chance(0.3)) out.push_back(i);
    }
    return out.size() > 4 ? Value{} : contract(a, b, left, right, out);
  }

  Value composition(const Composition& wanted, Value x) {
    if (x.rank() == 0 || pool_.count(x) == 0) return {};
    if (!is_real(x.dtype())) x = cast(x, random_.chance(0.5) ? DType::f32 : DType::f64);
    std::vector<Value> operands{x};
    if (wanted.name == "cross_entropy") {
      const Shape rows(x.shape().begin(), x.shape().end() - 1);
      operands.push_back(pool_.indices_for(x.shape().back(), rows));
    }
    while (static_cast<int>(operands.size()) < wanted.arity)
      operands.push_back(operands.size() == 1 ? full(x.dtype(), {x.shape().back()}, 1.5) : x);
    if (wanted.name == "layer_norm") operands[1] = broadcast_to(operands[1], x.shape());
    NamedAttributes attributes;
    for (const auto& [name, otherwise] : wanted.defaults()) {
      if (name == "axis") attributes.emplace_back(name, axis_of(x));
      if (name == "axes") attributes.emplace_back(name, some_axes(x));
      if (name == "ddof") attributes.emplace_back(name, std::int64_t{random_.chance(0.3)});
    }
    return call(wanted.name, operands, attributes);
  }

  Pool& pool_;
  Random& random_;
};

}  // namespace

Value random_node(Pool& pool, const Cell& cell, const Value& x) {
  return NodeMaker(pool, pool.random).make(cell, x);
}

Value operand_of(Pool& pool, const Cell& cell) {
  const OpKind kind = info(cell.op).kind;
  if (kind == OpKind::creation) return {};
  return pool.pick_of(cell.dtype, kind == OpKind::elementwise ? 0
                                  : cell.op == Op::transpose  ? 2
                                                              : 1);
}

}  // namespace croton::test
