// Loaded machine code as other tools see it: debuggers through GDB's JIT interface, always; perf
// through /tmp/perf-PID.map or a jitdump when CROTON_PERF asks for it. CROTON_LINES adds the lines
// of emitted files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croton::runtime {

struct CodeSymbol {
  std::string name;
  std::uint64_t address = 0, size = 0;
};

/// An ELF file whose sections have the addresses at which they lie, and its functions.
struct LoadedCode {
  std::string image;
  std::vector<CodeSymbol> symbols;
};

/// One loaded object, visible as long as this lives. Throws nothing but std::bad_alloc, and then
/// nothing is registered.
class VisibleCode {
 public:
  explicit VisibleCode(LoadedCode code);
  ~VisibleCode();
  VisibleCode(const VisibleCode&) = delete;
  VisibleCode& operator=(const VisibleCode&) = delete;

 private:
  struct Entry;
  Entry* entry_;
};

/// An ELF file that says nothing but where functions are: for objects without debug information.
[[nodiscard]] std::string symbol_image(const std::vector<CodeSymbol>& symbols);

/// True for emitted text whose first line says in which file its lines are; it is compiled with
/// debug information.
[[nodiscard]] bool has_lines(std::string_view source);
/// `text` after such a line. The file is written into the folder `source` of the cache directory,
/// or, where that cannot be written, into a private folder of the system's temporary ones, and
/// stays. The text as it is when no file can be written.
[[nodiscard]] std::string with_lines(const std::string& name, const std::string& text);

}  // namespace croton::runtime
