#include "passes/scalars.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Literal;
using ir::Op;
using ir::Value;

std::string key(const Value& v, const Index& index) {
  std::string out = fmt::format("{}.{}", v.node->serial, v.index);
  for (const Dim& dim : index) out += "," + dim.text();
  return out;
}

// The index into a reshape's operand. Axes that match from both ends are passed through, so that
// adding or dropping an axis of extent 1 costs no division.
Index through_reshape(const Index& index, const Shape& to, const Shape& from) {
  Index core;
  Shape core_to, core_from;
  for (std::size_t i = 0; i < to.size(); ++i)
    if (!to[i].is(1)) core.push_back(index[i]), core_to.push_back(to[i]);
  for (const Dim& dim : from)
    if (!dim.is(1)) core_from.push_back(dim);
  std::size_t head = 0;
  while (head < core_to.size() && head < core_from.size() && core_to[head] == core_from[head])
    ++head;
  std::size_t tail = 0;
  while (tail + head < core_to.size() && tail + head < core_from.size() &&
         core_to[core_to.size() - 1 - tail] == core_from[core_from.size() - 1 - tail])
    ++tail;
  const auto middle = [&](const Shape& s) {
    return Shape(s.begin() + static_cast<std::ptrdiff_t>(head),
                 s.end() - static_cast<std::ptrdiff_t>(tail));
  };
  const Index inner(core.begin() + static_cast<std::ptrdiff_t>(head),
                    core.end() - static_cast<std::ptrdiff_t>(tail));
  Index mapped(core.begin(), core.begin() + static_cast<std::ptrdiff_t>(head));
  const Shape middle_from = middle(core_from);
  if (!middle_from.empty()) {
    const Index part = delinearise(linearise(inner, middle(core_to)), middle_from);
    mapped.insert(mapped.end(), part.begin(), part.end());
  }
  mapped.insert(mapped.end(), core.end() - static_cast<std::ptrdiff_t>(tail), core.end());
  Index out;
  std::size_t next = 0;
  for (const Dim& dim : from) out.push_back(dim.is(1) ? Dim(0) : mapped[next++]);
  return out;
}

}  // namespace

Dim linearise(const Index& index, const Shape& shape) {
  Dim position(0);
  for (std::size_t i = 0; i < shape.size(); ++i) position = position * shape[i] + index[i];
  return position;
}

Index delinearise(Dim position, const Shape& shape) {
  Index index(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    index[i] = i == 0 ? position : Dim::mod(position, shape[i]);
    position = Dim::floordiv(position, shape[i]);
  }
  return index;
}

bool is_one_hot_scatter(const ir::Node& node) {
  if (node.op != Op::scatter_add || node.operands.size() != 4) return false;
  const std::optional<Literal> base = ir::splat_value(node.operands[0]);
  const Value& rows = node.operands[2];
  return base && base->as_double() == 0 && node.operands[0].rank() == 2 && rows.op() == Op::iota &&
         rows.rank() == 1 && rows.shape()[0] == node.operands[0].shape()[0];
}

void Scalars::define(const Value& v, const Index& index, const Value& scalar) {
  kernel_.remember(key(v, index), scalar);
}

Value Scalars::at(const Value& v, const Index& index) {
  const std::string k = key(v, index);
  if (const Value* known = kernel_.find(k)) return *known;
  const auto buffer = buffers_.find(v);
  Value made = callback_ ? callback_(v, index) : Value{};
  if (!made) {
    const bool loaded = buffer != buffers_.end();
    made = loaded ? kernel_.load(buffer->second, index) : compute(v, index);
    // The statement leads to the line that wrote the value.
    if (loaded || ir::is_elementwise(v.op())) made.node->inherit(*v.node);
  }
  kernel_.remember(k, made);
  return made;
}

