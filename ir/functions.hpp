// Functions: public operations that are other ops as soon as they are built (ravel, stack, eye,
// dot). They have no node of their own, so rules, evaluators and gradients never meet them. With
// ops and compositions they make the one registry of public names, which the front end's `call` and
// the text form share.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/builder.hpp"

namespace croton::ir {

class Arguments;

struct Function {
  std::string_view name;
  std::string_view signature;  // "eye(; rows, columns = rows, offset = 0, dtype = f64)"
  std::string_view doc;
  int arity = 1;  // -1: one or more operands
  Value (*build)(std::span<const Value> operands, const Arguments& arguments);
};

[[nodiscard]] std::span<const Function> all_functions();
[[nodiscard]] const Function* find_function(std::string_view name);
/// Every name that `named` knows: ops, compositions and functions, sorted.
[[nodiscard]] std::vector<std::string> public_names();
/// A public operation by its name, with NumPy's promotion of its operands. Attributes that an op
/// lacks: reductions take every axis and, with `keepdims`, keep the reduced axes with extent 1;
/// `transpose` reverses the axes. Integers stand for dims, one integer for a list of one. Throws
/// UserError with the nearest known name, or naming the attribute that is missing or not known.
[[nodiscard]] Value named(std::string_view name, std::span<const Value> operands,
                          NamedAttributes attributes = {});

/// The axis counted from the start; UserError when it is out of range.
[[nodiscard]] std::int64_t resolve_axis(std::int64_t axis, int rank);
/// Ascending and counted from the start; UserError for an axis out of range or given twice.
[[nodiscard]] Integers resolve_axes(Integers axes, int rank);
[[nodiscard]] Integers every_axis(int rank);

// ---- the functions, as C++
/// start, start + step, …, before stop; dims known when the function is called.
[[nodiscard]] Value arange(const Dim& start, const Dim& stop, std::int64_t step, DType dtype);
/// 1 where column - row is `offset`.
[[nodiscard]] Value eye(const Dim& rows, const Dim& columns, std::int64_t offset, DType dtype);
[[nodiscard]] Value one_hot(const Value& labels, const Dim& classes, DType dtype);
[[nodiscard]] Value ravel(const Value& x);
/// One extent may be -1: what is left.
[[nodiscard]] Value reshape_filled(const Value& x, Shape shape);
/// Axes of extent 1 removed: those given, which must be 1, or every one that is.
[[nodiscard]] Value squeeze(const Value& x, const Integers* axes);
[[nodiscard]] Value concatenate_promoted(std::vector<Value> parts, std::int64_t axis);
[[nodiscard]] Value stack(std::vector<Value> parts, std::int64_t axis);
/// Part `part` of `parts` equal ones along an axis whose extent is known and divisible.
[[nodiscard]] Value split(const Value& x, std::int64_t parts, std::int64_t part, std::int64_t axis);
[[nodiscard]] Value flip(const Value& x, const Integers& axes);
[[nodiscard]] Value clip(const Operand& x, const Operand& low, const Operand& high);
/// NumPy's dot: the last axis of a with the second to last of b; scalars multiply.
[[nodiscard]] Value dot(const Operand& a, const Operand& b);
/// A reduction with NumPy's dtype: sums and products of integers are wide, any and all are bool.
[[nodiscard]] Value reduce_promoted(Op op, const Value& x, Integers axes);
/// The running sum in NumPy's dtype.
[[nodiscard]] Value cumsum_promoted(const Value& x, std::int64_t axis, bool reverse = false);
/// The reduced axes of a result come back with extent 1.
[[nodiscard]] Value keep_axes(const Value& reduced, const Shape& shape, const Integers& axes);

}  // namespace croton::ir
