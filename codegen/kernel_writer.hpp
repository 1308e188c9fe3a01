// The one structural writer: a kernel node becomes C++ or CUDA text, one statement per node. It
// decides nothing: loops, tiles and accumulators are nodes, and how an op is spelled is a column of
// the op table. The text has no #include; what it uses of the prelude is printed into it.
#pragma once

#include "codegen/dialect.hpp"
#include "codegen/kernel_abi.hpp"
#include "ir/node.hpp"

namespace croton::codegen {

[[nodiscard]] EmittedKernel emit(const ir::NodePtr& kernel, const Dialect& dialect);

}  // namespace croton::codegen
