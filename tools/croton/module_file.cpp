#include "tools/croton/module_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>

#include "runtime/file.hpp"
#include "runtime/module_file.hpp"
#include "runtime/npy.hpp"
#include "runtime/shared_state.hpp"

namespace croton::tool {

std::string read_text(const std::string& file) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  return runtime::read_file(file);
}

ir::Module read_module(const std::string& file) {
  return runtime::parse_module(read_text(file), file);
}

ir::Module read_module_with_state(const std::string& file) {
  const std::string beside = file + ".npz";
  std::map<std::string, Array> values;
  if (std::filesystem::exists(beside))
    for (auto& [name, array] : load_npz(beside)) values.emplace(name, array);
  return runtime::parse_module(
      read_text(file), file,
      [&](ir::Op op, const std::string& name, const ir::Type& type) -> ir::Value {
        const auto value = values.find(name);
        if (op != ir::Op::shared || value == values.end()) return {};
        runtime::check_value(name, type, value->second, {});
        return runtime::make_shared_variable(name, type, value->second).first;
      });
}

}  // namespace croton::tool
