// Type rules of the op table. Each takes operands and attributes and returns the result types, or
// throws UserError with the reason (the caller adds operands and sites).
//
// Dims that are neither provably right nor provably wrong are accepted and assumed (see require).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ir/require.hpp"

namespace croton::ir {

using Operands = std::span<const Value>;
using Attributes = std::span<const Attribute>;
using Types = std::vector<Type>;

/// The extent that both are; the more specific of the two. Throws UserError(message) when they
/// provably differ.
[[nodiscard]] Dim unify(const Dim& a, const Dim& b, const std::string& message);
/// NumPy broadcasting of two shapes, where only a literal 1 repeats.
[[nodiscard]] Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view what);

[[nodiscard]] Types infer_elementwise(Op op, Operands operands);
[[nodiscard]] Types infer_constant(Operands, Attributes);
[[nodiscard]] Types infer_iota(Operands, Attributes);
[[nodiscard]] Types infer_dim(Operands, Attributes);
[[nodiscard]] Types infer_cast(Operands, Attributes);
[[nodiscard]] Types infer_reshape(Operands, Attributes);
[[nodiscard]] Types infer_transpose(Operands, Attributes);
[[nodiscard]] Types infer_broadcast(Operands, Attributes);
[[nodiscard]] Types infer_slice(Operands, Attributes);
[[nodiscard]] Types infer_concatenate(Operands, Attributes);
[[nodiscard]] Types infer_set_slice(Operands, Attributes);
[[nodiscard]] Types infer_gather(Operands, Attributes);
[[nodiscard]] Types infer_scatter(Operands, Attributes);
[[nodiscard]] Types infer_reduce(Operands, Attributes);
[[nodiscard]] Types infer_reduce_nonempty(Operands, Attributes);
[[nodiscard]] Types infer_argument(Operands, Attributes);
[[nodiscard]] Types infer_cumsum(Operands, Attributes);
[[nodiscard]] Types infer_contract(Operands, Attributes);
[[nodiscard]] Types infer_call(Operands, Attributes);

}  // namespace croton::ir
