// From groups to kernels and a plan.
#pragma once

#include "passes/fuse.hpp"
#include "passes/scalars.hpp"

namespace croton::passes {

/// A kernel being lowered: its parameters by tensor value, and where each output goes.
struct Target {
  ir::Value value;   // the tensor
  ir::Value buffer;  // a parameter of the kernel
};

/// What a lowering function works with.
struct Lowering {
  const Group& group;
  KernelBuilder& kernel;
  Scalars& scalars;
  std::vector<Target> targets;  // outputs of the group
  ir::Value partials{};         // full reductions: one element per chunk, when there are several
  bool fused_multiply_add = false;
  /// Iterations from which on an elementwise loop streams its results; 0: never.
  std::int64_t stream_from = 0;

  void store_targets(const ir::Value& v, const Index& index) const;
  /// Every member that is a target, at one index: all are computed before any is stored, so that a
  /// store in place cannot be seen by its siblings.
  void store_members(const Index& index) const;
  [[nodiscard]] bool is_target(const ir::Value& v) const;
};

void lower_elementwise(Lowering& l);
void lower_row(Lowering& l);
void lower_full(Lowering& l);
void lower_column(Lowering& l);
void lower_product(Lowering& l);
void lower_serial(Lowering& l);

/// The extents of the memory in which a group keeps what its parts come to before they are
/// combined; empty when it needs none.
[[nodiscard]] Shape partials_of(const Group& group);

/// Gives every group the schedule of the table's row for its class and target.
void schedule(ir::Module& module, int vector_bytes, std::int64_t stream_bytes);
/// Throws UserError naming the group for a name that no schedule of its kind has.
void check_schedule(const Group& group);
[[nodiscard]] bool is_scheduled(const Group& group, std::string_view name);
/// A number of the group's schedule. Throws UserError naming the group when it is missing, no
/// integer or outside [1, most].
[[nodiscard]] std::int64_t scheduled(const Group& group, std::string_view name, std::int64_t most);
/// Lowers every group to a kernel and lists the launches: Level::kernel.
void lower(ir::Module& module, bool fused_multiply_add);
/// Gives temporaries their places in the arena: Level::plan.
void plan(ir::Module& module);
/// What a temporary takes of the arena: its bytes, up to a multiple of the arena's alignment.
[[nodiscard]] Dim aligned_bytes(const ir::Value& temporary);

}  // namespace croton::passes
