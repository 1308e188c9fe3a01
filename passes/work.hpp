// How much a kernel does: what its graph asks for, whatever the schedule makes of it.
#pragma once

#include "ir/module.hpp"

namespace croton::passes {

/// Arithmetic of one group in additions' worth (the op table's cost column): every value that it
/// computes, once. A multiply-add of a product counts as 2. `groups` are all of the module's, whose
/// members are in memory for one another.
[[nodiscard]] Dim operations(const ir::Group& group, const std::vector<ir::Group>& groups);

/// Which of a kernel's parameters it reads and which it writes, by position.
struct Access {
  std::vector<bool> reads, writes;
};
[[nodiscard]] Access access_of(const ir::NodePtr& kernel);

}  // namespace croton::passes