Value Scalars::compute(const Value& v, const Index& index) {
  const ir::Node& node = *v.node;
  const auto operand = [&](std::size_t i) { return node.operands[i]; };
  if (ir::is_elementwise(node.op)) {
    std::vector<Value> operands;
    for (const Value& o : node.operands) operands.push_back(at(o, index));
    return kernel_.scalar(node.op, std::move(operands), node.attributes);
  }
  switch (node.op) {
    case Op::constant:
      return table(v, index);
    case Op::iota: {
      const Value position =
          kernel_.index(index[static_cast<std::size_t>(node.attribute<std::int64_t>("axis"))]);
      if (v.dtype() == DType::i64) return position;
      return kernel_.scalar(Op::cast, {position}, {v.dtype()});
    }
    case Op::dim:
      return kernel_.index(node.attribute<Shape>("value")[0]);
    case Op::reshape:
      return at(operand(0), through_reshape(index, v.shape(), operand(0).shape()));
    case Op::transpose: {
      const auto& permutation = node.attribute<Integers>("permutation");
      Index mapped(index.size());
      for (std::size_t i = 0; i < index.size(); ++i)
        mapped[static_cast<std::size_t>(permutation[i])] = index[i];
      return at(operand(0), mapped);
    }
    case Op::broadcast: {
      const auto& axes = node.attribute<Integers>("axes");
      Index mapped;
      for (std::size_t i = 0; i < axes.size(); ++i)
        mapped.push_back(operand(0).shape()[i].is(1) ? Dim(0)
                                                     : index[static_cast<std::size_t>(axes[i])]);
      return at(operand(0), mapped);
    }
    case Op::slice: {
      const auto& starts = node.attribute<Shape>("starts");
      const auto& steps = node.attribute<Integers>("steps");
      Index mapped;
      for (std::size_t i = 0; i < index.size(); ++i)
        mapped.push_back(starts[i] + index[i] * Dim(steps[i]));
      return at(operand(0), mapped);
    }
    case Op::concatenate:
      return concatenated(node, index);
    case Op::gather:
      return gathered(node, index);
    case Op::set_slice:
    case Op::add_slice:
      return sliced_update(node, index);
    case Op::scatter_add:
      return one_hot_scatter(node, index);
    default:
      CROTON_CHECK(false, fmt::format("{} has no scalar form", ir::info(node.op).name));
  }
}

Value Scalars::table(const Value& v, const Index& index) {
  const auto& literal = v.node->attribute<Literal>("value");
  if (literal.is_scalar()) return kernel_.scalar(ir::constant(literal));
  return kernel_.load(kernel_.scalar(v), index);
}

Dim Scalars::checked_index(const Value& indices, const Index& place, const Dim& extent,
                           std::int64_t axis, const ir::Node& origin) {
  // A position known to lie inside needs no check: arange over the axis itself.
  if (indices.op() == Op::iota && provably_less_equal(indices.shape()[0], extent)) {
    const Value wide = at(indices, place);
    if (wide.op() == Op::index) return wide.node->attribute<Shape>("value")[0];
  }
  const std::string k = key(indices, place) + " checked " + extent.text();
  if (const Value* known = kernel_.find(k)) return dim_of(*known);
  Value clamped;
  const auto check = [&](const Value& any_step) {
    clamped = clamped_index(indices, place, extent, axis, origin, any_step);
  };
  // One check serves every step of the loops inside.
  if (is_plain(indices))
    kernel_.before_loops(place, check);
  else
    check({});
  kernel_.remember(k, clamped);
  return dim_of(clamped);
}

