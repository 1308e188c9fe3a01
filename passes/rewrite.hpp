// The one driver of rewrites over a graph. Producers are rewritten before their users; a node is
// offered to every rule of its op until none fires; replacements keep the sites and labels of what
// they replace. The work is linear in the number of nodes for rules that make nodes of bounded
// number.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "ir/node.hpp"

namespace croton::passes {

struct Rule {
  std::string_view name;
  ir::Op root;
  /// The replacement, of the root's type, or an empty value when the rule does not apply.
  ir::Value (*apply)(const ir::Value& root);
};

/// Rewrites what `roots` reach. Throws InternalError naming the rule when one node is rewritten
/// more than 64 times. `left`: how many rewrites may still fire; negative is no limit.
[[nodiscard]] std::vector<ir::Value> rewrite(std::span<const ir::Value> roots,
                                             std::span<const Rule> rules,
                                             std::map<std::string, int>* fired = nullptr,
                                             long* left = nullptr);

[[nodiscard]] std::span<const Rule> stabilize_rules();
[[nodiscard]] std::span<const Rule> canonicalize_rules();
[[nodiscard]] std::span<const Rule> expand_rules();
[[nodiscard]] std::span<const Rule> fma_rules();

}  // namespace croton::passes
