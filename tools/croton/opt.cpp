// croton opt: any list of passes on a module's text.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "codegen/canonical_text.hpp"
#include "codegen/kernel_writer.hpp"
#include "codegen/unit_text.hpp"
#include "ir/graph_view.hpp"
#include "ir/spelling.hpp"
#include "passes/pipeline.hpp"
#include "passes/rule.hpp"
#include "runtime/reproducer.hpp"
#include "runtime/toolchain.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/module_file.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/progress.hpp"
#include "tools/croton/source.hpp"

namespace croton::tool {
namespace {

using nlohmann::json;

struct Options {
  std::string file, run, emit, math = "standard", target, output;
  bool print = false, dot = false, list_passes = false, list_rules = false, time = false;
  bool json = false;
  long rewrites = -1;
};

void list_passes(bool as_json) {
  json rows = json::array();
  for (const passes::Pass& pass : passes::all_passes()) {
    if (as_json)
      rows.push_back({{"name", pass.name},
                      {"from", ir::name(pass.from)},
                      {"to", ir::name(pass.to)},
                      {"doc", pass.doc}});
    else
      fmt::print("{:<14} {:<8} → {:<8} {}\n", pass.name, ir::name(pass.from), ir::name(pass.to),
                 pass.doc);
  }
  if (as_json)
    write_json(rows);
  else
    fmt::print("\ncompile runs: {}\n", fmt::join(passes::default_pipeline(), ", "));
}

void list_rules(bool as_json) {
  json rows = json::array();
  for (const passes::RuleSet& set : passes::all_rule_sets()) {
    if (!as_json) fmt::print("{}\n", set.name);
    for (const passes::Rule& rule : set.rules) {
      const std::string effects = passes::effects_text(rule.effects);
      if (as_json)
        rows.push_back({{"set", set.name},
                        {"name", rule.name},
                        {"rule", rule.text()},
                        {"may_change", effects}});
      else
        fmt::print("  {:<26} {:<60} may change {}\n", rule.name, rule.text(), effects);
    }
  }
  if (as_json) write_json(rows);
}

constexpr std::string_view kLanguages[] = {"cpp", "cuda", "asm", "llvm"};

void check_language(const std::string& emit) {
  if (emit.empty() ||
      std::find(std::begin(kLanguages), std::end(kLanguages), emit) != std::end(kLanguages))
    return;
  throw UserError(fmt::format("cannot emit {}{}; {} can be emitted", emit,
                              ir::suggestion(emit, kLanguages), fmt::join(kLanguages, ", ")));
}

// Of one kernel, complete.
std::string emitted(const ir::NodePtr& kernel, const std::string& emit,
                    const runtime::Target& target) {
  if (emit == "cuda") return codegen::emit(kernel, codegen::cuda_dialect()).complete;
  const codegen::EmittedKernel cpp =
      codegen::emit(kernel, codegen::cpp_dialect(target.fma, target.vector_bytes));
  if (emit == "cpp") return cpp.complete;
  // The text that compile gives to the compiler, so that what it refuses is refused here.
  const std::string text = codegen::canonical_text(cpp);
  return emit == "asm" ? runtime::assembly_of(text, target) : runtime::llvm_of(text, target);
}

// Of all kernels: sources are one text that compiles.
std::string all_emitted(const ir::Module& module, const std::string& emit,
                        const runtime::Target& target) {
  std::string out;
  if (emit == "asm" || emit == "llvm") {
    for (const ir::NodePtr& kernel : module.kernels) out += emitted(kernel, emit, target) + "\n";
    return out;
  }
  const codegen::Dialect dialect = emit == "cuda"
                                       ? codegen::cuda_dialect()
                                       : codegen::cpp_dialect(target.fma, target.vector_bytes);
  std::vector<codegen::EmittedKernel> kernels;
  for (const ir::NodePtr& kernel : module.kernels)
    kernels.push_back(codegen::emit(kernel, dialect));
  std::vector<codegen::UnitPart> parts;
  for (const codegen::EmittedKernel& kernel : kernels)
    parts.push_back({kernel.name, kernel.commented});
  return codegen::unit_text(module.name, target.name, parts, dialect);
}

std::string dot_of(const ir::Module& module) {
  std::ostringstream graph;
  ir::GraphView(module.roots()).write_dot(graph, module.name);
  return graph.str();
}

std::string optimised(const Options& o) {
  const Progress progress("opt " + o.file);
  ir::Module module = read_module(o.file);
  const runtime::Target target = target_of(o.target);
  check_language(o.emit);
  std::vector<std::string> names = ir::split_list(o.run);
  if (o.run == "all" || (o.run.empty() && !o.emit.empty())) {
    const auto left = passes::remaining_pipeline(module.level);
    names.assign(left.begin(), left.end());
  }
  passes::PipelineReport report;
  const passes::PipelineOptions options{.math = o.math,
                                        .fma = target.fma,
                                        .vector_bytes = target.vector_bytes,
                                        .verify = true,
                                        .keep_stages = o.time || o.json,
                                        .rewrite_limit = o.rewrites};
  try {
    const std::vector<std::string_view> views(names.begin(), names.end());
    passes::run_passes(module, views, options, report);
  } catch (const UserError& error) {
    throw UserError(fmt::format("{}: {}", called(o.file), error.message()), error.notes());
  } catch (const passes::PassError& error) {
    // The only pass of the run had the given file, which repeats the failure as it is.
    if (names.size() < 2) throw;
    throw InternalError(error.what() + runtime::pass_reproducer(error, module.name, options));
  }
  if (o.json) {
    json out{{"module", ir::print(module)},
             {"level", ir::name(module.level)},
             {"rules", report.rules},
             {"stages", json::array()},
             {"kernels", json::array()}};
    for (const auto& stage : report.stages)
      out["stages"].push_back(
          {{"name", stage.name}, {"seconds", stage.seconds}, {"changed", stage.changed}});
    if (!o.emit.empty())
      for (const ir::NodePtr& kernel : module.kernels)
        out["kernels"].push_back({{"name", kernel->attribute<std::string>("name")},
                                  {o.emit, emitted(kernel, o.emit, target)}});
    if (o.dot) out["dot"] = dot_of(module);
    return json_text(out);
  }
  std::string out;
  if (o.time)
    for (const auto& stage : report.stages)
      out += fmt::format("// {:<14} {:>8.3f} ms{}\n", stage.name, 1e3 * stage.seconds,
                         stage.changed ? "" : "  unchanged");
  for (const auto& [rule, count] : report.rules)
    if (o.time)
      out += fmt::format("// rule {:<24} fired {}\n", rule,
                         ir::counted(static_cast<std::size_t>(count), "time"));
  if (o.dot) {
    out += dot_of(module);
  } else if (o.emit.empty() || o.print) {
    out += ir::print(module);
  }
  if (!o.emit.empty()) {
    if (module.level < ir::Level::kernel)
      throw UserError("there are no kernels to emit yet: the passes must include lower");
    out += all_emitted(module, o.emit, target);
  }
  return out;
}

void opt(const Options& o) {
  if (o.list_passes) return list_passes(o.json);
  if (o.list_rules) return list_rules(o.json);
  const std::string out = optimised(o);
  if (o.json && o.output.empty()) note_json_written();
  write_output(o.output, out);
}

}  // namespace

void add_opt(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      program.add_subcommand("opt", "run passes on a module's text and print what becomes of it");
  command->footer(
      "Example: croton opt model.ctir --run canonicalize,stabilize,specialize,fuse\n"
      "         croton opt model.ctir --run all --emit cpp");
  auto* file = command->add_option("file", options->file, "a .ctir file; - is standard input");
  command->add_option("--run", options->run,
                      "passes, separated by commas; all: what compile would run");
  command->add_option("--emit", options->emit,
                      "print the kernels: cpp or cuda, which compile by themselves, asm or llvm");
  command->add_flag("--print", options->print, "print the module as well when emitting");
  command->add_flag("--dot", options->dot, "print the graph for Graphviz instead of the module");
  command->add_option("--math", options->math, "strict, standard or fast");
  command->add_option("--target", options->target,
                      "x86-64-v2, x86-64-v3 or x86-64-v4; else this machine's");
  command->add_option("--rewrites", options->rewrites, "at most so many rewrites fire");
  command->add_flag("--time", options->time, "time per pass and rules that fired, as comments");
  command->add_flag("--json", options->json, "as JSON, with the time of each pass");
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
