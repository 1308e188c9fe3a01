// What is legal at each level. Passes are checked with it, and so is every parsed module.
#pragma once

#include "ir/module.hpp"

namespace croton::ir {

/// Throws UserError naming the module, the op and what is wrong with it.
void verify(const Module& module);

}  // namespace croton::ir
