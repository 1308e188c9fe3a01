#include "tools/croton/module_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "runtime/file.hpp"
#include "runtime/module_file.hpp"
#include "runtime/npy.hpp"
#include "runtime/shared_state.hpp"

namespace croton::tool {
namespace {

// The first line that is no comment says so; what has none so far may still be one.
bool may_be_module(std::string_view start) {
  if (!runtime::may_be_text(start)) return false;
  for (;;) {
    start.remove_prefix(std::min(start.find_first_not_of(" \t\r\n"), start.size()));
    if (!start.starts_with("//")) return start.empty() || start.starts_with("ctir");
    start.remove_prefix(std::min(start.find('\n'), start.size()));
  }
}

}  // namespace

std::string called(const std::string& file) { return file == "-" ? "standard input" : file; }

std::string read_text(const std::string& file) {
  if (file == "-") return runtime::read_open_file(0, called(file), may_be_module);
  return runtime::read_file(file, may_be_module);
}

ir::Module read_module(const std::string& file) {
  return runtime::parse_module(read_text(file), called(file));
}

ir::Module read_module_with_state(const std::string& file) {
  const std::string beside = file + ".npz";
  std::map<std::string, Array> values;
  if (std::error_code error; std::filesystem::exists(beside, error))
    for (auto& [name, array] : load_npz(beside)) values.emplace(name, array);
  return runtime::parse_module(
      read_text(file), called(file),
      [&](ir::Op op, const std::string& name, const ir::Type& type) -> ir::Value {
        const auto value = values.find(name);
        if (op != ir::Op::shared || value == values.end()) return {};
        runtime::check_value(name, type, value->second, {});
        return runtime::make_shared_variable(name, type, value->second).first;
      });
}

}  // namespace croton::tool
