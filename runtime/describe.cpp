#include "runtime/describe.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "codegen/kernel_writer.hpp"
#include "runtime/config.hpp"
#include "runtime/program.hpp"

namespace croton::runtime {
namespace {

void collect_failure_sites(const ir::Region& region, std::vector<std::vector<Site>>& sites) {
  for (const ir::NodePtr& node : region.body) {
    if (node->op == ir::Op::fail_if) sites.push_back(node->provenance().sites);
    for (const ir::Region& inner : node->regions) collect_failure_sites(inner, sites);
  }
}

}  // namespace

passes::PipelineOptions pipeline_options(const CompileSettings& settings, const Target& target) {
  const std::optional<std::string> limit = setting("CROTON_BISECT");
  return {.math = settings.math,
          .fma = target.fma,
          .vector_bytes = target.vector_bytes,
          .verify = flag("CROTON_VERIFY"),
          .keep_stages = false,
          .rewrite_limit = limit ? std::atol(limit->c_str()) : -1};
}

Description describe(const ir::Module& graph, const CompileSettings& settings,
                     const Target& target) {
  Description out;
  out.plan = graph;
  passes::PipelineOptions options = pipeline_options(settings, target);
  options.keep_stages = true;
  passes::PipelineReport report;
  std::map<std::string, std::string> kinds;
  // Groups are gone after lower, so their kinds are noted between.
  const auto all = passes::remaining_pipeline(graph.level);
  std::size_t lower = 0;
  while (lower < all.size() && passes::pass_named(all[lower]).to <= ir::Level::grouped) ++lower;
  passes::run_passes(out.plan, all.first(lower), options, report);
  for (const ir::Group& group : out.plan.groups) kinds[group.name] = name(group.kind);
  passes::run_passes(out.plan, all.subspan(lower), options, report);
  out.stages = std::move(report.stages);
  out.rules = std::move(report.rules);
  out.refusals = std::move(report.refusals);
  for (const ir::NodePtr& kernel : out.plan.kernels) {
    codegen::EmittedKernel emitted =
        codegen::emit(kernel, codegen::cpp_dialect(target.fma, target.vector_bytes));
    Description::Kernel described;
    described.kind = kinds[emitted.name];
    described.name = std::move(emitted.name);
    described.source = std::move(emitted.source);
    described.commented = std::move(emitted.commented);
    described.parallel_extent = emitted.parallel_extent;
    described.cost = emitted.cost;
    collect_failure_sites(kernel->regions[0], described.failure_sites);
    out.kernels.push_back(std::move(described));
  }
  return out;
}

std::string source(const Program& program) {
  std::string text;
  for (const Description::Kernel& kernel :
       describe(program.graph(), program.settings(), host_target()).kernels)
    text += kernel.commented + "\n";
  return text;
}

std::string explain(const Program& program) {
  const Description about = describe(program.graph(), program.settings(), host_target());
  const ProgramCounters& counters = program.counters();
  std::string out =
      fmt::format("{}: {} kernels for {}, {} from the cache, {} compiled; {:.1f} ms\n",
                  program.graph().name, counters.kernels, host_target().name, counters.cache_hits,
                  counters.compiled, 1e3 * counters.compile_seconds);
  for (const Description::Kernel& kernel : about.kernels)
    out += fmt::format("  {:<28} {:<12} parallel over {}, {} operations each\n", kernel.name,
                       kernel.kind, kernel.parallel_extent.text(), kernel.cost);
  for (const auto& [rule, count] : about.rules)
    out += fmt::format("  rule {:<24} fired {} times\n", rule, count);
  for (const auto& [what, why] : about.refusals)
    out += fmt::format("  not fused: {}: {}\n", what, why);
  return out;
}

void dump(const Program& program, const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream file(directory / name);
    if (!(file << text) || !file.flush())
      throw UserError(fmt::format("dump: cannot write {}", (directory / name).string()));
  };
  const Description about = describe(program.graph(), program.settings(), host_target());
  int number = 0;
  for (const passes::PipelineReport::Stage& stage : about.stages)
    write(fmt::format("{:02}-{}.ctir", number++, stage.name), stage.text);
  write("kernels.cpp", source(program));
  write("explain.txt", explain(program));
}

}  // namespace croton::runtime
