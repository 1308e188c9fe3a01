// Plans as C: the functions of a library written ahead of time, in freestanding C++ with C linkage,
// and the headers that its users include. codegen/aot/ holds the C interface, what every function
// uses, and the page that describes them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/dialect.hpp"
#include "ir/module.hpp"

namespace croton::codegen {

struct AotFunction {
  std::string name;  // an identifier of C
  /// Planned for one target; the dims that depend on elements are symbols value$0, value$1, ….
  ir::Module module;
  /// Computes them from the same inputs: output k is value$k, an i64.
  std::optional<ir::Module> prologue;
  /// For each shared variable of both modules (`aot_variables`), the symbol of the library's
  /// constant that holds it; "": it is an argument.
  std::vector<std::string> constants;
};

/// The shared variables of a function's two modules, the module's first.
[[nodiscard]] std::vector<ir::Value> aot_variables(const ir::Module& module,
                                                   const std::optional<ir::Module>& prologue);

struct AotConstant {
  std::string symbol;
  ir::Literal value;
};

struct AotVariant {
  std::string target;  // "x86-64-v3"
  int level = 0;       // 3
  bool fma = false;
  int vector_bytes = 0;
};

struct AotLibrary {
  std::string name;      // an identifier of C
  std::string compiler;  // what wrote it
};

/// One variant: every function for one target. UserError for a dim that no argument tells.
[[nodiscard]] std::string aot_variant_source(const AotLibrary& library, const AotVariant& variant,
                                             const std::vector<AotFunction>& functions);
/// What the file holds beside the code: a section that no program loads.
struct AotSection {
  std::string name, bytes;  // a multiple of 8; none: no section
};
/// The query function and the constants, for the oldest CPU of the architecture.
[[nodiscard]] std::string aot_query_source(const AotLibrary& library,
                                           const std::vector<AotVariant>& variants,
                                           std::size_t functions,
                                           const std::vector<AotConstant>& constants,
                                           const AotSection& section);
/// "predict(x : f32[n, 784]) -> (out : f32[n, 10])"
[[nodiscard]] std::string aot_signature(const AotFunction& function);
/// The constants of a library alone, from a file that holds them one behind the other, each at a
/// multiple of 64: for those that are too many to be text. `file` is a path.
[[nodiscard]] std::string aot_constants_source(const std::vector<AotConstant>& constants,
                                               const std::string& file);
/// NAME.h and NAME.hpp. `functions` are those of any variant.
[[nodiscard]] std::string aot_c_header(const AotLibrary& library,
                                       const std::vector<AotFunction>& functions);
[[nodiscard]] std::string aot_cpp_header(const AotLibrary& library,
                                         const std::vector<AotFunction>& functions);
/// croton_aot.h and croton_aot.hpp, which the headers include.
[[nodiscard]] std::string_view aot_interface_header();
[[nodiscard]] std::string_view aot_wrapper_header();
/// Letters, digits and _, not beginning with a digit, no keyword.
[[nodiscard]] bool is_c_identifier(std::string_view name);

}  // namespace croton::codegen
