#include "codegen/dialect.hpp"

namespace croton::codegen {

Dialect cpp_dialect(bool fma, int vector_bytes) {
  return {
      .name = "C++",
      .cuda = false,
      .fma = fma,
      .vector_bytes = vector_bytes,
      .open = "",
      .close = "",
      .entry = "extern \"C\" void ",
      .buffer_parameter = "",
      .dim_parameter = "",
      .parameters = "void* const* buffers, const i64* dims, i64 begin, i64 end, Failure* failure",
      .buffer_declaration = "[[maybe_unused]] {0} __restrict {1} = static_cast<{0}>(buffers[{2}]);",
      .dim_declaration = "[[maybe_unused]] const i64 {0} = dims[{1}];",
      .first_line = "(void)buffers, (void)dims, (void)begin, (void)end, (void)failure;",
      .parallel_loop = "for (i64 {0} = begin; {0} < end; ++{0})"};
}

// The namespace keeps the prelude's exp and its like apart from those that CUDA declares.
Dialect cuda_dialect() {
  return {
      .name = "CUDA",
      .cuda = true,
      .fma = true,
      .vector_bytes = 0,
      .open = "namespace croton {\n",
      .close = "}  // namespace croton\n",
      .entry = "extern \"C\" __global__ void ",
      .buffer_parameter = "{0} __restrict {1}",
      .dim_parameter = "const i64 {0}",
      .parameters = "i64 begin, i64 end, Failure* failure",
      .buffer_declaration = "",
      .dim_declaration = "",
      .first_line = "",
      .parallel_loop = "for (i64 {0} = begin + thread_index(); {0} < end; {0} += thread_count())"};
}

}  // namespace croton::codegen
