// Shared by the front end's source files: from handles to graph values and back, with the user's
// lines put on nodes and into errors.
#pragma once

#include <functional>
#include <string_view>

#include "frontend/croton/function.hpp"
#include "frontend/croton/ops.hpp"
#include "ir/builder.hpp"
#include "ir/module.hpp"

namespace croton::detail {

[[nodiscard]] ir::Value value_of(const Expr& expr);
[[nodiscard]] std::vector<ir::Value> values_of(const std::vector<Expr>& exprs);
/// An operand as a value; a literal gets its own dtype (bool, i64, f64).
[[nodiscard]] ir::Value value_of(const Operand& operand);
[[nodiscard]] ir::Operand weak(const Operand& operand);
[[nodiscard]] Expr expr_of(const ir::Value& value, const Site& site, std::string label = {});

/// Runs `build`, marks what it returns with the caller's line, and completes a UserError with the
/// operands ("x : f32[n, 784]   model.cpp:31") and the failing call.
[[nodiscard]] Expr built(std::string_view function, std::span<const Operand> operands,
                         const Location& where, const std::function<ir::Value()>& build);
[[nodiscard]] Expr built(std::string_view function, std::initializer_list<Operand> operands,
                         const std::function<ir::Value()>& build);
/// As `built`, for calls whose operands are a list.
[[nodiscard]] Expr built(std::string_view function, const std::vector<Expr>& operands,
                         const Location& where, const std::function<ir::Value()>& build);

/// Ascending non-negative axes; UserError for an axis out of range or given twice.
[[nodiscard]] ir::Integers resolve(const Axes& axes, int rank);
[[nodiscard]] std::int64_t resolve(std::int64_t axis, int rank);

/// The dim that a scalar integer is, known or found when the function is called. UserError naming
/// `what` for anything else.
[[nodiscard]] Dim dim_of_scalar(const ir::Value& value, std::string_view what);

/// A place list of NumPy's basic indexing, resolved against a shape.
struct ResolvedIndex {
  Shape starts, sizes;  // one per axis of x
  ir::Integers steps;
  std::vector<bool> dropped;      // axes indexed by a single integer
  Shape result;                   // after dropping and inserting new axes
  std::int64_t gather_axis = -1;  // first axis indexed by arrays (in x's axes), or -1
  std::vector<ir::Value> arrays;
};
[[nodiscard]] ResolvedIndex resolve(std::span<const Index> indices, const Shape& shape);
[[nodiscard]] ir::Value index(const ir::Value& x, std::span<const Index> indices);
[[nodiscard]] ir::Value update(ir::Op slice_op, ir::Op scatter_op, const ir::Value& x,
                               std::span<const Index> indices, const ir::Value& value);

/// The name of a math option: as given, else CROTON_MATH's, else standard.
[[nodiscard]] std::string math_of(const std::optional<Math>& math);
/// Throws UserError as `compile` does.
[[nodiscard]] ir::Module module_of(const Exprs& inputs, const Exprs& outputs,
                                   const CompileOptions& options, const Site& site);

}  // namespace croton::detail
