// Functions that are compiled when a program is built, for programs that run without croton:
//
//   CROTON_AOT(predict) {
//     Expr x = input("x", f32, {"n", 784});
//     return aot({x}, {softmax(matmul(x, W) + b, axis(-1))}, {.freeze = {W, b}});
//   }
//
// The CMake function croton_add_kernels() builds such a file into a program, runs it, and gives the
// library that it writes to those who link against it.
#pragma once

#include <memory>

#include "frontend/croton/croton.hpp"

namespace croton {

namespace runtime {
struct AotGraph;
}

/// Fields in alphabetical order, as designated initialisers need.
struct AotOptions {
  /// Inputs that nothing uses are accepted.
  bool allow_unused = false;
  /// Variables that become constants of the library, with their present values. The others become
  /// arguments, which hold the new value after a call when they have an update.
  std::vector<Shared> freeze = {};
  /// As for compile.
  std::optional<Math> math = {};
  /// {variable, new value}: written together, after every output has been computed. Their variables
  /// are the function's arguments after its inputs, in this order.
  std::vector<std::pair<Shared, Expr>> updates = {};
};

/// What a builder returns: one function of the library.
class AotDefinition {
 public:
  explicit AotDefinition(std::shared_ptr<const runtime::AotGraph> graph)
      : graph_(std::move(graph)) {}
  /// The graph, under another name.
  [[nodiscard]] runtime::AotGraph graph(const std::string& name) const;

 private:
  std::shared_ptr<const runtime::AotGraph> graph_;
};

/// Throws UserError as `compile` does.
[[nodiscard]] AotDefinition aot(const Exprs& inputs, const Exprs& outputs,
                                const AotOptions& options = {},
                                Location where = Location::current());

/// Makes `builder` part of what aot_main writes. Returns true.
bool register_aot(const char* name, AotDefinition (*builder)());

/// The main function of a program of builders: runs them all and writes one library.
///   program -o DIRECTORY --name NAME --target LIST [--emit LIST] [--linker PATH] [--bare]
/// Returns 0; or 1, with the error's text on standard error and nothing written.
int aot_main(int argc, const char* const* argv);

}  // namespace croton

/// Defines the builder of a function of the library; its body returns what aot() returns.
#define CROTON_AOT(name)                                               \
  static ::croton::AotDefinition croton_aot_builder_##name();          \
  [[maybe_unused]] static const bool croton_aot_is_registered_##name = \
      ::croton::register_aot(#name, &croton_aot_builder_##name);       \
  static ::croton::AotDefinition croton_aot_builder_##name()
