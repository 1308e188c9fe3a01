// Which lanes loops are written with vector types: those over register buffers, or over nothing but
// the kernel's own memory, whose body is loads, stores and arithmetic that vectors have. A register
// buffer becomes an array of vectors only when every access to it lies in such a loop, so that the
// compiler keeps it in registers.
#pragma once

#include <optional>
#include <unordered_map>

#include "ir/node.hpp"

namespace croton::codegen {

struct VectorLoops {
  /// Bytes of the vectors that each loop and each buffer is written with: the widest that divide
  /// the extents of every loop over the same buffers.
  std::unordered_map<const ir::Node*, int> loops, buffers;
};

/// How an op is written with vectors: arithmetic by operators as with scalars, the fused
/// multiply-add and functions of which the prelude has a form for vectors by those. "" when it is
/// not.
[[nodiscard]] std::string vector_text(const ir::OpInfo& row);
/// The dtype of a loop's body that can be written with vectors: loads and stores of consecutive or
/// unmoving elements, and arithmetic that vectors have, of one real dtype. Else nothing.
[[nodiscard]] std::optional<DType> vector_dtype(const ir::Region& body);
[[nodiscard]] VectorLoops find_vector_loops(const ir::Region& kernel, int vector_bytes);

/// By how much `offset` grows when the value atom of `index` grows by one, if that is a constant.
[[nodiscard]] std::optional<std::int64_t> growth(const Dim& offset, const ir::Value& index);
/// The element offset of a load or store of `buffer`.
[[nodiscard]] Dim offset_of(const ir::Value& buffer, const Shape& index);
[[nodiscard]] int vector_lanes(DType dtype, int vector_bytes);

}  // namespace croton::codegen
