#include "passes/rewrite.hpp"

#include <fmt/format.h>

#include <functional>
#include <unordered_map>

#include "ir/builder.hpp"

namespace croton::passes {
namespace {

constexpr int kMaxRewrites = 64;

}  // namespace

std::vector<ir::Value> rewrite(std::span<const ir::Value> roots, std::span<const Rule> rules,
                               std::map<std::string, int>* fired) {
  using ir::Value;
  std::unordered_map<ir::Op, std::vector<const Rule*>> by_root;
  for (const Rule& rule : rules) by_root[rule.root].push_back(&rule);
  std::unordered_map<const ir::Node*, Value> done;
  std::vector<Value> alive;  // keys of `done` must not be freed and reused

  // One node whose operands are done: rules until none fires. A replacement may hold new nodes,
  // whose operands are visited in turn.
  const std::function<Value(const Value&, int)> finish = [&](const Value& start,
                                                             int depth) -> Value {
    const std::vector<Value> top{start};
    alive.push_back(start);
    for (const ir::NodePtr& node : ir::topological_order(top)) {
      if (done.contains(node.get())) continue;
      if (node->types.size() != 1) {
        done.emplace(node.get(), Value{node, 0});
        continue;
      }
      std::vector<Value> operands;
      for (const Value& operand : node->operands) {
        const auto it = done.find(operand.node.get());
        operands.push_back(it == done.end() ? operand : it->second);
      }
      Value current{
          ir::info(node->op).has_identity ? node : ir::with_operands(node, std::move(operands)), 0};
      const auto it = by_root.find(current.op());
      if (it != by_root.end()) {
        for (const Rule* rule : it->second) {
          const Value next = rule->apply(current);
          if (!next || next == current) continue;
          CROTON_CHECK(next.type() == current.type(),
                       fmt::format("the rule {} changes {} to {}", rule->name,
                                   ir::text(current.type()), ir::text(next.type())));
          CROTON_CHECK(depth < kMaxRewrites,
                       fmt::format("the rule {} does not come to an end", rule->name));
          next.node->inherit(*current.node);
          if (fired) ++(*fired)[std::string(rule->name)];
          current = finish(next, depth + 1);
          break;
        }
      }
      done.emplace(node.get(), current);
    }
    return done.at(start.node.get());
  };
  std::vector<Value> out;
  for (const Value& root : roots) out.push_back(finish(root, 0));
  return out;
}

}  // namespace croton::passes
