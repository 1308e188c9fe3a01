// Random well-typed graphs from the op table, with sample values for their inputs.
#pragma once

#include <string>
#include <vector>

#include "ir/evaluate.hpp"
#include "ir/module.hpp"
#include "tests/property/cells.hpp"
#include "tests/property/random.hpp"

namespace croton::test {

struct Sample {
  ir::Module module;
  std::vector<ir::Literal> arguments;  // one per input
  std::vector<ir::Literal> state;      // one per update of the module: the variable's first value
  std::string math = "standard";
  [[nodiscard]] std::vector<ir::Binding> bindings() const;
  /// Counts the nodes that the module's roots reach.
  void count(Coverage& coverage) const;
};

/// A graph of about `size` ops over inputs whose dims are n and m, symbols or their values, with
/// rules' left sides among them, several outputs and updates of shared variables. Most extents are
/// small; some stand at the borders of lanes and chunks. It depends on the seed alone: graph number
/// k holds the next rule and the next cells of the tables; `full_cycle()` graphs in a row hold
/// every rule four times and every cell twice: what one graph makes of a rule's operands by chance,
/// such as numbers that fold, another one does not.
[[nodiscard]] Sample random_sample(std::uint64_t seed, int size);
[[nodiscard]] std::size_t full_cycle();

}  // namespace croton::test
