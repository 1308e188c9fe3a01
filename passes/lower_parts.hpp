// What the lowerings of several kinds of groups share: the indices of reductions, loops over a row,
// what an expression consists of.
#pragma once

#include <functional>
#include <vector>

#include "passes/lower.hpp"
#include "passes/reduce.hpp"

namespace croton::passes {

/// Every dim bound to a name (KernelBuilder::bound).
[[nodiscard]] Index bound(KernelBuilder& kernel, Index index);
/// The extents of the axes that a reduction reduces.
[[nodiscard]] Shape reduced_shape(const ir::Value& reduction);
/// The operand's index for a place in the domain and a row-major position among the reduced axes.
[[nodiscard]] Index operand_index(const ir::Value& reduction, const Index& kept,
                                  const Dim& position);
/// How the elements of a reduction's operand enter an accumulator.
[[nodiscard]] Step step_of(Lowering& l, const Combiner& combiner, const ir::Value& reduction,
                           const Index& kept);
/// Every index of `shape` that begins with `prefix`. The innermost loop is a plain scalar loop that
/// the compiler vectorises; its stores go past the caches where `shape` has `stream_from` elements
/// (KernelBuilder::stream).
void over_row(Lowering& l, const Shape& shape, Index prefix,
              const std::function<void(const Index&)>& visit, std::int64_t stream_from = 0);
/// In memory or a member of the group.
[[nodiscard]] bool is_known(const Lowering& l, const ir::Value& v);
/// What computing `v` computes on the way: no members, nothing in memory.
[[nodiscard]] std::vector<ir::Value> expression_of(const Lowering& l, const ir::Value& v);
/// Element i of `reader` needs no other element of `v` than i: only elementwise ops lead there.
[[nodiscard]] bool is_read_in_place(const Lowering& l, const ir::Value& reader, const ir::Value& v);
/// Chunks of rows of a column reduction; 1 when it is known to need no more.
[[nodiscard]] Dim column_reduction_chunks(const ir::Value& reduction);

}  // namespace croton::passes
