// croton aot: saved graphs to libraries that need neither croton's compiler nor LLVM.
#include "runtime/aot.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ir/spelling.hpp"
#include "runtime/target.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/module_file.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/progress.hpp"

namespace croton::tool {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string name, directory, linker, math = "standard";
  std::string target, emit = "static,header,hpp", freeze;
  bool bare = false, json = false;
};

std::vector<runtime::AotFile> written(const Options& o) {
  const Progress progress("writing " + o.directory);
  std::vector<runtime::AotGraph> graphs;
  for (const std::string& file : o.files) {
    graphs.push_back({read_module_with_state(file), ir::split_list(o.freeze), o.math});
    // C has a main of its own.
    if (graphs.back().module.name == "main")
      graphs.back().module.name = std::filesystem::path(file).stem().string();
  }
  return runtime::write_aot(
      graphs, {.name = o.name.empty() ? graphs[0].module.name : o.name,
               .targets = ir::split_list(o.target.empty() ? runtime::host_target().name : o.target),
               .emit = ir::split_list(o.emit),
               .directory = o.directory,
               .linker = o.linker,
               .bare = o.bare});
}

void aot(const Options& o) {
  nlohmann::json files = nlohmann::json::array();
  for (const runtime::AotFile& file : written(o))
    if (o.json)
      files.push_back({{"path", file.path.string()}, {"bytes", file.bytes}});
    else
      fmt::print("{:<40} {:>10} bytes\n", file.path.string(), file.bytes);
  if (o.json) write_json({{"files", files}});
}

}  // namespace

void add_aot(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand(
      "aot", "write a library of functions that needs neither croton nor a compiler");
  command->footer(
      "Example: croton aot predict.ctir -o out --target x86-64-v2,x86-64-v3,x86-64-v4\n"
      "         croton aot predict.ctir -o out --freeze W,b --emit shared,header");
  command->add_option("files", options->files, ".ctir files, one for each function")->required();
  command->add_option("-o,--output", options->directory, "the folder to write to")->required();
  command->add_option("--name", options->name, "of the library; else the first function's");
  command->add_option("--target", options->target,
                      "levels of x86-64, separated by commas; else this machine's");
  command->add_option("--emit", options->emit,
                      "obj, static, shared, header, hpp and source, separated by commas");
  command->add_option("--freeze", options->freeze,
                      "shared variables that become constants; *: all that are only read");
  command->add_option("--linker", options->linker, "for shared; else cc or ld");
  command->add_flag("--bare", options->bare, "leave out what croton dump shows of the library");
  command->add_option("--math", options->math, "strict, standard or fast");
  command->add_flag("--json", options->json, "as JSON");
  command->callback([options] { aot(*options); });
}

}  // namespace croton::tool
