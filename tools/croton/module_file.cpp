#include "tools/croton/module_file.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "runtime/module_file.hpp"

namespace croton::tool {

std::string read_text(const std::string& file) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw UserError(fmt::format("cannot read {}", file));
  return {std::istreambuf_iterator<char>(stream), {}};
}

ir::Module read_module(const std::string& file) {
  return runtime::parse_module(read_text(file), file);
}

}  // namespace croton::tool
