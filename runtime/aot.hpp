// Libraries written ahead of time: graphs to sources, objects, a static and a shared library and
// headers, for several levels of the CPU at once. The C interface is described in codegen/aot/.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ir/module.hpp"

namespace croton::runtime {

/// One function of the library.
struct AotGraph {
  ir::Module module;  // at the tensor level; its name is the function's
  /// Shared variables that become constants with their present values; "*" is every variable
  /// that the function only reads.
  std::vector<std::string> freeze;
  std::string math = "standard";
};

struct AotRequest {
  std::string name;                  // of the library: an identifier of C
  std::vector<std::string> targets;  // "x86-64-v3", …
  std::vector<std::string> emit;     // kinds of aot_kinds()
  std::filesystem::path directory;   // made when it is not there
  std::string linker;                // of the shared library; "": cc, else ld
  bool bare = false;                 // without what `croton dump` shows of it
};

struct AotFile {
  std::filesystem::path path;
  std::uintmax_t bytes;
};

/// obj, static, shared, header, hpp, source.
[[nodiscard]] const std::vector<std::string_view>& aot_kinds();

/// Writes everything or nothing: files appear under their names when all of them are complete;
/// until then they are in a hidden folder beside, which the next call removes if this one was
/// killed. UserError for unknown targets, kinds and variables, names that are no identifiers of C,
/// folders that cannot be written, a missing linker, and one that was asked for and fails;
/// BackendError when the compiler or the default linker does.
std::vector<AotFile> write_aot(const std::vector<AotGraph>& graphs, const AotRequest& request);

}  // namespace croton::runtime
