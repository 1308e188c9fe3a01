#include "tools/croton/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "ir/spelling.hpp"
#include "runtime/cache.hpp"
#include "runtime/compile.hpp"
#include "runtime/description_json.hpp"
#include "runtime/file.hpp"
#include "tools/croton/entries.hpp"
#include "tools/croton/module_file.hpp"

namespace croton::tool {
namespace {

namespace fs = std::filesystem;
using runtime::Description;

Description of_module(const std::string& file, const SourceOptions& options) {
  const runtime::Target target = target_of(options.target);
  passes::PipelineOptions pipeline = runtime::pipeline_options({.math = options.math}, target);
  ir::Module module = read_module(file);
  // As compile does; kernels and plans are past it.
  if (module.level <= ir::Level::grouped) module = runtime::prepare(std::move(module)).module;
  return runtime::describe(
      module,
      {.origin = called(file), .pipeline = pipeline, .target = target, .dims = options.dims});
}

Description of_directory(const fs::path& directory, const SourceOptions& options) {
  const auto description = [](const fs::path& folder) {
    const fs::path file = folder / runtime::kDescriptionFile;
    Description out =
        runtime::description_of_json(runtime::read_file(file, runtime::may_be_text), file.string());
    out.origin = folder.string();
    return out;
  };
  if (!options.dims.empty())
    throw UserError(
        fmt::format("--dim: the sizes in {} are those of the dump; they can be chosen "
                    "for .ctir files, libraries and functions in the cache",
                    directory.string()));
  std::error_code error;
  if (fs::exists(directory / runtime::kDescriptionFile, error)) return description(directory);
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error))
    if (std::error_code ignored; fs::exists(entry.path() / runtime::kDescriptionFile, ignored))
      names.push_back(entry.path().filename().string());
  if (error)
    throw UserError(fmt::format("cannot read {}: {}", directory.string(), error.message()));
  std::sort(names.begin(), names.end());
  if (names.empty())
    throw UserError(fmt::format(
        "{} holds no dump: there is no {} in it; CROTON_DUMP={} makes one "
        "for every function that a program compiles",
        directory.string(), runtime::kDescriptionFile, ir::shell_word(directory.string())));
  if (options.function.empty() && names.size() == 1) return description(directory / names[0]);
  if (options.function.empty())
    throw UserError(fmt::format("{} holds several dumps; choose one with --function: {}",
                                directory.string(), fmt::join(names, ", ")));
  // "train" stands for its last dump, "train-3" for that one.
  std::string chosen;
  for (const std::string& name : names)
    if (name == options.function || name.substr(0, name.rfind('-')) == options.function)
      chosen = name;
  const std::vector<std::string_view> known(names.begin(), names.end());
  if (chosen.empty())
    throw UserError(fmt::format("{} holds no dump of {}{}; there are {}", directory.string(),
                                options.function, ir::suggestion(options.function, known),
                                fmt::join(names, ", ")));
  return description(directory / chosen);
}

// A file says by its first bytes what it is.
std::string start_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw UserError(fmt::format("cannot read {}: {}", file, std::strerror(errno)));
  std::string start(16, '\0');
  stream.read(start.data(), 16);
  start.resize(static_cast<std::size_t>(stream.gcount()));
  return start;
}

// The variant that a program on this machine would get.
std::string variant_here(const runtime::AotRecord& record) {
  std::string best;
  int level = 0;
  for (const std::string& name : record.targets) {
    const auto target = runtime::target_named(name);
    if (!target || target->level > runtime::host_target().level || target->level <= level) continue;
    best = name;
    level = target->level;
  }
  return best.empty() && !record.targets.empty() ? record.targets[0] : best;
}

