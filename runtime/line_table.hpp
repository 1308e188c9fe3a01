// Which line of which file an address of machine code comes from: the line number program of
// DWARF 4 (section 6.2 of the standard), as far as the compiler component writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace croton::runtime {

struct CodeLine {
  std::uint64_t address = 0;
  std::uint32_t line = 0;  // 0: no line
  std::string file;
};

/// The rows of an ELF object whose section headers hold the addresses at which sections lie, in
/// ascending order of addresses within each function. Empty for an object without lines, with lines
/// in another form, or with damaged ones: every offset is checked.
[[nodiscard]] std::vector<CodeLine> line_table(std::string_view image);

}  // namespace croton::runtime
