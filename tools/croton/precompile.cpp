// croton precompile: fills a cache directory for machines that have no compiler.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "ir/spelling.hpp"
#include "runtime/aot.hpp"
#include "runtime/compile.hpp"
#include "runtime/config.hpp"
#include "runtime/file.hpp"
#include "runtime/process.hpp"
#include "runtime/target.hpp"
#include "runtime/temporary.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/module_file.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/progress.hpp"

namespace croton::tool {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> what, dims;
  std::string directory, target, math = "standard";
  bool json = false;
};

// What has been compiled: a line for each, as soon as it is there, or a document of all.
class Account {
 public:
  Account(bool as_json, const std::string& what, std::size_t total)
      : as_json_(as_json), progress_(what, total) {}
  void add(const nlohmann::json& row, const std::string& line) {
    progress_.step();
    rows_.push_back(row);
    if (!as_json_) progress_.print(line);
  }
  [[nodiscard]] const nlohmann::json& rows() const { return rows_; }

 private:
  bool as_json_;
  Progress progress_;
  nlohmann::json rows_ = nlohmann::json::array();
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
      const std::optional<std::int64_t> extent = runtime::natural(word);
      if (!extent) throw UserError(fmt::format("--dims {}: {} is no extent", text, word));
      extents.push_back(*extent);
    }
    if (extents.empty()) throw UserError(fmt::format("--dims {}: there is no extent", text));
    out.emplace_back(text.substr(0, equals), std::move(extents));
  }
  return out;
}

// One kernel serves every size; what is asked of sizes is that the function takes them.
void check_sizes(const ir::Module& module, const Sizes& sizes) {
  for (const auto& [name, extents] : sizes) {
    ir::check_symbol(module, name);
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
    std::error_code error;
    if (!fs::is_directory(one, error)) {
      files.push_back(one);
      continue;
    }
    const std::size_t before = files.size();
    for (const fs::directory_entry& entry : fs::directory_iterator(one, error))
      if (entry.path().extension() == ".ctir") files.push_back(entry.path().string());
    if (error) throw UserError(fmt::format("cannot read {}: {}", one, error.message()));
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

// A program goes on when its kernels are not kept, so that the folder is tried here.
void check_writable(const std::string& directory) {
  const std::filesystem::path probe =
      fs::path(directory) / fmt::format(".croton-{}.part", getpid());
  const runtime::Temporary noted(probe);
  const int reason = runtime::write_new_file(probe, std::string(std::size_t{1} << 16, '.'));
  unlink(probe.c_str());
  if (reason != 0)
    throw UserError(fmt::format("cannot write into {}: {}", directory, std::strerror(reason)));
}

nlohmann::json run_programs(const Options& o, const std::vector<runtime::Target>& targets) {
  Account account(o.json, "running " + o.what[0], targets.size());
  for (const runtime::Target& target : targets) {
    check_writable(o.directory);
    run_program(o, target);
    check_writable(o.directory);
    account.add({{"program", o.what[0]}, {"target", target.name}},
                fmt::format("{} has run for {}\n", o.what[0], target.name));
  }
  return account.rows();
}

nlohmann::json compile_graphs(const Options& o, const Sizes& sizes,
                              const std::vector<runtime::Target>& targets) {
  setenv("CROTON_CACHE", "rw", 1);
  setenv("CROTON_CACHE_DIR", o.directory.c_str(), 1);
  unsetenv("CROTON_CACHE_PATH");
  const auto files = graphs_in(o.what);
  Account account(o.json, "precompiling", files.size() * targets.size());
  for (const std::string& file : files) {
    const ir::Module module = read_module(file);
    check_sizes(module, sizes);
    for (const runtime::Target& target : targets) {
      const int kernels = runtime::precompile(module, {.math = o.math, .threads = 0}, target);
      account.add(
          {{"function", module.name},
           {"file", file},
           {"target", target.name},
           {"kernels", kernels}},
          fmt::format("{}: {} for {}\n", module.name,
                      ir::counted(static_cast<std::size_t>(kernels), "kernel"), target.name));
    }
  }
  return account.rows();
}

void precompile(const Options& o) {
  const Sizes sizes = sizes_of(o.dims);
  std::vector<runtime::Target> targets;
  for (const std::string& name :
       ir::split_list(o.target.empty() ? runtime::host_target().name : o.target))
    targets.push_back(runtime::required_target(name));
  std::error_code error;
  const bool graphs = fs::is_directory(o.what[0], error) || o.what[0].ends_with(".ctir");
  if (!graphs && !sizes.empty())
    throw UserError("--dims is for .ctir files; a program chooses its own");
  fs::create_directories(o.directory, error);
  if (error) throw UserError(fmt::format("cannot write {}: {}", o.directory, error.message()));
  // Entries are taken only from folders that nobody else can write to.
  fs::permissions(o.directory, fs::perms::group_write | fs::perms::others_write,
                  fs::perm_options::remove, error);
  const nlohmann::json rows = graphs ? compile_graphs(o, sizes, targets) : run_programs(o, targets);
  if (o.json) write_json({{"directory", o.directory}, {"compiled", rows}});
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
  command
      ->add_option("--dims", options->dims,
                   "name=extents that the functions must take, such as n=1,32,600")
      ->allow_extra_args(false);
  command->add_option("--math", options->math, "strict, standard or fast");
  command->add_flag("--json", options->json, "as JSON");
  command->callback([options] { precompile(*options); });
}

}  // namespace croton::tool
