#include "codegen/dialect.hpp"

namespace croton::codegen {

// Compilers believe __restrict of parameters alone: hence a function beside each entry.
Dialect cpp_dialect(bool fma, int vector_bytes) {
  return {.name = "C++",
          .cuda = false,
          .fma = fma,
          .vector_bytes = vector_bytes,
          .open = "",
          .close = "",
          .function = "static void ",
          .entry = "extern \"C\" void ",
          .buffer_argument = "static_cast<{0}>(buffers[{1}])",
          .dim_argument = "dims[{1}]",
          .parallel_loop = "for (i64 {0} = begin; {0} < end; ++{0})",
          .compiled_as = "C++20 with -march={0} -ffp-contract=off"};
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
      .function = "extern \"C\" __global__ void ",
      .entry = "",
      .buffer_argument = "",
      .dim_argument = "",
      .parallel_loop = "for (i64 {0} = begin + thread_index(); {0} < end; {0} += thread_count())",
      .compiled_as = "CUDA with --fmad=false"};
}

}  // namespace croton::codegen
