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

/// Chunks of a full reduction: the extent of its partials; 1 when it needs none.
[[nodiscard]] Dim full_reduction_chunks(const ir::Value& reduction);

/// Fuses, lowers every group to a kernel, and plans memory and launches: Level::plan.
void lower_and_plan(ir::Module& module, bool fused_multiply_add, std::vector<Refusal>* refusals);

}  // namespace croton::passes