Value Scalars::clamped_index(const Value& indices, const Index& place, const Dim& extent,
                             std::int64_t axis, const ir::Node& origin, const Value& any_step) {
  const Value raw = at(indices, place);
  const Value wide =
      raw.dtype() == DType::i64 ? raw : kernel_.scalar(Op::cast, {raw}, {DType::i64});
  const Value size = kernel_.index(extent), zero = kernel_.constant(DType::i64, 0);
  // What u64 has beyond i64 lies outside, and does not count from the end.
  Value position = wide;
  if (raw.dtype() != DType::u64)
    position = kernel_.scalar(Op::where, {kernel_.scalar(Op::lt, {wide, zero}),
                                          kernel_.scalar(Op::add, {wide, size}), wide});
  const Value low = kernel_.scalar(Op::lt, {position, zero});
  const Value high = kernel_.scalar(Op::ge, {position, size});
  Value outside = kernel_.scalar(Op::logical_or, {low, high});
  if (any_step) outside = kernel_.scalar(Op::logical_and, {outside, any_step});
  // Names with braces would be taken for the places of values.
  std::string where;
  if (indices.op() == Op::input || indices.op() == Op::shared)
    if (const auto& name = indices.node->attribute<std::string>("name");
        name.find('{') == std::string::npos)
      where = "; it stands in " + name;
  kernel_.fail_if(outside,
                  fmt::format("index {{{}}} is out of bounds for axis {} with size {{1}}{}",
                              raw.dtype() == DType::u64 ? "u0" : "0", axis, where),
                  {wide, size}, origin);
  const Value last = kernel_.scalar(Op::sub, {size, kernel_.constant(DType::i64, 1)});
  return kernel_.scalar(Op::maximum, {kernel_.scalar(Op::minimum, {position, last}), zero});
}

// Its elements can be computed at any place of the kernel: from memory and numbers alone.
bool Scalars::is_plain(const Value& v) const {
  std::vector<Value> stack{v};
  for (std::size_t seen = 0; !stack.empty(); ++seen) {
    const Value next = stack.back();
    stack.pop_back();
    if (is_in_memory(next)) continue;
    const ir::OpKind kind = ir::info(next.op()).kind;
    if (kind != ir::OpKind::elementwise && kind != ir::OpKind::movement &&
        kind != ir::OpKind::creation)
      return false;
    constexpr std::size_t kMost = 100;
    if (seen > kMost) return false;
    stack.insert(stack.end(), next.node->operands.begin(), next.node->operands.end());
  }
  return true;
}

Value Scalars::gathered(const ir::Node& node, const Index& index) {
  const Value& x = node.operands[0];
  const auto axis = static_cast<std::size_t>(node.attribute<std::int64_t>("axis"));
  const std::size_t arrays = node.operands.size() - 1;
  const std::size_t places = node.operands[1].shape().size();
  const Index place(index.begin() + static_cast<std::ptrdiff_t>(axis),
                    index.begin() + static_cast<std::ptrdiff_t>(axis + places));
  Index mapped(index.begin(), index.begin() + static_cast<std::ptrdiff_t>(axis));
  for (std::size_t i = 0; i < arrays; ++i)
    mapped.push_back(checked_index(node.operands[1 + i], place, x.shape()[axis + i],
                                   static_cast<std::int64_t>(axis + i), node));
  mapped.insert(mapped.end(), index.begin() + static_cast<std::ptrdiff_t>(axis + places),
                index.end());
  return at(x, mapped);
}

// A part is read only where the position falls into it: one without elements need not even have
// memory, and the compiler divides loops at the borders of branches, not of choices.
Value Scalars::concatenated(const ir::Node& node, const Index& index) {
  const auto axis = static_cast<std::size_t>(node.attribute<std::int64_t>("axis"));
  if (const auto known = parts_.find(&node);
      known != parts_.end() && known->second.second == index[axis]) {
    const std::size_t part = known->second.first;
    Index mapped = index;
    for (std::size_t i = 0; i < part; ++i)
      mapped[axis] = mapped[axis] - node.operands[i].shape()[axis];
    return at(node.operands[part], mapped);
  }
  std::vector<Value> parts;
  for (const Value& part : node.operands)
    if (!part.shape()[axis].is(0)) parts.push_back(part);
  // Without any element nothing is read; a value is still named.
  if (parts.empty()) return kernel_.constant(node.types[0].dtype, 0);
  if (parts.size() == 1) return at(parts[0], index);
  const Value position = kernel_.index(index[axis]);
  const Value result = kernel_.alloc("part", node.types[0].dtype, {1}, ir::Space::local);
  Dim start(0);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Value& part = parts[i];
    const Dim end = start + part.shape()[axis];
    Value inside;
    if (!start.is(0)) inside = kernel_.scalar(Op::ge, {position, kernel_.index(start)});
    if (i + 1 < parts.size()) {
      const Value before = kernel_.scalar(Op::lt, {position, kernel_.index(end)});
      inside = inside ? kernel_.scalar(Op::logical_and, {inside, before}) : before;
    }
    Index mapped = index;
    mapped[axis] = index[axis] - start;
    kernel_.branch(inside, [&] { kernel_.store(at(part, mapped), result, {Dim(0)}); });
    start = end;
  }
  return kernel_.load(result, {Dim(0)});
}

