// The one structural writer: a kernel node becomes C++ text, one statement per node. It decides
// nothing: loops, tiles and accumulators are nodes, and how an op is spelled is a column of the op
// table. The text has no #include; what it uses of the prelude is printed into it.
#pragma once

#include "codegen/kernel_abi.hpp"
#include "ir/node.hpp"

namespace croton::codegen {

/// What differs between targets.
struct Dialect {
  bool fma = true;        // the target multiplies and adds with one rounding
  int vector_bytes = 64;  // of the widest registers
};

[[nodiscard]] EmittedKernel emit(const ir::NodePtr& kernel, const Dialect& dialect);

}  // namespace croton::codegen