// "predict", or "library.predict" where several libraries of a program have one.
Description of_library(const std::string& file, const std::vector<runtime::AotRecord>& records,
                       const SourceOptions& options) {
  std::vector<std::string> names;
  std::vector<std::pair<const runtime::AotRecord*, const runtime::AotRecord::Function*>> found;
  for (const runtime::AotRecord& record : records)
    for (const runtime::AotRecord::Function& function : record.functions) {
      names.push_back(records.size() > 1 ? record.name + "." + function.name : function.name);
      if (options.function.empty() || options.function == function.name ||
          options.function == names.back())
        found.emplace_back(&record, &function);
    }
  const std::vector<std::string_view> known(names.begin(), names.end());
  if (found.empty())
    throw UserError(fmt::format("{} holds no function {}{}; there are {}", file, options.function,
                                ir::suggestion(options.function, known), fmt::join(names, ", ")));
  if (found.size() > 1)
    throw UserError(fmt::format("{} holds several functions; choose one with --function: {}", file,
                                fmt::join(names, ", ")));
  const auto& [record, function] = found[0];
  return runtime::describe_record(*record, *function,
                                  options.target.empty() ? variant_here(*record) : options.target,
                                  file, options.dims);
}

}  // namespace

std::vector<runtime::AotRecord> library_records(const std::string& source) {
  std::error_code error;
  if (source == "-" || !fs::is_regular_file(source, error) ||
      !runtime::is_machine_code(start_of(source)))
    return {};
  std::ifstream stream(source, std::ios::binary);
  std::vector<runtime::AotRecord> records = runtime::aot_records(stream, source);
  if (records.empty())
    throw UserError(
        fmt::format("{} is machine code that holds no description of itself; libraries that croton "
                    "aot writes have one, unless they were written with --bare",
                    source));
  return records;
}

runtime::Target target_of(const std::string& name) {
  return name.empty() ? runtime::host_target() : runtime::required_target(name);
}

std::map<std::string, std::int64_t> dims_of(const std::vector<std::string>& given) {
  std::map<std::string, std::int64_t> out;
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    std::int64_t value = -1;
    const char* end = text.data() + text.size();
    if (equals == std::string::npos || equals == 0 ||
        std::from_chars(text.data() + equals + 1, end, value).ptr != end || value < 0)
      throw UserError(fmt::format("--dim needs name=extent, such as n=60, not {}", text));
    out[text.substr(0, equals)] = value;
  }
  return out;
}

namespace {

// A module is one function.
Description of_text(const std::string& file, const SourceOptions& options) {
  Description out = of_module(file, options);
  if (!options.function.empty() && options.function != out.name)
    throw UserError(
        fmt::format("{} holds no function {}; there is {}", file, options.function, out.name));
  return out;
}

}  // namespace

Description describe_source(const std::string& source, const SourceOptions& options) {
  if (source == "-") return of_text(source, options);
  std::error_code error;
  const fs::file_status there = fs::status(source, error);
  if (there.type() == fs::file_type::none)
    throw UserError(fmt::format("cannot read {}: {}", source, error.message()));
  if (fs::is_directory(there)) return of_directory(source, options);
  // A pipe can be read once, and holds a module.
  if (fs::exists(there) && !fs::is_regular_file(there)) return of_text(source, options);
  if (fs::exists(there)) {
    if (start_of(source).starts_with("CROTON-CACHE"))
      return runtime::describe_entry(source, options.dims);
    const std::vector<runtime::AotRecord> records = library_records(source);
    return records.empty() ? of_text(source, options) : of_library(source, records, options);
  }
  const bool looks_like_a_file = source.find('/') != std::string::npos || source.ends_with(".ctir");
  if (looks_like_a_file)
    throw UserError(fmt::format("cannot read {}: there is no such file", source));
  const std::vector<Entry> requests = requests_of(source);
  Description out = runtime::describe_entry(requests.front().file.path, options.dims);
  if (requests.size() > 1)
    out.notes.push_back(fmt::format("{} is in the cache {} times; this is {}, used last. Others:{}",
                                    source, requests.size(),
                                    requests.front().file.key.substr(0, 12), same_named(requests)));
  return out;
}

}  // namespace croton::tool
