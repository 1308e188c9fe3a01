// The table's scalar functions in 64 bits of mantissa, over the C library: the same texts as the
// prelude's, resolved to independent functions.
#pragma once

#include "ir/op.hpp"

namespace croton::ir {

using Wide = long double;
using WideFunction = Wide (*)(Wide a, Wide b, Wide c);

/// Null for ops that are not defined on real numbers. Results of comparisons and tests are 0 or 1.
[[nodiscard]] WideFunction wide_function(Op op);

}  // namespace croton::ir