Value Scalars::sliced_update(const ir::Node& node, const Index& index) {
  const Value &x = node.operands[0], &update = node.operands[1];
  const Value base = at(x, index);
  for (const Dim& dim : update.shape())
    if (dim.is(0)) return base;
  const auto& starts = node.attribute<Shape>("starts");
  const auto& steps = node.attribute<Integers>("steps");
  Value inside;
  Index mapped;
  const auto also = [&](const Value& condition) {
    inside = inside ? kernel_.scalar(Op::logical_and, {inside, condition}) : condition;
  };
  for (std::size_t i = 0; i < index.size(); ++i) {
    const Dim distance = index[i] - starts[i];
    const Dim step(steps[i]);
    const Dim place = Dim::floordiv(steps[i] < 0 ? Dim(-1) * distance : distance,
                                    Dim(steps[i] < 0 ? -steps[i] : steps[i]));
    const Dim extent = update.shape()[i];
    if (!(steps[i] == 1 && starts[i].is(0) && extent == x.shape()[i])) {
      const Value p = kernel_.index(place);
      also(kernel_.scalar(Op::ge, {p, kernel_.constant(DType::i64, 0)}));
      also(kernel_.scalar(Op::lt, {p, kernel_.index(extent)}));
      if (steps[i] != 1 && steps[i] != -1)
        also(kernel_.scalar(Op::eq, {kernel_.index(place * step), kernel_.index(distance)}));
      mapped.push_back(Dim::max(Dim::min(place, extent - Dim(1)), Dim(0)));
    } else {
      mapped.push_back(index[i]);
    }
  }
  const auto combined = [&] {
    const Value changed = at(update, mapped);
    return node.op == Op::add_slice ? kernel_.scalar(Op::add, {base, changed}) : changed;
  };
  if (!inside) return combined();
  const bool certain =
      std::all_of(update.shape().begin(), update.shape().end(),
                  [](const Dim& extent) { return provably_less_equal(Dim(1), extent); });
  if (certain) return kernel_.scalar(Op::where, {inside, combined(), base});
  // An update that may have no elements is read only where there are some.
  const Value cell = kernel_.alloc("part", node.types[0].dtype, {1}, ir::Space::local);
  kernel_.store(base, cell, {Dim(0)});
  kernel_.branch(inside, [&] { kernel_.store(combined(), cell, {Dim(0)}); });
  return kernel_.load(cell, {Dim(0)});
}

// scatter_add(0, u, {iota, labels}) at (i, j) is u[i] where labels[i] == j, else 0.
Value Scalars::one_hot_scatter(const ir::Node& node, const Index& index) {
  CROTON_CHECK(is_one_hot_scatter(node), "a general scatter is a kernel of its own");
  const Index row{index[0]};
  const Dim label = checked_index(node.operands[3], row, node.operands[0].shape()[1], 1, node);
  const Value hit = kernel_.scalar(Op::eq, {kernel_.index(index[1]), kernel_.index(label)});
  const Value update = at(node.operands[1], row), zero = kernel_.constant(update.dtype(), 0);
  // Added to 0, as the scatter does: an update of -0 gives +0.
  return kernel_.scalar(Op::where, {hit, kernel_.scalar(Op::add, {zero, update}), zero});
}

}  // namespace croton::passes
