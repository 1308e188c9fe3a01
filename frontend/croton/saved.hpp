// Graphs in files: what was built, to be compiled, inspected or differentiated elsewhere.
//
// model.ctir is text (see ir/README.md); model.ctir.npz beside it holds the values of shared
// variables and constants too large for text, when there are any.
#pragma once

#include <filesystem>

#include "frontend/croton/function.hpp"

namespace croton {

/// What a file held. Inputs and shared variables are new ones, with the names they had.
struct Saved {
  std::string name;
  std::vector<Expr> inputs, outputs;
  std::vector<Shared> variables;
  std::vector<std::pair<Shared, Expr>> updates;
  std::vector<DimFact> facts;
  std::vector<DimRelation> requirements;
  /// By name. UserError with the nearest name.
  [[nodiscard]] Expr input(std::string_view name) const;
  [[nodiscard]] Shared variable(std::string_view name) const;
};

/// Writes the function that compile would make of the same arguments, with the present values of
/// its shared variables. Without a name in `options` it is called after the file. UserError as from
/// compile, or naming a file that cannot be written.
void save(const std::filesystem::path& path, const Exprs& inputs, const Exprs& outputs,
          const CompileOptions& options = {}, Location where = Location::current());
/// Throws UserError "file:line:column: …" for what is no module, and for shared variables without a
/// value.
[[nodiscard]] Saved load(const std::filesystem::path& path);
/// The saved function. `options.name` stays the saved one unless given.
[[nodiscard]] Function compile(const Saved& saved, CompileOptions options = {},
                               Location where = Location::current());

}  // namespace croton
