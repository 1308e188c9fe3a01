// The prelude's fma variant, compiled into the library.
#include "ir/exact_scalars.hpp"
#include "ir/op_domains.hpp"

#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wbool-operation"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wint-in-bool-context"

namespace croton::ir::fma_scalars {
#include "ir/prelude_fma.inc"

#include "ir/exact_scalars.inc"
}  // namespace croton::ir::fma_scalars
