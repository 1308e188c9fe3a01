// croton opt: any list of passes on a module's text.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <sstream>

#include "codegen/kernel_writer.hpp"
#include "ir/graph_view.hpp"
#include "passes/pipeline.hpp"
#include "passes/rule.hpp"
#include "runtime/target.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/module_file.hpp"

namespace croton::tool {
namespace {

struct Options {
  std::string file, run, emit, math = "standard", target, output;
  bool print = false, dot = false, list_passes = false, list_rules = false, time = false;
  long rewrites = -1;
};

void list_passes() {
  for (const passes::Pass& pass : passes::all_passes())
    fmt::print("{:<14} {:<8} → {:<8} {}\n", pass.name, ir::name(pass.from), ir::name(pass.to),
               pass.doc);
  fmt::print("\ncompile runs: {}\n", fmt::join(passes::default_pipeline(), ", "));
}

void list_rules() {
  for (const passes::RuleSet& set : passes::all_rule_sets()) {
    fmt::print("{}\n", set.name);
    for (const passes::Rule& rule : set.rules)
      fmt::print("  {:<26} {:<60} may change {}\n", rule.name, rule.text(),
                 passes::effects_text(rule.effects));
  }
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) out.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

void opt(const Options& o) {
  if (o.list_passes) return list_passes();
  if (o.list_rules) return list_rules();
  ir::Module module = read_module(o.file);
  runtime::Target target = runtime::host_target();
  if (!o.target.empty()) target = runtime::required_target(o.target);
  if (!o.emit.empty() && o.emit != "cpp" && o.emit != "cuda")
    throw UserError(fmt::format("cannot emit {}; cpp and cuda can be emitted", o.emit));
  std::vector<std::string> names = split(o.run);
  if (o.run == "all" || (o.run.empty() && !o.emit.empty())) {
    const auto left = passes::remaining_pipeline(module.level);
    names.assign(left.begin(), left.end());
  }
  passes::PipelineReport report;
  const passes::PipelineOptions options{.math = o.math,
                                        .fma = target.fma,
                                        .vector_bytes = target.vector_bytes,
                                        .verify = true,
                                        .keep_stages = o.time,
                                        .rewrite_limit = o.rewrites};
  try {
    const std::vector<std::string_view> views(names.begin(), names.end());
    passes::run_passes(module, views, options, report);
  } catch (const UserError& error) {
    throw UserError(fmt::format("{}: {}", o.file, error.message()), error.notes());
  }
  std::string out;
  if (o.time)
    for (const auto& stage : report.stages)
      out += fmt::format("// {:<14} {:>8.3f} ms{}\n", stage.name, 1e3 * stage.seconds,
                         stage.changed ? "" : "  unchanged");
  for (const auto& [rule, count] : report.rules)
    if (o.time) out += fmt::format("// rule {:<24} fired {} times\n", rule, count);
  if (o.dot) {
    std::ostringstream graph;
    ir::GraphView(module.roots()).write_dot(graph, module.name);
    out += graph.str();
  } else if (o.emit.empty() || o.print) {
    out += ir::print(module);
  }
  if (!o.emit.empty()) {
    if (module.level < ir::Level::kernel)
      throw UserError("there are no kernels to emit yet: the passes must include lower");
    const codegen::Dialect dialect = o.emit == "cuda"
                                         ? codegen::cuda_dialect()
                                         : codegen::cpp_dialect(target.fma, target.vector_bytes);
    for (const ir::NodePtr& kernel : module.kernels)
      out += codegen::emit(kernel, dialect).commented + "\n";
  }
  if (o.output.empty()) {
    std::cout << out;
    return;
  }
  std::ofstream file(o.output);
  if (!(file << out) || !file.flush()) throw UserError(fmt::format("cannot write {}", o.output));
}

}  // namespace

void add_opt(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      program.add_subcommand("opt", "run passes on a module's text and print what becomes of it");
  command->footer(
      "Example: croton opt model.ctir --run canonicalize,stabilize,fuse\n"
      "         croton opt model.ctir --run all --emit cpp");
  auto* file = command->add_option("file", options->file, "a .ctir file; - is standard input");
  command->add_option("--run", options->run,
                      "passes, separated by commas; all: what compile would run");
  command->add_option("--emit", options->emit, "print the kernels' source: cpp or cuda");
  command->add_flag("--print", options->print, "print the module as well when emitting");
  command->add_flag("--dot", options->dot, "print the graph for Graphviz instead of the module");
  command->add_option("--math", options->math, "strict, standard or fast");
  command->add_option("--target", options->target,
                      "x86-64-v2, x86-64-v3 or x86-64-v4; else this machine's");
  command->add_option("--rewrites", options->rewrites, "at most so many rewrites fire");
  command->add_flag("--time", options->time, "time per pass and rules that fired, as comments");
  command->add_option("-o,--output", options->output, "a file to write instead of standard output");
  command->add_flag("--passes", options->list_passes, "list the passes");
  command->add_flag("--rules", options->list_rules, "list the rules");
  command->callback([options, file] {
    if (!options->list_passes && !options->list_rules && file->count() == 0)
      throw UserError("opt needs a file; see croton opt --help");
    opt(*options);
  });
}

}  // namespace croton::tool
