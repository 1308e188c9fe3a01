// Reductions inside kernels, in the order that the contract of results fixes.
#pragma once

#include <functional>

#include "passes/kernel_builder.hpp"

namespace croton::passes {

/// Levels of a pairwise tree over chunks of any extent below 2^63.
inline constexpr std::int64_t kTreeLevels = 52;
/// At least as many levels as a tree over `chunks` has, and few where there are few chunks.
[[nodiscard]] Dim tree_levels(const Dim& chunks);

/// What is combined and how: the reduction's combining op and what it starts from.
struct Combiner {
  ir::Op op = ir::Op::add;
  DType dtype = DType::f32;
  ir::Literal start;
};

[[nodiscard]] Combiner combiner_of(ir::Op reduction, DType dtype);
[[nodiscard]] ir::Value identity_of(KernelBuilder& kernel, const Combiner& combiner);
[[nodiscard]] ir::Value combine(KernelBuilder& kernel, const Combiner& combiner, const ir::Value& a,
                                const ir::Value& b);
/// A sum's result has +0 added, so that a sum of -0 is +0, as in NumPy.
[[nodiscard]] ir::Value settled(KernelBuilder& kernel, const Combiner& combiner,
                                const ir::Value& v);

/// How element r enters an accumulator: returns the accumulator's next value.
using Step = std::function<ir::Value(const ir::Value& accumulator, const Dim& r)>;

/// Elements [low, high) of one chunk over lanes, then the halving tree. high - low <= 4096.
[[nodiscard]] ir::Value reduce_chunk(KernelBuilder& kernel, const Combiner& combiner,
                                     const Dim& low, const Dim& high, const Step& step);
/// Elements [0, count): chunks, then the pairwise tree over them.
[[nodiscard]] ir::Value reduce_lanes(KernelBuilder& kernel, const Combiner& combiner,
                                     const Dim& count, const Step& step);

/// The pairwise tree over `count` values in memory, which it overwrites: neighbours are combined
/// until one is left; the last of an odd number waits and joins later ones as their right operand.
/// The memory has room for one value even when there are none.
[[nodiscard]] ir::Value reduce_in_place(KernelBuilder& kernel, const Combiner& combiner,
                                        const ir::Value& values, const Dim& count);

/// Pairwise tree over a sequence of values whose number is known only at run time: a binary counter
/// of partial results.
class PairwiseTree {
 public:
  /// Of `count` values, at least one.
  PairwiseTree(KernelBuilder& kernel, const Combiner& combiner, const Dim& count);
  /// Adds the value number `position` (0, 1, …, count - 1).
  void push(const Dim& position, const ir::Value& value);
  /// The total into `result[0]`, once every value has been added.
  void finish(const ir::Value& result);

 private:
  KernelBuilder& kernel_;
  Combiner combiner_;
  Dim count_, depth_;
  ir::Value levels_;
};

}  // namespace croton::passes
