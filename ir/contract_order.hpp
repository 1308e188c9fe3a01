// The order of reductions, shared by everything that adds: the exact evaluator and lowering.
// Results depend on it alone, never on threads, tiles or vector widths (ir/README.md, "order of
// reductions").
#pragma once

#include <cstdint>

#include "ir/dtype.hpp"

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

}  // namespace croton::ir
