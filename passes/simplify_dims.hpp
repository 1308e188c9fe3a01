// Dims under what is stated about their symbols: n % 8 == 0, n >= 1.
#pragma once

#include <span>

#include "ir/module.hpp"

namespace croton::passes {

/// The dim's normal form, shorter where the facts allow it: under n % 8 == 0, mod(n, 4) is 0 and
/// 4 * floordiv(n, 4) is n; under n >= 1, max(n, 1) is n.
[[nodiscard]] Dim simplified(const Dim& dim, std::span<const ir::Fact> facts);
/// The module's graph with its dims simplified under the module's facts. Leaves keep their types.
void simplify_dims(ir::Module& module);

}  // namespace croton::passes
