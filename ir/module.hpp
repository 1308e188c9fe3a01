// A module: what one call of compile works on, at every level.
//
// Tensor level: inputs, outputs and updates are the graph. After fuse, the graph consists of
// `group` and `contract` nodes and leaves. After lower, `kernels` holds one kernel node per group
// and `plan` launches them; inputs, outputs and updates stay, so that every stage can be printed
// and checked.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ir/node.hpp"

namespace croton::ir {

enum class Level : std::uint8_t { tensor, grouped, kernel, plan };
[[nodiscard]] std::string_view name(Level level);

/// A stated property of a symbol: `n % value == 0` or `n >= value`.
struct Fact {
  enum class Kind : std::uint8_t { divisible, at_least } kind = Kind::at_least;
  std::string symbol;
  std::int64_t value = 0;
  friend bool operator==(const Fact&, const Fact&) = default;
};

/// a == b must hold when the function is called; `sites` say who assumed it.
struct Require {
  Dim a, b;
  std::vector<Site> sites;
};

struct Update {
  Value variable;  // a `shared` node
  Value value;
};

struct Module {
  std::string name = "main";
  Level level = Level::tensor;
  std::vector<Value> inputs;  // `input` nodes, in call order
  std::vector<Value> outputs;
  std::vector<Update> updates;
  std::vector<Fact> facts;
  std::vector<Require> requires_;
  std::vector<NodePtr> kernels;  // `kernel` nodes, each name once
  Region plan;

  /// outputs, then update values: everything the graph must compute.
  [[nodiscard]] std::vector<Value> roots() const;
  /// `shared` nodes reachable from roots or updated, in a deterministic order.
  [[nodiscard]] std::vector<Value> shared_variables() const;
};

}  // namespace croton::ir
