#include "passes/work.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "passes/fuse.hpp"

namespace croton::passes {
namespace {

using ir::Op;
using ir::OpKind;
using ir::Value;

// Of computing `v` from its operands.
Dim own_operations(const Value& v) {
  const ir::OpInfo& row = ir::info(v.op());
  switch (row.kind) {
    case OpKind::elementwise:
      return volume(v.shape()) * Dim(row.cost);
    case OpKind::reduction: {
      const int cost = row.combine ? ir::info(*row.combine).cost : 1;
      return volume(v.node->operands[0].shape()) * Dim(cost);
    }
    case OpKind::contraction: {
      std::map<std::int64_t, Dim> extents;
      for (const auto& [labels, operand] : {std::pair{"a", 0u}, std::pair{"b", 1u}}) {
        const auto& axes = v.node->attribute<ir::Integers>(labels);
        for (std::size_t i = 0; i < axes.size(); ++i)
          extents.emplace(axes[i], v.node->operands[operand].shape()[i]);
      }
      Dim all(2);
      for (const auto& [label, extent] : extents) all = all * extent;
      return all;
    }
    case OpKind::indexing:
      // Additions into places; reading and replacing compute nothing.
      return v.op() == Op::scatter_add || v.op() == Op::add_slice
                 ? volume(v.node->operands[1].shape())
                 : Dim(0);
    default:
      return Dim(0);
  }
}

void note_accesses(const ir::Region& region,
                   const std::unordered_map<const ir::Node*, std::size_t>& numbers, Access& out) {
  for (const ir::NodePtr& node : region.body) {
    if (node->op == Op::load || node->op == Op::store) {
      const bool store = node->op == Op::store;
      const auto it = numbers.find(node->operands[store ? 1 : 0].node.get());
      if (it != numbers.end()) (store ? out.writes : out.reads)[it->second] = true;
    }
    for (const ir::Region& inner : node->regions) note_accesses(inner, numbers, out);
  }
}

}  // namespace

Dim operations(const ir::Group& group, const std::vector<ir::Group>& groups) {
  std::unordered_set<const ir::Node*> kept;
  for (const ir::Group& any : groups)
    for (const Value& member : any.members) kept.insert(member.node.get());
  std::unordered_set<const ir::Node*> seen;
  Dim total(0);
  std::vector<Value> stack = group.members;
  while (!stack.empty()) {
    const Value v = stack.back();
    stack.pop_back();
    if (is_leaf(v) || !seen.insert(v.node.get()).second) continue;
    total = total + own_operations(v);
    for (const Value& operand : v.node->operands)
      if (!kept.contains(operand.node.get())) stack.push_back(operand);
  }
  return total;
}

Access access_of(const ir::NodePtr& kernel) {
  const ir::Region& region = kernel->regions[0];
  const std::size_t count = region.parameters.size();
  Access out{std::vector<bool>(count), std::vector<bool>(count)};
  std::unordered_map<const ir::Node*, std::size_t> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers[region.parameters[i].node.get()] = i;
  note_accesses(region, numbers, out);
  return out;
}

}  // namespace croton::passes
