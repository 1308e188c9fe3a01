// A module: what one call of compile works on, at every level.
//
// Tensor level: inputs, outputs and updates are the graph. After fuse (grouped), `groups` says
// which of its values one kernel computes, and with which schedule. After lower (kernel), `kernels`
// holds one kernel node per group and `plan` launches them; after plan, temporaries have their
// places. Inputs, outputs and updates stay, so that every stage can be printed and checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/node.hpp"
#include "ir/require.hpp"

namespace croton::ir {

enum class Level : std::uint8_t { tensor, grouped, kernel, plan };
[[nodiscard]] std::string_view name(Level level);
[[nodiscard]] std::optional<Level> level_named(std::string_view name);

/// A stated property of a symbol: `n % value == 0` or `n >= value`.
struct Fact {
  enum class Kind : std::uint8_t { divisible, at_least } kind = Kind::at_least;
  std::string symbol;
  std::int64_t value = 0;
  friend bool operator==(const Fact&, const Fact&) = default;
};
/// "n % 8 == 0"
[[nodiscard]] std::string text(const Fact& fact);

struct Update {
  Value variable;  // a `shared` node
  Value value;
};

enum class GroupKind : std::uint8_t {
  elementwise,  // outputs of one shape
  row,      // reductions of trailing axes, at one index of the domain, and what reads them there
  full,     // one reduction to a scalar, and scalars made from it
  column,   // a reduction that keeps the innermost axis, and what reads it at the same index
  product,  // a contraction, and elementwise ops on its result
  serial,   // argmax, cumsum, scatter: one op
};
[[nodiscard]] std::string_view name(GroupKind kind);
[[nodiscard]] std::optional<GroupKind> group_kind_named(std::string_view name);

/// What one kernel computes: convex, with one iteration domain.
struct Group {
  GroupKind kind = GroupKind::elementwise;
  std::string name{};
  Shape domain{};
  std::vector<Value> members{};  // kept values and in-place reductions, producers first
  std::vector<Value> outputs{};  // members that are roots or read by other groups
  bool may_fail = false;
  /// How the kernel is written; the rows of passes/schedule.cpp say which names a kind knows.
  NamedAttributes schedule{};

  /// The member that decides the kind: the first reduction, contraction or scatter, if any.
  [[nodiscard]] const Value& lead() const;
};

struct Module {
  std::string name = "main";
  Level level = Level::tensor;
  std::vector<Value> inputs;  // `input` nodes, in call order
  std::vector<Value> outputs;
  std::vector<Update> updates;
  /// The shared variables in the order in which plans take them; empty: in order of appearance.
  /// Stated before rewriting, which may drop or reorder what the graph reads.
  std::vector<Value> state;
  std::vector<Fact> facts;
  std::vector<Require> requires_;
  std::vector<Group> groups;     // in an order in which they can run
  std::vector<NodePtr> kernels;  // `kernel` nodes, each name once
  Region plan;

  /// outputs, then update values: everything the graph must compute.
  [[nodiscard]] std::vector<Value> roots() const;
  /// As many as roots() gives, in its order.
  void set_roots(std::span<const Value> values);
  /// `shared` nodes reachable from roots or updated, in a deterministic order.
  [[nodiscard]] std::vector<Value> shared_variables() const;
};

/// UserError, with the nearest, for a name that is no symbol in the shapes of the module's inputs
/// and shared variables.
void check_symbol(const Module& module, std::string_view name);

}  // namespace croton::ir
