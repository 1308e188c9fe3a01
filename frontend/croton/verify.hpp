// Checking gradients against central differences.
#pragma once

#include "frontend/croton/function.hpp"

namespace croton {

struct GradCheck {
  bool ok = false;
  /// Largest |symbolic - numeric| / (1 + |numeric|), beyond the quotients' rounding; NaN where
  /// either is.
  double worst = 0;
  std::string where;  // the variable and element of the worst
  friend std::ostream& operator<<(std::ostream& out, const GradCheck& check);
};

/// Compares grad of a scalar cost with central differences at random points (seeded), for
/// inputs (drawn from a normal distribution; their dims must be known) and shared variables (at
/// their values), and jvp along a random direction with grad. Where the cost has an edge nearby,
/// as relu has at 0, smaller steps are taken. `tolerance` applies to `worst`; 0 picks
/// 8 epsilon^(2/3) for f64, 128 epsilon^(2/3) where a variable is f32.
[[nodiscard]] GradCheck verify_grad(const Expr& cost, const Exprs& wrt, std::uint64_t seed = 1,
                                    double tolerance = 0, Location where = Location::current());

}  // namespace croton
