#include "runtime/compile.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <map>
#include <set>
#include <thread>
#include <unordered_map>

#include "codegen/kernel_writer.hpp"
#include "ir/builder.hpp"
#include "ir/infer.hpp"
#include "passes/pipeline.hpp"
#include "runtime/cache.hpp"
#include "runtime/loader.hpp"
#include "runtime/pool.hpp"
#include "runtime/toolchain.hpp"

namespace croton::runtime {
namespace {

using Clock = std::chrono::steady_clock;

struct KernelJob {
  codegen::EmittedKernel emitted;
  std::string key;  // what its object depends on, in the clear
  std::string object;
  bool hit = false;
  std::exception_ptr error;
};

std::string key_material(const std::string& source, const Target& target) {
  return fmt::format("kernel object\ncompiler {}\ntarget {}\nflags -O2 contract=off\n{}",
                     compiler_identity(), target.name, source);
}

// Kernels that are not in the cache are compiled side by side.
void compile_missing(std::vector<KernelJob>& jobs, const Target& target, int threads) {
  std::vector<KernelJob*> missing;
  for (KernelJob& job : jobs) {
    job.key = key_material(job.emitted.source, target);
    if (auto entry = cache_find("kernel", job.key); entry && entry->contains("object")) {
      job.object = entry->at("object");
      job.hit = true;
    } else {
      missing.push_back(&job);
    }
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < missing.size(); i = next++) {
      KernelJob& job = *missing[i];
      try {
        Compiled compiled = compile_text(job.emitted.source, target);
        job.object = std::move(compiled.object);
        cache_store("kernel", job.key,
                    {{"object", job.object},
                     {"remarks", compiled.remarks},
                     {"source", job.emitted.source},
                     {"name", job.emitted.name}});
      } catch (...) {
        job.error = std::current_exception();
      }
    }
  };
  std::vector<std::thread> helpers;
  for (int t = 1; t < std::min<int>(threads, static_cast<int>(missing.size())); ++t)
    helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  for (const KernelJob& job : jobs)
    if (job.error) std::rethrow_exception(job.error);
}

LoadedKernel load(const KernelJob& job) {
  auto object = std::make_shared<LoadedObject>(job.object);
  const auto find = [&](const std::string& name) {
    void* address = object->find(name);
    CROTON_CHECK(address != nullptr, "an object lacks its entry " + name);
    return reinterpret_cast<codegen::KernelEntry>(address);
  };
  LoadedKernel loaded;
  loaded.entry = find(job.emitted.entry);
  if (!job.emitted.combine_entry.empty()) loaded.combine = find(job.emitted.combine_entry);
  loaded.dims = job.emitted.dims;
  loaded.parallel_extent = job.emitted.parallel_extent;
  loaded.cost = job.emitted.cost;
  loaded.failures = job.emitted.failures;
  loaded.keep_alive = std::move(object);
  return loaded;
}

std::string explanation(const ir::Module& module, const std::vector<KernelJob>& jobs,
                        const passes::PipelineReport& report, const Target& target) {
  std::string out = fmt::format("{}: {} kernels for {}\n", module.name, jobs.size(), target.name);
  for (const KernelJob& job : jobs)
    out += fmt::format("  {:<28} {}  parallel over {}\n", job.emitted.name,
                       job.hit ? "from the cache" : "compiled      ",
                       job.emitted.parallel_extent.text());
  for (const auto& [rule, count] : report.rules)
    out += fmt::format("  rule {:<24} fired {} times\n", rule, count);
  for (const passes::Refusal& refusal : report.refusals)
    out += fmt::format("  not fused: {}: {}\n", refusal.what, refusal.why);
  return out;
}

}  // namespace

