// croton precompile: fills a cache directory for machines that have no compiler.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "ir/spelling.hpp"
#include "runtime/aot.hpp"
#include "runtime/compile.hpp"
#include "runtime/process.hpp"
#include "runtime/target.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/module_file.hpp"
#include "tools/croton/progress.hpp"

namespace croton::tool {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> what, dims;
  std::string directory, target, math = "standard";
};

using Sizes = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

Sizes sizes_of(const std::vector<std::string>& texts) {
  Sizes out;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw UserError(fmt::format("--dims needs name=extents, such as n=1,32, not {}", text));
    std::vector<std::int64_t> extents;
    for (const std::string& word : ir::split_list(text.substr(equals + 1))) {
      char* end = nullptr;
      extents.push_back(std::strtoll(word.c_str(), &end, 10));
      if (*end != '\0' || extents.back() < 0)
        throw UserError(fmt::format("--dims {}: {} is no extent", text, word));
    }
    out.emplace_back(text.substr(0, equals), std::move(extents));
  }
  return out;
}

// One kernel serves every size; what is asked of sizes is that the function takes them.
void check_sizes(const ir::Module& module, const Sizes& sizes) {
  std::vector<std::string> symbols;
  for (const ir::Value& input : module.inputs)
    for (const Dim& dim : input.shape())
      dim.for_each_leaf([&](const Dim::Atom& atom) { symbols.push_back(atom.name); });
  const std::vector<std::string_view> known(symbols.begin(), symbols.end());
  for (const auto& [name, extents] : sizes) {
    if (std::find(symbols.begin(), symbols.end(), name) == symbols.end())
      throw UserError(
          fmt::format("{} has no dim {}{}", module.name, name, ir::suggestion(name, known)));
    for (const ir::Fact& fact : module.facts) {
      if (fact.symbol != name) continue;
      const bool divisible = fact.kind == ir::Fact::Kind::divisible;
      for (const std::int64_t extent : extents)
        if (divisible ? extent % fact.value != 0 : extent < fact.value)
          throw UserError(divisible ? fmt::format("{}: {} is {}, but {} % {} == 0 must hold",
                                                  module.name, name, extent, name, fact.value)
                                    : fmt::format("{}: {} is {}, but {} >= {} must hold",
                                                  module.name, name, extent, name, fact.value));
    }
  }
}

std::vector<std::string> graphs_in(const std::vector<std::string>& what) {
  std::vector<std::string> files;
  for (const std::string& one : what) {
    if (!fs::is_directory(one)) {
      files.push_back(one);
      continue;
    }
    const std::size_t before = files.size();
    for (const fs::directory_entry& entry : fs::directory_iterator(one))
      if (entry.path().extension() == ".ctir") files.push_back(entry.path().string());
    if (files.size() == before) throw UserError(fmt::format("{} holds no .ctir file", one));
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
  }
  return files;
}

void run_program(const Options& o, const runtime::Target& target) {
  if (target.level > runtime::host_target().level)
    throw UserError(
        fmt::format("this CPU is no {}, so {} cannot be run for it; precompile the graphs that it "
                    "saves instead",
                    target.name, o.what[0]));
  const auto result = runtime::run_process(o.what, {{"CROTON_CACHE", "rw"},
                                                    {"CROTON_CACHE_DIR", o.directory},
                                                    {"CROTON_CACHE_PATH", ""},
                                                    {"CROTON_CPU", target.name}});
  if (!result) throw UserError(fmt::format("there is no program {}", o.what[0]));
  if (result->status != 0)
    throw UserError(
        fmt::format("{} failed with {}:\n{}", o.what[0], result->status, result->output));
}

void precompile(const Options& o) {
  const Sizes sizes = sizes_of(o.dims);
  std::vector<runtime::Target> targets;
  for (const std::string& name :
       ir::split_list(o.target.empty() ? runtime::host_target().name : o.target))
    targets.push_back(runtime::required_target(name));
  std::error_code error;
  fs::create_directories(o.directory, error);
  if (error) throw UserError(fmt::format("cannot write {}: {}", o.directory, error.message()));
  // Entries are taken only from folders that nobody else can write to.
  fs::permissions(o.directory, fs::perms::group_write | fs::perms::others_write,
                  fs::perm_options::remove, error);
  const bool graphs = fs::is_directory(o.what[0]) || o.what[0].ends_with(".ctir");
  if (!graphs) {
    if (!sizes.empty()) throw UserError("--dims is for .ctir files; a program chooses its own");
    Progress progress("running " + o.what[0], targets.size());
    for (const runtime::Target& target : targets) {
      run_program(o, target);
      progress.step();
      progress.print(fmt::format("{} has run for {}\n", o.what[0], target.name));
    }
    return;
  }
  setenv("CROTON_CACHE", "rw", 1);
  setenv("CROTON_CACHE_DIR", o.directory.c_str(), 1);
  unsetenv("CROTON_CACHE_PATH");
  const auto files = graphs_in(o.what);
  Progress progress("precompiling", files.size() * targets.size());
  for (const std::string& file : files) {
    const ir::Module module = read_module(file);
    check_sizes(module, sizes);
    for (const runtime::Target& target : targets) {
      const int kernels = runtime::precompile(module, {.math = o.math, .threads = 0}, target);
      progress.step();
      progress.print(fmt::format("{}: {} for {}\n", module.name,
                                 ir::counted(static_cast<std::size_t>(kernels), "kernel"),
                                 target.name));
    }
  }
}

}  // namespace

void add_precompile(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand(
      "precompile", "fill a cache directory for machines without a compiler");
  command->footer(
      "Example: croton precompile model.ctir -o kernels --target x86-64-v3,x86-64-v4\n"
      "         croton precompile -o kernels -- ./app --epochs 1\n"
      "and where it runs: CROTON_CACHE_PATH=kernels ./app");
  command
      ->add_option("what", options->what,
                   ".ctir files and folders of them; or a program, which is run, and its arguments")
      ->required();
  command->add_option("-o,--output", options->directory, "the cache directory")->required();
  command->add_option("--target", options->target,
                      "levels of x86-64, separated by commas; else this machine's");
  command->add_option("--dims", options->dims,
                      "name=extents that the functions must take, such as n=1,32,600");
  command->add_option("--math", options->math, "strict, standard or fast");
  command->callback([options] { precompile(*options); });
}

}  // namespace croton::tool
