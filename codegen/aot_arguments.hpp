// What a function written ahead of time takes: the one list that its source and its headers are
// written from.
#pragma once

#include <string>
#include <vector>

#include "codegen/aot_writer.hpp"

namespace croton::codegen {

struct AotArgument {
  enum class Role : std::uint8_t { input, state, output, constant_state };
  std::string name;        // unique among the arguments, as the user called it
  std::string identifier;  // the same as an identifier
  ir::Type type;
  Role role;
  std::vector<Site> sites;
};

/// Inputs, then shared variables that are no constants, then outputs.
[[nodiscard]] std::vector<AotArgument> aot_arguments(const AotFunction& function);

/// Symbols of dims in the order of the interface: those that arguments tell, then value$k.
struct AotDims {
  std::vector<std::string> symbols;
  std::vector<std::string> identifiers;
  std::size_t told = 0;  // by arguments
  /// The axis that tells a symbol.
  struct Source {
    int argument = 0, axis = 0;
  };
  std::vector<Source> sources;                           // of the first `told`
  [[nodiscard]] std::string text(const Dim& dim) const;  // as an expression of C
};

/// UserError when a dim is told by no argument.
[[nodiscard]] AotDims aot_dims(const AotFunction& function,
                               const std::vector<AotArgument>& arguments);

/// "predict(x : f32[n, 784], …) -> (out : f32[n, 10])"
[[nodiscard]] std::string aot_signature(const AotFunction& function,
                                        const std::vector<AotArgument>& arguments);
/// A C string literal.
[[nodiscard]] std::string c_string(std::string_view text);
/// `wanted` as an identifier that is neither reserved nor in `taken`, which it joins.
[[nodiscard]] std::string aot_identifier(std::string wanted, std::vector<std::string>& taken);

}  // namespace croton::codegen
