// Every elementwise op on every dtype, as loops over arrays in the host's memory: the prelude's
// text and the table's scalar functions, compiled into the library with and without fused
// multiply-adds. What they give is what a kernel for such a target gives, bit for bit.
#pragma once

#include <cstdint>

#include "ir/op.hpp"

namespace croton::ir {

/// out[i] = op(a[i], b[i], c[i]) for n elements; operands that the op lacks may be null.
using ScalarLoop = void (*)(const void* a, const void* b, const void* c, void* out, std::int64_t n);

/// Null where the op is not defined on the dtype (the operands' dtype; for `where` that of the
/// choices).
[[nodiscard]] ScalarLoop exact_loop(Op op, DType dtype, bool fma);
[[nodiscard]] ScalarLoop exact_cast(DType from, DType to, bool fma);

namespace fma_scalars {
ScalarLoop find_loop(Op op, DType dtype);
ScalarLoop find_cast(DType from, DType to);
}  // namespace fma_scalars
namespace plain_scalars {
ScalarLoop find_loop(Op op, DType dtype);
ScalarLoop find_cast(DType from, DType to);
}  // namespace plain_scalars

inline ScalarLoop exact_loop(Op op, DType dtype, bool fma) {
  return fma ? fma_scalars::find_loop(op, dtype) : plain_scalars::find_loop(op, dtype);
}
inline ScalarLoop exact_cast(DType from, DType to, bool fma) {
  return fma ? fma_scalars::find_cast(from, to) : plain_scalars::find_cast(from, to);
}

}  // namespace croton::ir
