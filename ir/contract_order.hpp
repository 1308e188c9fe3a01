// The order of reductions, shared by everything that adds: the exact evaluator and lowering.
// Results depend on it alone, never on threads, tiles or vector widths (ir/README.md, "order of
// reductions").
#pragma once

#include <cstdint>

#include "ir/node.hpp"

namespace croton::ir {

/// Elements of a reduction over the innermost axis are added in chunks of this many.
inline constexpr std::int64_t kReductionChunk = 4096;
/// Within a chunk, element r goes to lane r mod lanes: 256 bytes of accumulators.
[[nodiscard]] constexpr std::int64_t reduction_lanes(std::size_t accumulator_bytes) {
  return static_cast<std::int64_t>(256 / accumulator_bytes);
}
/// Reductions that keep the innermost axis: rows per leaf tree, and rows per chunk.
inline constexpr std::int64_t kLeafRows = 8;
inline constexpr std::int64_t kColumnChunk = 512;
/// Products: one multiply-add chain per block of this many inner elements.
inline constexpr std::int64_t kContractBlock = 4096;

/// What a reduction starts from: the identity of its combining op, within the dtype. Sums of reals
/// start from -0, so that nothing but zeros of one sign decides a zero's sign before +0 is added.
[[nodiscard]] Literal reduction_start(Op reduction, DType dtype);

/// How a `contract` node adds: decided by ranks and the order of axes, never by extents.
struct ContractOrder {
  /// The second operand has the result's innermost label; operands change places for that.
  bool swapped = false;
  /// Labels that are summed over, outermost first: in the order in which the operands have them.
  Integers inner;
  /// A vector with an operand whose inner axis is innermost, or a full product: a reduction over
  /// lanes with a multiply-add chain each. Otherwise one chain per element and block.
  bool is_reduction = false;
};
[[nodiscard]] ContractOrder contract_order(const Node& contract);

}  // namespace croton::ir
