// The one driver of rewrites over a graph. Producers are rewritten before their users; a node is
// offered to every rule that may start at its op until none fires; replacements keep the sites and
// labels of what they replace. The work is linear in the number of nodes for rules that make nodes
// of bounded number.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "passes/rule.hpp"

namespace croton::passes {

/// One rewrite that fired. The nodes need not be part of the result: later rewrites may replace
/// them.
struct Rewritten {
  std::string_view rule;
  ir::NodePtr before, after;
};

struct RewriteOptions {
  std::uint32_t tolerated = ~0u;  // rules that declare other effects do not act
  RuleContext context{};
  std::map<std::string, int>* fired = nullptr;  // how often each rule fired
  std::vector<Rewritten>* log = nullptr;        // every rewrite, in order
  /// How many rewrites may still fire; negative is no limit.
  long* left = nullptr;
};

/// Rewrites what `roots` reach, until no rule fires. Throws InternalError naming the rule when one
/// node is rewritten more than 64 times, or when a rule changes a type.
[[nodiscard]] std::vector<ir::Value> rewrite(std::span<const ir::Value> roots,
                                             std::span<const RuleSet> sets,
                                             const RewriteOptions& options = {});

}  // namespace croton::passes
