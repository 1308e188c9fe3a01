#include "codegen/vector_types.hpp"

#include <fmt/format.h>

#include "codegen/vector_loops.hpp"

namespace croton::codegen {

std::string vector_type(DType dtype, int bytes) {
  return fmt::format("{}x{}", name(dtype), vector_lanes(dtype, bytes));
}

std::string vector_types(std::string_view code, int vector_bytes) {
  std::string out, functions;
  for (const DType dtype : {DType::f32, DType::f64})
    for (int bytes = vector_bytes; vector_lanes(dtype, bytes) > 1; bytes /= 2) {
      const std::string type = vector_type(dtype, bytes);
      if (code.find(type) == std::string_view::npos) continue;
      out += fmt::format("typedef {} {} __attribute__((vector_size({})));\n", name(dtype), type,
                         bytes);
      out += fmt::format("typedef {} {}_memory __attribute__((vector_size({}), aligned({})));\n",
                         name(dtype), type, bytes, size_of(dtype));
      functions += fmt::format(
          "inline {0} {1}({0} a, {0} b, {0} c) {{\n"
          "  for (int i = 0; i < {2}; ++i) a[i] = {3}(a[i], b[i], c[i]);\n"
          "  return a;\n}}\n",
          type, kVectorFma, vector_lanes(dtype, bytes),
          dtype == DType::f32 ? "__builtin_fmaf" : "__builtin_fma");
    }
  if (code.find(kVectorFma) != std::string_view::npos)
    out += fmt::format(
        "#if __has_builtin(__builtin_elementwise_fma)\n#define {} __builtin_elementwise_fma\n"
        "#else\n{}#endif\n",
        kVectorFma, functions);
  return out;
}

}  // namespace croton::codegen
