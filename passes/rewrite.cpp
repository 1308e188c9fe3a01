#include "passes/rewrite.hpp"

#include <fmt/format.h>

#include <functional>
#include <unordered_map>

#include "ir/builder.hpp"

namespace croton::passes {
namespace {

using ir::Value;

constexpr int kMaxRewrites = 64;
constexpr int kMaxRounds = 8;

class Driver {
 public:
  Driver(std::span<const RuleSet> sets, const RewriteOptions& options)
      : options_(options), context_(options.context) {
    context_.uses = &uses_;
    for (const RuleSet& set : sets)
      for (const Rule& rule : set.rules) {
        if ((rule.effects & ~options.tolerated) != 0) continue;
        for (std::size_t op = 0; op < by_op_.size(); ++op)
          if (rule.may_start_at(static_cast<ir::Op>(op))) by_op_[op].push_back(&rule);
      }
  }

  std::vector<Value> run(std::span<const Value> roots) {
    for (const NodePtr& node : ir::topological_order(roots))
      for (const Value& operand : node->operands) ++uses_[operand.node.get()];
    for (const Value& root : roots) ++uses_[root.node.get()];
    std::vector<Value> out;
    for (const Value& root : roots) {
      const NodePtr done = finish(root.node, 0);
      out.push_back(done == root.node ? root : Value{done, root.index});
    }
    return out;
  }

  [[nodiscard]] bool fired() const { return fired_; }

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
    // What stands for a node is used as often as the node was.
    const auto known = uses_.find(node.get());
    const int uses = known == uses_.end() ? 1 : known->second;
    uses_.try_emplace(current.node.get(), uses);
    alive_.push_back(current.node);
    if (options_.left != nullptr && *options_.left == 0) return current.node;
    for (const Rule* rule : by_op_[static_cast<std::size_t>(current.op())]) {
      const Value next = rule->apply(current, context_);
      if (!next || next == current) continue;
      CROTON_CHECK(next.type() == current.type(),
                   fmt::format("the rule {} changes {} to {}", rule->name, ir::text(current.type()),
                               ir::text(next.type())));
      CROTON_CHECK(depth < kMaxRewrites,
                   fmt::format("the rule {} does not come to an end", rule->name));
      ir::inherit_through(next.node, *current.node);
      fired_ = true;
      if (options_.fired) ++(*options_.fired)[std::string(rule->name)];
      if (options_.log) options_.log->push_back({rule->name, current.node, next.node});
      if (options_.left != nullptr && *options_.left > 0) --*options_.left;
      uses_.try_emplace(next.node.get(), uses);
      return finish(next.node, depth + 1);
    }
    return current.node;
  }

  std::vector<std::vector<const Rule*>> by_op_{ir::all_ops().size()};
  std::unordered_map<const ir::Node*, NodePtr> done_;
  std::vector<NodePtr> alive_;  // keys of done_ and uses_ must not be freed and reused
  std::unordered_map<const ir::Node*, int> uses_;
  bool fired_ = false;
  const RewriteOptions& options_;
  RuleContext context_;
};

}  // namespace

std::vector<ir::Value> rewrite(std::span<const ir::Value> roots, std::span<const RuleSet> sets,
                               const RewriteOptions& options) {
  // A rewrite may take away the other uses of a value that a rule asks to be the only one, so
  // rounds follow until nothing fires.
  std::vector<ir::Value> now(roots.begin(), roots.end());
  for (int round = 0; round < kMaxRounds; ++round) {
    Driver driver(sets, options);
    now = driver.run(now);
    if (!driver.fired()) break;
  }
  return now;
}

}  // namespace croton::passes
