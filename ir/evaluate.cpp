#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "ir/composition.hpp"
#include "ir/evaluator.hpp"
#include "ir/require.hpp"

namespace croton::ir {

std::int64_t count_of(const Extents& shape) {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) product *= extent;
  return product;
}

std::int64_t Elements::count() const { return count_of(shape); }

Extents strides_of(const Extents& shape) {
  Extents strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

void for_each(const Extents& shape,
              const std::function<void(const Extents&, std::int64_t)>& visit) {
  Extents index(shape.size(), 0);
  const std::int64_t count = count_of(shape);
  for (std::int64_t i = 0; i < count; ++i) {
    visit(index, i);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

namespace {

std::int64_t offset(const Extents& index, const Extents& strides) {
  return std::inner_product(index.begin(), index.end(), strides.begin(), std::int64_t{0});
}

void copy(Elements& to, std::int64_t i, const Elements& from, std::int64_t j) {
  std::memcpy(to.at(i), from.at(j), to.size);
}

}  // namespace

std::vector<Elements> Evaluator::run(std::span<const Value> roots,
                                     std::span<const Binding> leaves) {
  bind(leaves);
  std::vector<Elements> out;
  for (const Value& root : roots) {
    evaluate(root);
    out.push_back(values_.at(root.node.get()));
  }
  return out;
}

void Evaluator::bind(std::span<const Binding> leaves) {
  for (const auto& [leaf, literal] : leaves) {
    const auto& name = leaf.node->attribute<std::string>("name");
    if (literal.dtype() != leaf.dtype() ||
        literal.shape().size() != static_cast<std::size_t>(leaf.rank()))
      throw UserError(fmt::format("{} : {} was given {}[{}]", name, text(leaf.type()),
                                  croton::name(literal.dtype()), fmt::join(literal.shape(), ", ")));
    for (std::size_t axis = 0; axis < literal.shape().size(); ++axis)
      if (const std::string symbol = leaf.shape()[axis].symbol(); !symbol.empty())
        symbols_.emplace(symbol, literal.shape()[axis]);
    values_[leaf.node.get()] = from_literal(literal);
  }
  for (const auto& [leaf, literal] : leaves)
    for (std::size_t axis = 0; axis < literal.shape().size(); ++axis)
      if (const std::int64_t wanted = dim(leaf.shape()[axis]); wanted != literal.shape()[axis])
        throw UserError(fmt::format(
            "{} is {} elsewhere, but axis {} of {} has {}", leaf.shape()[axis].text(), wanted, axis,
            leaf.node->attribute<std::string>("name"), literal.shape()[axis]));
}

std::int64_t Evaluator::dim(const Dim& d) const {
  return d.evaluate([&](const Dim::Atom& atom) {
    if (atom.kind == Dim::Atom::Kind::value) return integer(values_.at(atom.node.get()), 0);
    const auto it = symbols_.find(atom.name);
    if (it == symbols_.end()) throw UserError(fmt::format("the dim {} is not known", atom.name));
    return it->second;
  });
}

Extents Evaluator::extents(const Shape& shape) const {
  Extents out;
  for (const Dim& d : shape) out.push_back(dim(d));
  return out;
}

Elements Evaluator::empty(DType dtype, Extents shape) const {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw UserError(fmt::format("negative extent {}", extent));
    if (__builtin_mul_overflow(count, extent, &count)) count = max_elements_ + 1;
  }
  if (count > max_elements_)
    throw UserError(
        fmt::format("a value of shape [{}] is too large to evaluate", fmt::join(shape, ", ")));
  Elements out{dtype, std::move(shape), element_size(dtype), {}};
  out.bytes.resize(static_cast<std::size_t>(count) * out.size);
  return out;
}

// What a compiled function refuses before it computes anything.
void Evaluator::check(const NodePtr& node) const {
  if (node->op == Op::call) return;  // its body is checked
  for (const Require& require : requirements(node)) {
    const std::int64_t a = dim(require.a), b = dim(require.b);
    if (!require.holds(a, b)) throw UserError(broken(require, a, b), notes(require));
  }
}

void Evaluator::evaluate(const Value& root) {
  const std::vector<Value> roots{root};
  for (const NodePtr& node : topological_order(roots)) {
    if (values_.contains(node.get())) continue;
    check(node);
    Elements made = compute(node);
    alive_.push_back(node);
    values_.emplace(node.get(), std::move(made));
  }
}

Elements Evaluator::compute(const NodePtr& node) {
  std::vector<const Elements*> x;
  for (const Value& operand : node->operands) x.push_back(&values_.at(operand.node.get()));
  const OpInfo& row = info(node->op);
  switch (row.kind) {
    case OpKind::elementwise:
      for (const Elements* operand : x)
        if (operand->shape != x[0]->shape)
          throw UserError(fmt::format("{}: operands have shapes [{}] and [{}]", row.name,
                                      fmt::join(x[0]->shape, ", "),
                                      fmt::join(operand->shape, ", ")));
      return elementwise(*node, x);
    case OpKind::creation:
      break;
    case OpKind::movement:
      return movement(*node, x);
    case OpKind::indexing:
      return indexing(*node, x);
    case OpKind::reduction:
      if (node->op == Op::cumsum) return cumulative(*node, *x[0]);
      if (is_positional(node->op)) return position(*node, *x[0], extents(node->types[0].shape));
      return reduce(*node, *x[0], extents(node->types[0].shape));
    case OpKind::contraction:
      return contract(*node, *x[0], *x[1], extents(node->types[0].shape));
    default:
      CROTON_CHECK(node->op == Op::call, fmt::format("{} has no value", row.name));
      const Value body = expand(*node);
      evaluate(body);
      return values_.at(body.node.get());
  }
  if (node->op == Op::constant) {
    const Elements given = from_literal(node->attribute<Literal>("value"));
    if (!node->attribute<Literal>("value").is_scalar()) return given;
    Elements out = empty(given.dtype, extents(node->types[0].shape));
    for (std::int64_t i = 0; i < out.count(); ++i) copy(out, i, given, 0);
    return out;
  }
  if (node->op == Op::iota) {
    Elements out = empty(node->types[0].dtype, extents(node->types[0].shape));
    const auto axis = static_cast<std::size_t>(node->attribute<std::int64_t>("axis"));
    std::vector<Elements> numbers;
    for (std::int64_t i = 0; i < out.shape[axis]; ++i)
      numbers.push_back(from_literal(Literal::scalar_of(out.dtype, i)));
    for_each(out.shape, [&](const Extents& index, std::int64_t i) {
      copy(out, i, numbers[static_cast<std::size_t>(index[axis])], 0);
    });
    return out;
  }
  if (node->op == Op::dim)
    return from_literal(Literal::scalar(dim(node->attribute<Shape>("value")[0])));
  throw UserError(fmt::format("{} has no value", node->attribute<std::string>("name")));
}

Elements Evaluator::movement(const Node& node, const std::vector<const Elements*>& x) {
  Elements out = empty(node.types[0].dtype, extents(node.types[0].shape));
  const Elements& from = *x[0];
  const Extents strides = strides_of(from.shape);
  switch (node.op) {
    case Op::reshape:
      if (out.bytes.size() != from.bytes.size())
        throw UserError(fmt::format("reshape: [{}] to [{}]", fmt::join(from.shape, ", "),
                                    fmt::join(out.shape, ", ")));
      out.bytes = from.bytes;
      return out;
    case Op::transpose: {
      const auto& permutation = node.attribute<Integers>("permutation");
      for_each(out.shape, [&](const Extents& index, std::int64_t i) {
        std::int64_t at = 0;
        for (std::size_t axis = 0; axis < index.size(); ++axis)
          at += index[axis] * strides[static_cast<std::size_t>(permutation[axis])];
        copy(out, i, from, at);
      });
      return out;
    }
    case Op::broadcast: {
      const auto& axes = node.attribute<Integers>("axes");
      for (std::size_t axis = 0; axis < axes.size(); ++axis)
        if (from.shape[axis] != 1 &&
            from.shape[axis] != out.shape[static_cast<std::size_t>(axes[axis])])
          throw UserError(fmt::format("cannot broadcast [{}] to [{}]", fmt::join(from.shape, ", "),
                                      fmt::join(out.shape, ", ")));
      for_each(out.shape, [&](const Extents& index, std::int64_t i) {
        std::int64_t at = 0;
        for (std::size_t axis = 0; axis < axes.size(); ++axis)
          if (from.shape[axis] != 1)
            at += index[static_cast<std::size_t>(axes[axis])] * strides[axis];
        copy(out, i, from, at);
      });
      return out;
    }
    case Op::slice: {
      const Extents starts = extents(node.attribute<Shape>("starts"));
      const auto& steps = node.attribute<Integers>("steps");
      for_each(out.shape, [&](const Extents& index, std::int64_t i) {
        std::int64_t at = 0;
        for (std::size_t axis = 0; axis < index.size(); ++axis)
          at += (starts[axis] + index[axis] * steps[axis]) * strides[axis];
        copy(out, i, from, at);
      });
      return out;
    }
    default: {
      CROTON_CHECK(node.op == Op::concatenate, "a movement op without an evaluation");
      const auto axis = static_cast<std::size_t>(node.attribute<std::int64_t>("axis"));
      const Extents to = strides_of(out.shape);
      std::int64_t start = 0;
      for (const Elements* part : x) {
        for_each(part->shape, [&](const Extents& index, std::int64_t i) {
          copy(out, offset(index, to) + start * to[axis], *part, i);
        });
        start += part->shape[axis];
      }
      return out;
    }
  }
}

std::int64_t Evaluator::checked(const Elements& indices, std::int64_t at, std::int64_t extent,
                                std::int64_t axis) const {
  const std::int64_t given = integer(indices, at);
  const bool is_signed = indices.dtype != DType::u64;
  const std::int64_t index = given < 0 && is_signed ? given + extent : given;
  if (index < 0 || index >= extent)
    throw UserError(fmt::format(
        "index {} is out of bounds for axis {} with size {}",
        is_signed ? std::to_string(given) : std::to_string(static_cast<std::uint64_t>(given)), axis,
        extent));
  return index;
}

Elements Evaluator::indexing(const Node& node, const std::vector<const Elements*>& x) {
  if (node.op == Op::scatter_set || node.op == Op::scatter_add) return scattered(node, x);
  const Extents strides = strides_of(x[0]->shape);
  if (node.op == Op::gather) {
    Elements out = empty(node.types[0].dtype, extents(node.types[0].shape));
    const auto axis = static_cast<std::size_t>(node.attribute<std::int64_t>("axis"));
    const std::size_t arrays = x.size() - 1, places = x[1]->shape.size();
    const Extents place_strides = strides_of(x[1]->shape);
    for_each(out.shape, [&](const Extents& index, std::int64_t i) {
      std::int64_t place = 0, at = 0;
      for (std::size_t p = 0; p < places; ++p) place += index[axis + p] * place_strides[p];
      for (std::size_t a = 0; a < axis; ++a) at += index[a] * strides[a];
      for (std::size_t a = 0; a < arrays; ++a)
        at += strides[axis + a] *
              checked(*x[1 + a], place, x[0]->shape[axis + a], static_cast<std::int64_t>(axis + a));
      for (std::size_t a = axis + places; a < index.size(); ++a)
        at += index[a] * strides[a - places + arrays];
      copy(out, i, *x[0], at);
    });
    return out;
  }
  Elements out = *x[0];
  const Extents starts = extents(node.attribute<Shape>("starts"));
  const auto& steps = node.attribute<Integers>("steps");
  for_each(x[1]->shape, [&](const Extents& index, std::int64_t i) {
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis)
      at += (starts[axis] + index[axis] * steps[axis]) * strides[axis];
    if (node.op == Op::add_slice)
      add_into(out, at, *x[1], i);
    else
      copy(out, at, *x[1], i);
  });
  return out;
}

Elements Evaluator::scattered(const Node& node, const std::vector<const Elements*>& x) {
  Elements out = *x[0];
  const Extents strides = strides_of(out.shape);
  const auto axis = static_cast<std::size_t>(node.attribute<std::int64_t>("axis"));
  const std::size_t arrays = x.size() - 2, places = x[2]->shape.size();
  const Extents place_strides = strides_of(x[2]->shape), update_strides = strides_of(x[1]->shape);
  // Updates in ascending order of the place, so that later ones win and sums have one order.
  for_each(x[2]->shape, [&](const Extents& place_index, std::int64_t place) {
    std::int64_t base = 0, from = 0;
    for (std::size_t a = 0; a < arrays; ++a)
      base += strides[axis + a] *
              checked(*x[2 + a], place, out.shape[axis + a], static_cast<std::int64_t>(axis + a));
    for (std::size_t p = 0; p < places; ++p) from += place_index[p] * update_strides[axis + p];
    Extents rest;
    for (std::size_t a = 0; a < out.shape.size(); ++a)
      if (a < axis || a >= axis + arrays) rest.push_back(out.shape[a]);
    for_each(rest, [&](const Extents& index, std::int64_t) {
      std::int64_t to = base, at = from;
      for (std::size_t a = 0; a < index.size(); ++a) {
        to += index[a] * strides[a < axis ? a : a + arrays];
        at += index[a] * update_strides[a < axis ? a : a + places];
      }
      if (node.op == Op::scatter_add)
        add_into(out, to, *x[1], at);
      else
        copy(out, to, *x[1], at);
    });
  });
  return out;
}

Elements Evaluator::cumulative(const Node& node, const Elements& x) {
  Elements out = x;
  const auto axis = static_cast<std::size_t>(node.attribute<std::int64_t>("axis"));
  const bool reverse = node.attribute<bool>("reverse");
  const Elements zero = from_literal(Literal::scalar_of(x.dtype, std::int64_t{0}));
  const std::int64_t stride = strides_of(x.shape)[axis], extent = x.shape[axis];
  Extents others = x.shape;
  others[axis] = extent == 0 ? 0 : 1;
  const Extents strides = strides_of(x.shape);
  for_each(others, [&](const Extents& index, std::int64_t) {
    const std::int64_t base = offset(index, strides);
    Elements sum = zero;
    for (std::int64_t r = 0; r < extent; ++r) {
      const std::int64_t at = base + (reverse ? extent - 1 - r : r) * stride;
      add_into(sum, 0, x, at);
      copy(out, at, sum, 0);
    }
  });
  return out;
}

std::vector<std::int64_t> Evaluator::reduced_positions(const Extents& shape, const Integers& axes,
                                                       const Extents& kept_index) {
  const Extents strides = strides_of(shape);
  std::int64_t base = 0;
  Extents reduced, reduced_strides;
  std::size_t kept = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(axis)) != axes.end()) {
      reduced.push_back(shape[axis]);
      reduced_strides.push_back(strides[axis]);
    } else {
      base += kept_index[kept++] * strides[axis];
    }
  }
  std::vector<std::int64_t> positions;
  positions.reserve(static_cast<std::size_t>(count_of(reduced)));
  for_each(reduced, [&](const Extents& index, std::int64_t) {
    positions.push_back(base + offset(index, reduced_strides));
  });
  return positions;
}

}  // namespace croton::ir
