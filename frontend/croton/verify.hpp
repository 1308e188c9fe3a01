// Checking gradients against central differences.
#pragma once

#include "frontend/croton/function.hpp"

namespace croton {

struct GradCheck {
  bool ok = false;
  double worst = 0;   // largest |symbolic - numeric| / (1 + |numeric|)
  std::string where;  // the variable and element of the worst
  friend std::ostream& operator<<(std::ostream& out, const GradCheck& check);
};

/// Compares grad of a scalar cost with central differences at random points (seeded), for
/// inputs (drawn from a normal distribution; their dims must be known) and shared variables (at
/// their values). `tolerance` applies to `worst`; 0 picks cbrt(epsilon) of the coarsest dtype.
[[nodiscard]] GradCheck verify_grad(const Expr& cost, const Exprs& wrt, std::uint64_t seed = 1,
                                    double tolerance = 0, Location where = Location::current());

}  // namespace croton
