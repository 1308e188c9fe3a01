// One node of any op of the table, over values of a pool.
#pragma once

#include "tests/property/pool.hpp"

namespace croton::test {

/// The op or composition on `x`, its first operand that is no condition, after the conversions that
/// it asks for; other operands, axes, shapes and labels are drawn. Empty, or a UserError, where
/// what was drawn does not fit.
[[nodiscard]] ir::Value random_node(Pool& pool, const Cell& cell, const ir::Value& x);

/// An operand of the cell's dtype, with the axes that its op needs.
[[nodiscard]] ir::Value operand_of(Pool& pool, const Cell& cell);

}  // namespace croton::test