std::vector<ir::Value> extract_value_dims(ir::Module& module) {
  std::vector<ir::Value> values;
  const auto symbol_of = [&](const Dim::Atom& atom) -> std::optional<Dim> {
    if (atom.kind != Dim::Atom::Kind::value) return std::nullopt;
    const ir::Value v{atom.node, atom.result};
    const auto at = std::find(values.begin(), values.end(), v);
    const auto number = at - values.begin();
    if (at == values.end()) values.push_back(v);
    return Dim(fmt::format("{}{}", Dim::kValuePrefix, number));
  };
  std::unordered_map<ir::Value, ir::Value, ir::ValueHash> done;
  for (const ir::NodePtr& node : ir::topological_order(module.roots())) {
    std::vector<ir::Value> operands;
    for (const ir::Value& operand : node->operands) operands.push_back(done.at(operand));
    std::vector<ir::Attribute> attributes = node->attributes;
    for (ir::Attribute& attribute : attributes)
      if (auto* dims = std::get_if<Shape>(&attribute.value))
        for (Dim& dim : *dims) dim = dim.substitute(symbol_of);
    const ir::Value old{node, 0};
    if (ir::info(node->op).has_identity ||
        (operands == node->operands && attributes == node->attributes)) {
      done[old] = old;
      continue;
    }
    const ir::NodePtr made = ir::make_node(node->op, std::move(operands), std::move(attributes));
    made->inherit(*node);
    done[old] = {made, 0};
  }
  for (ir::Value& output : module.outputs) output = done.at(output);
  for (ir::Update& update : module.updates) update.value = done.at(update.value);
  return values;
}

void collect_requires(ir::Module& module) {
  std::vector<ir::Require> found;
  for (const ir::NodePtr& node : ir::topological_order(module.roots())) {
    const ir::OpInfo& row = ir::info(node->op);
    if (row.has_identity) continue;
    ir::RequireCollector collector;
    if (row.infer)
      (void)row.infer(node->operands, node->attributes);
    else
      (void)ir::infer_elementwise(node->op, node->operands);
    for (const auto& [a, b] : collector.found) {
      const bool known = std::any_of(found.begin(), found.end(),
                                     [&](const ir::Require& r) { return r.a == a && r.b == b; });
      if (!known) found.push_back({a, b, node->provenance().sites});
    }
  }
  for (const ir::Update& update : module.updates)
    for (std::size_t i = 0; i < update.variable.shape().size(); ++i)
      if (!(update.variable.shape()[i] == update.value.shape()[i]))
        found.push_back({update.variable.shape()[i], update.value.shape()[i],
                         update.variable.node->provenance().sites});
  module.requires_ = std::move(found);
}

std::shared_ptr<const Program> compile(ir::Module module, const CompileSettings& settings) {
  const auto start = Clock::now();
  const Target& target = host_target();
  std::shared_ptr<const Program> prologue;
  if (const std::vector<ir::Value> values = extract_value_dims(module); !values.empty()) {
    ir::Module sizes;
    sizes.name = module.name + "_dims";
    sizes.inputs = module.inputs;
    sizes.outputs = values;
    prologue = compile(std::move(sizes), {.math = settings.math, .threads = 1});
  }
  collect_requires(module);
  passes::PipelineReport report;
  const int threads = settings.threads > 0 ? settings.threads : default_threads();
  passes::run_pipeline(module, {.math = settings.math, .fma = target.fma}, report);
  std::vector<KernelJob> jobs;
  std::map<std::string, std::size_t> by_name;
  for (const ir::NodePtr& kernel : module.kernels) {
    jobs.push_back({codegen::emit(kernel, {.fma = target.fma, .vector_bytes = target.vector_bytes}),
                    {},
                    {},
                    false,
                    {}});
    by_name[jobs.back().emitted.name] = jobs.size() - 1;
  }
  compile_missing(jobs, target, default_threads());
  ProgramText text;
  std::vector<std::pair<std::string, LoadedKernel>> kernels;
  for (const KernelJob& job : jobs) {
    kernels.emplace_back(job.emitted.name, load(job));
    text.source += job.emitted.commented + "\n";
    (job.hit ? text.cache_hits : text.cache_misses) += 1;
  }
  text.compiled = text.cache_misses;
  text.kernels = static_cast<int>(jobs.size());
  text.explanation = explanation(module, jobs, report, target);
  text.compile_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  text.stages = std::move(report.stages);
  return std::make_shared<const Program>(std::move(module), std::move(kernels), std::move(text),
                                         threads, std::move(prologue));
}

}  // namespace croton::runtime
