#include "tools/croton/inputs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "ir/error.hpp"
#include "ir/spelling.hpp"
#include "runtime/config.hpp"
#include "runtime/module_file.hpp"
#include "runtime/npy.hpp"

namespace croton::tool {
namespace {

std::int64_t extent_of(const std::string& text, const std::string& name) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0)
    throw UserError(fmt::format("--dim {}={}: an extent is a number from 0", name, text));
  return value;
}

// Normal numbers, or 0 and 1.
Array random_array(DType dtype, const std::vector<std::int64_t>& shape, unsigned seed) {
  return is_real(dtype) ? Array::normal(dtype, shape, seed)
                        : Array::integers(dtype, shape, seed, 0, 2);
}

}  // namespace

std::pair<std::string, std::string> name_and_value(const std::string& text,
                                                   const std::string& option) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UserError(fmt::format("--{} needs name=value, not {}", option, text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::map<std::string, std::int64_t> extents(const Problem& problem, const InputOptions& options,
                                            const Arrays& given) {
  std::map<std::string, std::int64_t> dims;
  for (const std::string& text : options.dims) {
    const auto [name, value] = name_and_value(text, "dim");
    dims[name] = extent_of(value, name);
  }
  for (const auto& [name, extent] : dims) ir::check_symbol(problem.module, name);
  const auto note = [&](const Shape& shape, const Array& array) {
    for (std::size_t axis = 0; axis < shape.size() && axis < array.shape().size(); ++axis)
      if (const std::string symbol = shape[axis].symbol(); !symbol.empty())
        dims.emplace(symbol, array.shape()[axis]);
  };
  for (const ir::Value& input : problem.module.inputs)
    if (const auto it = given.find(input.node->attribute<std::string>("name")); it != given.end())
      note(input.shape(), it->second);
  for (const Problem::Variable& variable : problem.variables)
    note(variable.value.shape(), variable.state->value);
  return dims;
}

Array array_from(const std::string& source, const std::string& name) {
  std::string file = source, key = name;
  if (const auto colon = source.rfind(".npz:");
      colon != std::string::npos && access(source.c_str(), F_OK) != 0) {
    file = source.substr(0, colon + 4);
    key = source.substr(colon + 5);
  }
  if (!file.ends_with(".npz")) return load_npy(file);
  const NamedArrays members = load_npz(file);
  std::vector<std::string_view> known;
  for (const auto& [member, array] : members) {
    if (member == key) return array;
    known.push_back(member);
  }
  throw UserError(fmt::format("{} has no array {}{}; there are {}", file, key,
                              ir::suggestion(key, known), fmt::join(known, ", ")));
}

Arrays given_arrays(const std::string& text, const std::string& file, const InputOptions& options) {
  Arrays given;
  if (options.inputs.empty()) return given;
  // Names come first: a file is not asked for on behalf of an input that there is not.
  const ir::Module module = runtime::parse_module(text, file);
  std::vector<std::string> names;
  for (const ir::Value& input : module.inputs)
    names.push_back(input.node->attribute<std::string>("name"));
  for (const ir::Value& variable : module.shared_variables())
    names.push_back(variable.node->attribute<std::string>("name"));
  const std::vector<std::string_view> known(names.begin(), names.end());
  std::vector<std::pair<std::string, std::string>> sources;
  for (const std::string& input : options.inputs) {
    sources.push_back(name_and_value(input, "input"));
    const std::string& name = sources.back().first;
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw UserError(fmt::format("{} has no input {}{}", file, name, ir::suggestion(name, known)));
  }
  // Extents of inputs are known once all is given; a shared variable's are those of its type.
  unsigned seed = options.seed + static_cast<unsigned>(module.inputs.size());
  for (const auto& [name, source] : sources)
    if (source != "random") given.insert_or_assign(name, array_from(source, name));
  for (const ir::Value& variable : module.shared_variables()) {
    const auto& name = variable.node->attribute<std::string>("name");
    ++seed;
    if (given.contains(name) ||
        std::find(sources.begin(), sources.end(),
                  std::pair<std::string, std::string>(name, "random")) == sources.end())
      continue;
    std::vector<std::int64_t> shape;
    for (const Dim& dim : variable.shape())
      shape.push_back(dim.evaluate([&](const Dim::Atom& atom) -> std::int64_t {
        throw UserError(fmt::format("the shared variable {} : {} cannot be random: {} is not known",
                                    name, ir::text(variable.type()), atom.name));
      }));
    given[name] = random_array(variable.dtype(), shape, seed);
  }
  return given;
}

Arrays complete_arrays(const Problem& problem, const InputOptions& options, Arrays given) {
  const std::map<std::string, std::int64_t> dims = extents(problem, options, given);
  unsigned seed = options.seed;
  for (const ir::Value& input : problem.module.inputs) {
    const std::string& name = input.node->attribute<std::string>("name");
    if (given.contains(name) || problem.cotangents.contains(name)) continue;
    std::vector<std::int64_t> shape;
    for (const Dim& d : input.shape())
      shape.push_back(d.evaluate([&](const Dim::Atom& atom) {
        const auto dim = dims.find(atom.name);
        if (dim == dims.end())
          throw UserError(fmt::format("the input {} : {} is random, so --dim {}=… is needed", name,
                                      ir::text(input.type()), atom.name));
        return dim->second;
      }));
    given[name] = random_array(input.dtype(), shape, seed++);
  }
  return given;
}

CacheMode::CacheMode(const std::string& mode) {
  if (mode == "off") {
    setenv("CROTON_CACHE", "off", 1);
  } else if (mode == "cold") {
    const std::string temporary = runtime::system_variable("TMPDIR");
    directory_ =
        (std::filesystem::path(temporary.empty() ? "/tmp" : temporary) / "croton-cold-XXXXXX")
            .string();
    if (mkdtemp(directory_.data()) == nullptr) {
      const int reason = errno;
      throw UserError(fmt::format("cannot make {} for a cold cache: {}",
                                  std::exchange(directory_, {}), std::strerror(reason)));
    }
    noted_.emplace(directory_);
    setenv("CROTON_CACHE", "rw", 1);
    setenv("CROTON_CACHE_DIR", directory_.c_str(), 1);
    unsetenv("CROTON_CACHE_PATH");
  } else if (mode != "warm" && !mode.empty()) {
    throw UserError(fmt::format("--cache is off, cold or warm, not {}", mode));
  }
}

CacheMode::~CacheMode() {
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

}  // namespace croton::tool
