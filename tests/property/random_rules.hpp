// The left sides of rules, over values of a pool.
#pragma once

#include "tests/property/pool.hpp"

namespace croton::test {

/// The rule's left side: a pattern over any operands, or the example of a rule of code over other
/// inputs. A part of it may be what another rule turns into that part. Empty where it cannot be
/// built.
[[nodiscard]] ir::Value random_left_side(Pool& pool, const RuleCell& cell);

}  // namespace croton::test
