// Differentiation. Results are ordinary expressions, so any order is possible.
#pragma once

#include "frontend/croton/expr.hpp"

namespace croton {

/// What happens when the cost does not depend on a variable: an error, a warning with zeros, zeros.
enum class Disconnected : std::uint8_t { raise, warn, ignore };

struct GradOptions {
  /// Values treated as constants: no derivative passes through them.
  std::vector<Expr> consider_constant = {};
  Disconnected disconnected_inputs = Disconnected::raise;
};

/// d(cost)/d(wrt), with wrt's type. The cost is a floating-point scalar; it is stabilised first, so
/// that a gradient of log(softmax(x)) does not overflow. Ties of min and max share equally;
/// relu'(0) = abs'(0) = 0.
[[nodiscard]] Expr grad(const Expr& cost, const Expr& wrt, const GradOptions& options = {},
                        Location where = Location::current());
[[nodiscard]] std::vector<Expr> grad(const Expr& cost, std::initializer_list<Expr> wrt,
                                     const GradOptions& options = {},
                                     Location where = Location::current());
[[nodiscard]] std::vector<Expr> grad(const Expr& cost, std::span<const Expr> wrt,
                                     const GradOptions& options = {},
                                     Location where = Location::current());

/// Forward mode: the tangents of `outputs` given those of `wrt`.
[[nodiscard]] std::vector<Expr> jvp(const Exprs& outputs, const Exprs& wrt, const Exprs& tangents,
                                    Location where = Location::current());

/// `expr` with some of its values replaced by others of the same type.
[[nodiscard]] Expr replace(const Expr& expr, std::initializer_list<std::pair<Expr, Expr>> pairs,
                           Location where = Location::current());

}  // namespace croton
