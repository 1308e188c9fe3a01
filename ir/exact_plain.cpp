// The prelude's plain variant, compiled into the library.
#include "ir/exact_scalars.hpp"
#include "ir/op_domains.hpp"

#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wbool-operation"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wint-in-bool-context"

namespace croton::ir::plain_scalars {
#include "ir/prelude_plain.inc"

#include "ir/exact_scalars.inc"
}  // namespace croton::ir::plain_scalars
