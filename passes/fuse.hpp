// Fusion: which values are kept in memory, and which of them one kernel computes.
//
// Kept: results, operands of products, reductions that another kernel reads, and values of more
// than 4 cost units that several kernels read. Everything else is recomputed where it is read
// (Scalars). A group is convex and has one iteration domain; a reduction is read inside its group
// only at the group's own index. Groups come in an order in which they can run.
#pragma once

#include <string>
#include <vector>

#include "ir/module.hpp"

namespace croton::passes {

enum class GroupKind : std::uint8_t {
  elementwise,  // outputs of one shape
  row,      // reductions of trailing axes, at one index of the domain, and what reads them there
  full,     // one reduction to a scalar, and scalars made from it
  column,   // a reduction that keeps the innermost axis, and what reads it at the same index
  product,  // a contraction, and elementwise ops on its result
  serial,   // argmax, cumsum, scatter: one op
};
[[nodiscard]] std::string_view name(GroupKind kind);

struct Group {
  GroupKind kind = GroupKind::elementwise;
  Shape domain;
  std::vector<ir::Value> members;  // kept values and in-place reductions, producers first
  std::vector<ir::Value> outputs;  // members that are roots or read by other groups
  bool may_fail = false;
};

/// A refusal to merge, for `explain`.
struct Refusal {
  std::string what, why;
};

struct Fusion {
  std::vector<Group> groups;
  std::vector<Refusal> refusals;
};

[[nodiscard]] Fusion fuse(const ir::Module& module);
/// True for values that are in memory before any kernel runs: inputs and shared variables.
[[nodiscard]] bool is_leaf(const ir::Value& v);
/// The places at which `reader` (element `index` of it, or of its operands for a reduction) reads
/// `target`, when every value in `kept` is in memory.
[[nodiscard]] std::vector<Shape> places_read(const ir::Value& reader, const ir::Value& target,
                                             const std::vector<ir::Value>& kept);
/// The symbols that places_read uses for the domain's axes.
[[nodiscard]] Shape domain_symbols(std::size_t rank);

}  // namespace croton::passes
