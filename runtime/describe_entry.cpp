#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "ir/text.hpp"
#include "runtime/cache_file.hpp"
#include "runtime/describe.hpp"
#include "runtime/request.hpp"

namespace croton::runtime {
namespace {

// The entry's own texts replace those that this build would write.
void take_sources(Description& out, const CacheSections& sections, const std::string& path) {
  const nlohmann::json list =
      nlohmann::json::parse(sections.at("kernels"), nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) throw UserError(fmt::format("{} is damaged: its list of kernels", path));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto source = sections.find(fmt::format("source {}", i));
    const auto remarks = sections.find(fmt::format("remarks {}", i));
    const std::string name = list[i].is_object() ? list[i].value("name", "") : "";
    for (Description::Kernel& kernel : out.kernels) {
      if (kernel.name != name) continue;
      kernel.cached = true;
      if (remarks != sections.end()) kernel.remarks = remarks->second;
      if (source == sections.end() || source->second == kernel.cpp) continue;
      kernel.cpp = kernel.cpp_commented = kernel.canonical = source->second;
      out.notes.push_back(
          fmt::format("the C++ of {} is the entry's; this build writes another", kernel.name));
    }
  }
}

}  // namespace

Description describe_entry(const std::string& path,
                           const std::map<std::string, std::int64_t>& dims) {
  const OpenedEntry entry = open_entry(path, false);
  if (!entry.problem.empty())
    throw UserError(fmt::format("the cache entry {} cannot be used: {}", path, entry.problem));
  const std::optional<RequestKey> key = parse_request_material(entry.material);
  if (!key || !entry.sections.contains("plan") || !entry.sections.contains("kernels"))
    throw UserError(fmt::format("the cache entry {} is no function's", path));
  const std::optional<Target> target = target_named(key->target);
  if (!target)
    throw UserError(fmt::format("the cache entry {} is for {}, which this croton does not know",
                                path, key->target));
  const ir::Module graph = ir::parse(key->graph, {.file = path, .mark = false});
  passes::PipelineOptions pipeline = pipeline_options({.math = key->math}, *target);
  pipeline.rewrite_limit = std::atol(key->rewrites.c_str());
  pipeline.stream_bytes = std::atol(key->stream.c_str());
  pipeline.passes = key->passes;
  Description out =
      describe(graph, {.origin = path, .pipeline = pipeline, .target = *target, .dims = dims});
  out.request = {cache_hash(entry.material), "entry"};
  out.compiler = key->compiler;
  if (key->library != out.library) {
    out.notes.push_back(fmt::format(
        "made by another build of croton ({}); the stages are what this build does", key->library));
    out.library = key->library;
  }
  ir::Module planned = graph;
  passes::PipelineReport report;
  passes::run_pipeline(planned, pipeline, report);
  if (plan_text(planned) != entry.sections.at("plan"))
    out.notes.push_back("this build plans it differently: steps and memory are not the entry's");
  take_sources(out, entry.sections, path);
  return out;
}

}  // namespace croton::runtime
