// Stabilisation: forms that overflow, underflow or cancel become forms that do not.
#pragma once

#include <span>

#include "ir/node.hpp"

namespace croton::passes {

/// `cost` with its unstable forms replaced; `leaves` (what a gradient is asked about) are kept as
/// they are and not looked into.
[[nodiscard]] ir::Value stabilized(const ir::Value& cost, std::span<const ir::Value> leaves);

}  // namespace croton::passes
