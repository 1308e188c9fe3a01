// Fusion: which values are kept in memory, and which of them one kernel computes.
//
// Kept: results, operands of products, reductions that another kernel reads, and values of more
// than 4 cost units that several kernels read. Everything else is recomputed where it is read
// (Scalars). A group is convex and has one iteration domain; a reduction is read inside its group
// only at the group's own index. Groups come in an order in which they can run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/module.hpp"

namespace croton::passes {

using ir::Group;
using ir::GroupKind;

/// A refusal to merge, for `explain`.
struct Refusal {
  std::string what, why;
};

/// Fills module.groups; returns what was not merged, and why.
[[nodiscard]] std::vector<Refusal> fuse(ir::Module& module);
/// True for values that are in memory before any kernel runs: inputs and shared variables.
[[nodiscard]] bool is_leaf(const ir::Value& v);
/// Where a value in memory is read.
struct Place {
  ir::Value value;
  Shape index;
};
/// The places that computing `reader` (element `index` of it, or of its operand for a reduction)
/// reads, when leaves and what `in_memory` says are in memory.
[[nodiscard]] std::vector<Place> places_read(
    const ir::Value& reader, const std::function<bool(const ir::Value&)>& in_memory);
/// The symbols that places_read uses for the domain's axes.
[[nodiscard]] Shape domain_symbols(std::size_t rank);

}  // namespace croton::passes
