// croton dump: everything about a function, stage by stage.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ir/spelling.hpp"
#include "runtime/aot_record.hpp"
#include "runtime/description_json.hpp"
#include "runtime/description_text.hpp"
#include "runtime/report.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/difference.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/progress.hpp"
#include "tools/croton/source.hpp"

namespace croton::tool {
namespace {

using runtime::Description;

struct Options {
  std::string source, architecture = "sm_80", output, dot;
  std::vector<std::string> stages, difference, dims, sources{"."};
  SourceOptions from;
  bool json = false, html = false;
};

std::size_t stage_number(const Description& d, const std::string& name) {
  for (std::size_t i = 0; i < d.stages.size(); ++i)
    if (d.stages[i].name == name) return i;
  return d.stages.size();
}

// Of a pass its text; of what is no pass, the view.
std::string text_for_difference(Description& d, const std::string& name,
                                const std::string& architecture) {
  const std::size_t i = stage_number(d, name);
  return i < d.stages.size() ? runtime::stage_text(d, i) : runtime::view(d, name, architecture);
}

std::string dot_of(const Description& d, const std::string& stage) {
  const std::size_t i = stage_number(d, stage);
  if (i == d.stages.size()) {
    std::vector<std::string_view> known;
    for (const Description::Stage& any : d.stages) known.push_back(any.name);
    throw UserError(fmt::format("{} has no stage {}{}; there are {}", d.name, stage,
                                ir::suggestion(stage, known), fmt::join(known, ", ")));
  }
  const auto quoted = [](const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + "\"";
  };
  std::string out =
      fmt::format("digraph {} {{\n  rankdir=TB;\n  node [shape=ellipse];\n", quoted(d.name));
  for (const Description::Node& node : runtime::stage_nodes(d, i)) {
    if (node.names.empty()) continue;
    const std::string label = fmt::format("{} = {}\\n{}", node.names[0], node.op,
                                          node.types.empty() ? "" : node.types[0]);
    out += fmt::format("  {} [label=\"{}\"{}];\n", quoted(node.names[0]), label,
                       node.operands.empty() ? ", shape=box" : "");
    for (const std::string& operand : node.operands)
      out += fmt::format("  {} -> {};\n", quoted(operand), quoted(node.names[0]));
  }
  return out + "}\n";
}

std::string everything(Description& d, const std::string& architecture) {
  std::string out;
  for (const std::string& name : runtime::view_names(d)) {
    std::string text;
    try {
      text = runtime::view(d, name, architecture);
    } catch (const Error& error) {
      text = fmt::format("not available: {}\n", error.what());
    }
    const std::size_t i = stage_number(d, name);
    const bool unchanged = i < d.stages.size() && !d.stages[i].changed;
    out += heading(name) + (unchanged ? "unchanged\n" : text) + "\n";
  }
  return out;
}

// What cannot be had here is left out: a report says what it lacks.
void generate_if_possible(Description& d, runtime::Generated what,
                          const std::string& architecture) {
  try {
    runtime::generate(d, what, architecture);
  } catch (const Error& error) {
    d.notes.emplace_back(error.what());
  }
}

std::string html_of(Description& d, const Options& o) {
  for (const auto what : {runtime::Generated::remarks, runtime::Generated::assembly})
    generate_if_possible(d, what, o.architecture);
  std::vector<std::string> directories = o.sources;
  directories.push_back(std::filesystem::path(o.source).parent_path().string());
  runtime::add_sources(d, directories);
  return runtime::html_report(d, runtime::this_machine());
}

std::string dumped(Description& d, Options& o) {
  std::string out;
  if (o.html) {
    for (const std::string& stage : o.stages) (void)runtime::view(d, stage, o.architecture);
    out = html_of(d, o);
  } else if (!o.dot.empty()) {
    out = dot_of(d, o.dot);
    if (o.json) out = json_text({{"name", d.name}, {"stage", o.dot}, {"dot", out}});
  } else if (!o.difference.empty()) {
    out = difference(text_for_difference(d, o.difference[0], o.architecture),
                     text_for_difference(d, o.difference[1], o.architecture), o.difference[0],
                     o.difference[1]);
    if (o.json)
      out = json_text(
          {{"name", d.name}, {"from", o.difference[0]}, {"to", o.difference[1]}, {"diff", out}});
  } else if (o.json) {
    for (const std::string& stage : o.stages)
      if (stage == "all")
        (void)everything(d, o.architecture);  // which generates what can be had here
      else
        (void)runtime::view(d, stage, o.architecture);
    out = runtime::to_json(d);
  } else {
    if (o.stages.empty()) o.stages = {"explain"};
    for (const std::string& stage : o.stages)
      out +=
          stage == "all" ? everything(d, o.architecture) : runtime::view(d, stage, o.architecture);
  }
  return out;
}

void dump(Options& o) {
  o.from.dims = dims_of(o.dims);
  std::string out;
  // A library is listed first; what it holds is shown when that is one function.
  const bool all = o.stages.empty() && !o.html && o.dot.empty() && o.difference.empty() &&
                   o.from.function.empty();
  if (const auto records = all ? library_records(o.source) : std::vector<runtime::AotRecord>{};
      !records.empty()) {
    const bool several = records.size() > 1 || records[0].functions.size() != 1;
    if (several || !o.json)
      out = o.json ? runtime::summary_json(records) : runtime::summary_text(records, o.source);
    if (several) return write_output(o.output, out);
  }
  std::vector<std::string> notes;
  {
    const Progress progress("dump " + o.source);
    Description d = describe_source(o.source, o.from);
    notes = d.notes;
    out += dumped(d, o);
  }
  for (const std::string& note : notes) write_note(note);
  if (o.json && o.output.empty()) note_json_written();
  write_output(o.output, out);
}

}  // namespace

void add_dump(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand(
      "dump", "show a function of a file, a library, a dump or the cache, at any stage");
  command->footer(
      "Example: croton dump model.ctir --stage kernels\n"
      "         croton dump train --stage cpp          # of the cache, by name or key; compiles by "
      "itself\n"
      "         croton dump libmodel.a --function predict --stage cpp --target x86-64-v3\n"
      "         croton dump report/ --diff graph stabilize\n"
      "         croton dump train --html -o report.html --sources src\n"
      "         croton dump model.ctir --dot graph | dot -Tsvg > graph.svg");
  command
      ->add_option("source", options->source,
                   "a .ctir file (- is standard input), a library that was written ahead of time "
                   "or a program linked with one, a directory that CROTON_DUMP wrote, or a "
                   "function in the cache: its name, the beginning of its key, or its file")
      ->required();
  command
      ->add_option("--stage", options->stages,
                   "graph, any pass, explain (the default), groups, kernels, plan, memory, cpp, "
                   "cuda, llvm, asm, ptx, remarks or all; may be repeated")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--diff", options->difference, "two stages: what changed between them")
      ->expected(2);
  command->add_option("--dot", options->dot, "a stage's graph for Graphviz");
  CLI::Option* json =
      command->add_flag("--json", options->json,
                        "as JSON: everything with the stages asked for, or a difference or graph");
  command
      ->add_flag("--html", options->html,
                 "one page for a browser, without a network: graph, stages, code, memory, "
                 "kernels; with -o report.html")
      ->excludes(json);
  command
      ->add_option("--sources", options->sources,
                   "directories of the user's program, whose lines a page shows beside the code")
      ->capture_default_str();
  command->add_option("--function", options->from.function,
                      "which, in a library or a directory that holds several");
  command->add_option("--dim", options->dims, "name=extent: sizes are shown for it, not for 64")
      ->allow_extra_args(false);
  command->add_option("--math", options->from.math, "strict, standard or fast, for a .ctir file");
  command->add_option("--target", options->from.target,
                      "x86-64-v2, x86-64-v3 or x86-64-v4, for a .ctir file or a library; else "
                      "this machine's");
  command->add_option("--arch", options->architecture, "of PTX")->capture_default_str();
  command->add_option("-o,--output", options->output, "a file to write instead of standard output");
  command->callback([options] { dump(*options); });
}

}  // namespace croton::tool
