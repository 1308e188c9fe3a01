#include "passes/lower_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ir/contract_order.hpp"

namespace croton::passes {

using ir::Integers;
using ir::Op;
using ir::Value;

namespace {

bool is_axis(const Integers& axes, std::int64_t axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

}  // namespace

Index bound(KernelBuilder& kernel, Index index) {
  for (Dim& d : index) d = kernel.bound(d);
  return index;
}

Shape reduced_shape(const Value& reduction) {
  const auto& axes = reduction.node->attribute<Integers>("axes");
  Shape shape;
  for (const std::int64_t axis : axes)
    shape.push_back(reduction.node->operands[0].shape()[static_cast<std::size_t>(axis)]);
  return shape;
}

Index operand_index(const Value& reduction, const Index& kept, const Dim& position) {
  const auto& axes = reduction.node->attribute<Integers>("axes");
  const Index reduced = delinearise(position, reduced_shape(reduction));
  Index index;
  std::size_t k = 0, r = 0;
  for (std::int64_t i = 0; i < reduction.node->operands[0].rank(); ++i)
    index.push_back(is_axis(axes, i) ? reduced[r++] : kept[k++]);
  return index;
}

Step step_of(Lowering& l, const Combiner& combiner, const Value& reduction, const Index& kept) {
  return [&l, combiner, reduction, kept](const Value& accumulator, const Dim& r) {
    return combine(l.kernel, combiner, accumulator,
                   l.scalars.at(reduction.node->operands[0], operand_index(reduction, kept, r)));
  };
}

void over_row(Lowering& l, const Shape& shape, Index prefix,
              const std::function<void(const Index&)>& visit, std::int64_t stream_from) {
  const std::size_t axis = prefix.size();
  if (axis == shape.size()) return visit(prefix);
  const auto next = [&](const Dim& i) {
    Index deeper = prefix;
    deeper.push_back(i);
    over_row(l, shape, std::move(deeper), visit, stream_from);
  };
  const std::string name(1, static_cast<char>('j' + std::min<std::size_t>(axis, 10)));
  const bool innermost = axis + 1 == shape.size();
  if (innermost)
    l.kernel.stream(name, "lanes", shape[axis], volume(shape), stream_from, next);
  else
    l.kernel.loop(name, "serial", 0, shape[axis], 1, next);
}

bool is_known(const Lowering& l, const Value& v) {
  return l.scalars.is_in_memory(v) ||
         std::find(l.group.members.begin(), l.group.members.end(), v) != l.group.members.end();
}

std::vector<Value> expression_of(const Lowering& l, const Value& v) {
  std::vector<Value> found, stack(v.node->operands.begin(), v.node->operands.end());
  while (!stack.empty()) {
    const Value next = stack.back();
    stack.pop_back();
    if (is_known(l, next) || std::find(found.begin(), found.end(), next) != found.end()) continue;
    found.push_back(next);
    stack.insert(stack.end(), next.node->operands.begin(), next.node->operands.end());
  }
  return found;
}

bool is_read_in_place(const Lowering& l, const Value& reader, const Value& v) {
  for (const Value& operand : reader.node->operands) {
    if (operand == v || is_known(l, operand)) continue;
    if (ir::is_elementwise(operand.op())) {
      if (!is_read_in_place(l, operand, v)) return false;
    } else {
      const std::vector<Value> below = expression_of(l, operand);
      if (std::find(below.begin(), below.end(), v) != below.end()) return false;
    }
  }
  return true;
}

Dim column_reduction_chunks(const Value& reduction) {
  const Dim rows = volume(reduced_shape(reduction));
  if (provably_less_equal(rows, Dim(ir::kColumnChunk))) return Dim(1);
  return Dim::max(Dim::floordiv(rows + Dim(ir::kColumnChunk - 1), Dim(ir::kColumnChunk)), 1);
}

}  // namespace croton::passes
