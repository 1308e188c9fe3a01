#include "passes/rewrite.hpp"

#include <fmt/format.h>

#include <functional>
#include <unordered_map>

#include "ir/builder.hpp"

namespace croton::passes {
namespace {

using ir::Value;

constexpr int kMaxRewrites = 64;

class Driver {
 public:
  Driver(std::span<const Rule> rules, std::map<std::string, int>* fired, long* left)
      : fired_(fired), left_(left) {
    for (const Rule& rule : rules) by_root_[rule.root].push_back(&rule);
  }

  std::vector<Value> run(std::span<const Value> roots) {
    std::vector<Value> out;
    for (const Value& root : roots) {
      const NodePtr done = finish(root.node, 0);
      out.push_back(done == root.node ? root : Value{done, root.index});
    }
    return out;
  }

 private:
  using NodePtr = ir::NodePtr;

  // Producers before users, without entering what is done; iterative, since graphs may be deep. A
  // replacement may hold new nodes, which are finished in turn.
  NodePtr finish(const NodePtr& start, int depth) {
    std::vector<std::pair<NodePtr, std::size_t>> stack{{start, 0}};
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (done_.contains(node.get())) {
        stack.pop_back();
      } else if (next < node->operands.size()) {
        const NodePtr below = node->operands[next++].node;
        if (!done_.contains(below.get())) stack.emplace_back(below, 0);
      } else {
        const NodePtr finished = node;
        stack.pop_back();
        NodePtr result = rewritten(finished, depth);
        alive_.push_back(finished);
        done_.emplace(finished.get(), std::move(result));
      }
    }
    return done_.at(start.get());
  }

  NodePtr rewritten(const NodePtr& node, int depth) {
    if (ir::info(node->op).has_identity) return node;
    std::vector<Value> operands;
    for (const Value& operand : node->operands)
      operands.push_back({done_.at(operand.node.get()), operand.index});
    const Value current{ir::with_operands(node, std::move(operands)), 0};
    const auto rules = by_root_.find(current.op());
    if (rules == by_root_.end() || (left_ != nullptr && *left_ == 0)) return current.node;
    for (const Rule* rule : rules->second) {
      const Value next = rule->apply(current);
      if (!next || next == current) continue;
      CROTON_CHECK(next.type() == current.type(),
                   fmt::format("the rule {} changes {} to {}", rule->name, ir::text(current.type()),
                               ir::text(next.type())));
      CROTON_CHECK(depth < kMaxRewrites,
                   fmt::format("the rule {} does not come to an end", rule->name));
      next.node->inherit(*current.node);
      if (fired_) ++(*fired_)[std::string(rule->name)];
      if (left_ != nullptr && *left_ > 0) --*left_;
      return finish(next.node, depth + 1);
    }
    return current.node;
  }

  std::unordered_map<ir::Op, std::vector<const Rule*>> by_root_;
  std::unordered_map<const ir::Node*, NodePtr> done_;
  std::vector<NodePtr> alive_;  // keys of done_ must not be freed and reused
  std::map<std::string, int>* fired_;
  long* left_;
};

}  // namespace

std::vector<ir::Value> rewrite(std::span<const ir::Value> roots, std::span<const Rule> rules,
                               std::map<std::string, int>* fired, long* left) {
  return Driver(rules, fired, left).run(roots);
}

}  // namespace croton::passes
