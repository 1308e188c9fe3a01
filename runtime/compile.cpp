#include "runtime/compile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <filesystem>
#include <set>
#include <thread>
#include <unordered_map>

#include "codegen/canonical_text.hpp"
#include "codegen/kernel_writer.hpp"
#include "ir/builder.hpp"
#include "ir/infer.hpp"
#include "ir/spelling.hpp"
#include "passes/pipeline.hpp"
#include "passes/simplify_dims.hpp"
#include "runtime/cache.hpp"
#include "runtime/config.hpp"
#include "runtime/describe.hpp"
#include "runtime/fault_injection.hpp"
#include "runtime/literal_notice.hpp"
#include "runtime/loader.hpp"
#include "runtime/pool.hpp"
#include "runtime/reproducer.hpp"
#include "runtime/request.hpp"
#include "runtime/toolchain.hpp"
#include "runtime/visible_code.hpp"

namespace croton::runtime {
namespace {

using Clock = std::chrono::steady_clock;

struct KernelJob {
  std::string source;
  CompiledKernel kernel;
  bool hit = false;
  std::exception_ptr error;
};

void compile_one(KernelJob& job, const Target& target) {
  try {
    const auto start = Clock::now();
    Compiled compiled = compile_text(job.source, target, CodeUse::here);
    job.kernel.object = std::move(compiled.object);
    job.kernel.remarks = compiled.remarks;
    cache_store("kernel", object_material(job.source, target),
                {{"object", job.kernel.object},
                 {"remarks", compiled.remarks},
                 {"source", job.source},
                 {"name", job.kernel.name}});
    const std::chrono::duration<double, std::milli> spent = Clock::now() - start;
    log("jit", fmt::format("{} compiled in {:.1f} ms", job.kernel.name, spent.count()));
  } catch (...) {
    job.error = std::current_exception();
  }
}

// Kernels that are not in the cache are compiled side by side, equal ones once.
void compile_missing(std::vector<KernelJob>& jobs, const Target& target, int threads,
                     bool use_cache) {
  std::vector<KernelJob*> missing;
  std::vector<std::pair<KernelJob*, KernelJob*>> equal;
  std::unordered_map<std::string_view, KernelJob*> first;
  for (KernelJob& job : jobs) {
    const auto [same, fresh] = first.emplace(job.source, &job);
    if (!fresh) {
      equal.emplace_back(&job, same->second);
      continue;
    }
    auto entry =
        use_cache ? cache_find("kernel", object_material(job.source, target)) : std::nullopt;
    if (entry && entry->contains("object")) {
      job.kernel.object = entry->at("object");
      job.kernel.remarks = (*entry)["remarks"];
      job.hit = true;
    } else {
      missing.push_back(&job);
    }
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < missing.size(); i = next++) compile_one(*missing[i], target);
  };
  std::vector<std::thread> helpers;
  try {
    for (int t = 1; t < std::min<int>(threads, static_cast<int>(missing.size())); ++t) {
      check_thread_start();
      helpers.emplace_back(work);
    }
  } catch (const std::exception&) {  // no more threads: fewer do the work
  }
  work();
  for (std::thread& helper : helpers) helper.join();
  for (const KernelJob& job : jobs)
    if (job.error) std::rethrow_exception(job.error);
  for (const auto& [job, same] : equal) {
    job->kernel.object = same->kernel.object;
    job->kernel.remarks = same->kernel.remarks;
    job->hit = true;
  }
}

LoadedKernel load(const CompiledKernel& kernel) {
  auto object = std::make_shared<LoadedObject>(kernel.object, kernel.name);
  const auto find = [&](const std::string& name) {
    void* address = object->find(name);
    CROTON_CHECK(address != nullptr, "an object lacks its entry " + name);
    return reinterpret_cast<codegen::KernelEntry>(address);
  };
  LoadedKernel loaded;
  loaded.entry = find(kernel.entry);
  if (!kernel.combine_entry.empty()) loaded.combine = find(kernel.combine_entry);
  loaded.dims = kernel.dims;
  loaded.parallel_extent = kernel.parallel_extent;
  loaded.cost = kernel.cost;
  loaded.failures = kernel.failures;
  loaded.keep_alive = std::move(object);
  return loaded;
}

// The caches that a miss has been through, in the user's words.
std::string folders_looked_in() {
  const CacheSettings settings = cache_settings();
  if (!settings.read) return "no cache, CROTON_CACHE is off";
  std::vector<std::string> folders;
  std::error_code error;
  const auto add = [&](const std::string& folder, const char* from) {
    folders.push_back(fmt::format(
        "{}{} ({})", folder,
        std::filesystem::is_directory(folder, error) ? "" : ", which is not there", from));
  };
  if (!settings.directory.empty())
    add(settings.directory, setting("CROTON_CACHE_DIR") ? "CROTON_CACHE_DIR" : "the user's cache");
  for (const std::string& layer : settings.layers) add(layer, "CROTON_CACHE_PATH");
  return folders.empty() ? "no folder, none is given" : fmt::format("{}", fmt::join(folders, "; "));
}

struct Built {
  ir::Region plan;
  std::vector<CompiledKernel> kernels;
  int hits = 0, misses = 0;
  bool reads_cache = false;  // something of it comes from an entry
};

// Without `use_cache` entries are written, but none is read. With lines, kernels are compiled under
// their own names and with this program's comments, so that only their objects are kept.
Built build(const ir::Module& graph, const passes::PipelineOptions& options, const Target& target,
            bool use_cache) {
  const bool lines = flag("CROTON_LINES");
  const std::string material = request_material(graph, settings_text(options, target));
  if (auto entry = use_cache && !lines ? find_request(material) : std::nullopt) {
    log("cache", fmt::format("{}: request hit, {}", graph.name,
                             ir::counted(entry->kernels.size(), "kernel")));
    const int count = static_cast<int>(entry->kernels.size());
    return {std::move(entry->plan), std::move(entry->kernels), count, 0, true};
  }
  note_miss(graph, material);
  const ir::Module module = planned(graph, options);
  std::vector<KernelJob> jobs;
  for (const ir::NodePtr& kernel : module.kernels) {
    codegen::EmittedKernel emitted =
        codegen::emit(kernel, codegen::cpp_dialect(target.fma, target.vector_bytes));
    KernelJob job;
    job.source =
        lines ? with_lines(emitted.name, emitted.complete) : codegen::canonical_text(emitted);
    const bool combines = !emitted.combine_entry.empty();
    job.kernel = {std::move(emitted.name),
                  lines ? emitted.entry : codegen::kCanonicalEntry,
                  lines ? emitted.combine_entry : (combines ? codegen::kCanonicalCombine : ""),
                  std::move(emitted.dims),
                  std::move(emitted.failures),
                  emitted.parallel_extent,
                  emitted.cost,
                  {},
                  std::move(emitted.source)};
    jobs.push_back(std::move(job));
  }
  try {
    compile_missing(jobs, target, default_threads(), use_cache);
  } catch (const RefusedText& error) {
    throw BackendError(error.message() + compiler_reproducer(module, target), error.log());
  } catch (const MissingCompiler& error) {
    throw MissingCompiler(
        fmt::format(
            "{} is in no cache for {}, and {}\n  looked in: {}\n  where there is one: croton "
            "precompile PROGRAM -o DIRECTORY --target {}\n  and here: "
            "CROTON_CACHE_PATH=DIRECTORY",
            graph.name, target.name, error.message(), folders_looked_in(), target.name),
        error.log());
  }
  Built built;
  built.plan = module.plan;
  for (KernelJob& job : jobs) {
    (job.hit ? built.hits : built.misses) += 1;
    built.kernels.push_back(std::move(job.kernel));
  }
  log("cache", fmt::format("{}: request miss, {} of {} kernels from the cache", graph.name,
                           built.hits, jobs.size()));
  built.reads_cache = built.hits > 0;
  if (!lines) store_request(material, module, built.kernels);
  if (built.misses > 0 && !lines)
    if (const auto notice = notice_of_miss(graph.name, material))
      std::fputs(notice->c_str(), stderr);
  return built;
}

void dump_if_asked(const Program& program, const std::string& name) {
  const std::optional<std::string> directory = setting("CROTON_DUMP");
  if (!directory) return;
  static std::atomic<int> count{0};
  static std::atomic<bool> told{false};
  try {
    dump(program, std::filesystem::path(*directory) / fmt::format("{}-{}", name, count++));
  } catch (const std::exception& error) {
    // Who runs the program asked for it, not the program: one line, and it goes on.
    if (!told.exchange(true))
      std::fputs(fmt::format("croton: CROTON_DUMP: {}\n", error.what()).c_str(), stderr);
  }
}

}  // namespace

ir::Module planned(const ir::Module& graph, const passes::PipelineOptions& options) {
  ir::Module module = graph;
  passes::PipelineReport report;
  try {
    passes::run_pipeline(module, options, report);
  } catch (const passes::PassError& error) {
    throw InternalError(error.what() + pass_reproducer(error, graph.name, options));
  }
  return module;
}

namespace {

// What a call computes with is told by the extents of its arguments and variables.
void check_dims_are_told(const ir::Module& module) {
  std::set<std::string> told;
  const auto tell = [&](const ir::Value& leaf) {
    for (const Dim& dim : leaf.shape()) told.insert(dim.symbol());
  };
  for (const ir::Value& input : module.inputs) tell(input);
  for (const ir::Value& variable : module.state) tell(variable);
  const auto check = [&](const Dim& dim, const auto& sites) {
    dim.for_each_leaf([&](const Dim::Atom& atom) {
      if (atom.kind != Dim::Atom::Kind::symbol || told.contains(atom.name) ||
          atom.name.starts_with(Dim::kValuePrefix))
        return;
      std::vector<ErrorNote> notes;
      for (const Site& site : sites()) notes.push_back({"in", site});
      throw UserError(
          fmt::format("{}: no input or shared variable has an extent {}", module.name, atom.name),
          std::move(notes));
    });
  };
  const auto check_node = [&](const ir::Node& node) {
    const auto sites = [&] { return node.provenance().sites; };
    for (const ir::Type& type : node.types)
      for (const Dim& dim : type.shape) check(dim, sites);
    for (const ir::Attribute& attribute : node.attributes)
      if (const auto* dims = std::get_if<Shape>(&attribute.value))
        for (const Dim& dim : *dims) check(dim, sites);
  };
  for (const ir::Value& input : module.inputs) check_node(*input.node);
  for (const ir::NodePtr& node : ir::topological_order(module.roots())) check_node(*node);
  for (const ir::Require& require : module.requires_)
    for (const Dim* side : {&require.a, &require.b}) check(*side, [&] { return require.sites; });
}

}  // namespace

Prepared prepare(ir::Module module) {
  if (module.level > ir::Level::grouped)
    throw UserError(
        fmt::format("{} is at the {} level; a graph of tensors or of groups can be compiled",
                    module.name, name(module.level)));
  Prepared out;
  const std::vector<ir::Value> values = extract_value_dims(module);
  if (!values.empty()) {
    out.sizes.emplace();
    out.sizes->name = module.name + "_dims";
    out.sizes->inputs = module.inputs;
    out.sizes->outputs = values;
    // Variables with symbolic extents tell dims, whether their values are read or not.
    std::vector<ir::Value> state = out.sizes->shared_variables();
    const auto is_symbolic = [](const Dim& dim) { return !dim.is_constant(); };
    for (const ir::Value& variable : module.shared_variables())
      if (std::any_of(variable.shape().begin(), variable.shape().end(), is_symbolic) &&
          std::find(state.begin(), state.end(), variable) == state.end())
        state.push_back(variable);
    out.sizes->state = std::move(state);
  }
  if (module.level == ir::Level::tensor) passes::simplify_dims(module);
  collect_requires(module);
  module.state = module.shared_variables();
  check_dims_are_told(module);
  out.module = std::move(module);
  return out;
}

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
  for (ir::Group& group : module.groups) {
    for (Dim& dim : group.domain) dim = dim.substitute(symbol_of);
    for (ir::Value& member : group.members) member = done.at(member);
    for (ir::Value& output : group.outputs) output = done.at(output);
  }
  for (ir::Require& require : module.requires_) {
    require.a = require.a.substitute(symbol_of);
    require.b = require.b.substitute(symbol_of);
  }
  return values;
}

void collect_requires(ir::Module& module) {
  std::vector<ir::Require> found;
  // A fact is a promise; it is kept at every call, before anything is computed from it.
  for (const ir::Fact& fact : module.facts) {
    const Dim symbol(fact.symbol);
    const bool divisible = fact.kind == ir::Fact::Kind::divisible;
    const Dim left = divisible ? Dim::mod(symbol, fact.value) : Dim::min(symbol, fact.value);
    const Dim right = divisible ? Dim(0) : Dim(fact.value);
    if (!(left == right)) found.push_back({left, right, {}, ir::text(fact)});
  }
  const auto add = [&](ir::Require require) {
    if (std::none_of(found.begin(), found.end(),
                     [&](const ir::Require& r) { return r.same_as(require); }))
      found.push_back(std::move(require));
  };
  for (const ir::Value& input : module.inputs)
    for (ir::Require& require : ir::requirements(input.node)) add(std::move(require));
  for (const ir::NodePtr& node : ir::topological_order(module.roots())) try {
      for (ir::Require& require : ir::requirements(node)) add(std::move(require));
    } catch (const UserError& error) {
      std::vector<ErrorNote> notes;
      for (const Site& site : node->provenance().sites) notes.push_back({"in", site});
      throw UserError(fmt::format("{}: {}", module.name, error.message()), std::move(notes));
    }
  for (const ir::Update& update : module.updates)
    for (std::size_t i = 0; i < update.variable.shape().size(); ++i)
      if (!(update.variable.shape()[i] == update.value.shape()[i]))
        add({update.variable.shape()[i], update.value.shape()[i],
             update.variable.node->provenance().sites});
  // Those that a text states beside what its graph assumes.
  for (ir::Require& require : module.requires_) add(std::move(require));
  module.requires_ = std::move(found);
}

int precompile(ir::Module module, const CompileSettings& settings, const Target& target) {
  Prepared prepared = prepare(std::move(module));
  const int before = prepared.sizes ? precompile(std::move(*prepared.sizes), settings, target) : 0;
  const passes::PipelineOptions options = pipeline_options(settings, target);
  const Built built = build(prepared.module, options, target, true);
  const std::string directory = cache_directory();
  const std::string key =
      cache_hash(request_material(prepared.module, settings_text(options, target)));
  const OpenedEntry kept = open_entry(entry_path(directory, "request", key), false);
  if (!kept.problem.empty()) {
    const std::string why = cache_store_problem();
    throw UserError(fmt::format("{} cannot be kept in {}: {}", prepared.module.name, directory,
                                why.empty() ? kept.problem : why));
  }
  return before + static_cast<int>(built.kernels.size());
}

std::shared_ptr<const Program> compile(ir::Module module, const CompileSettings& settings) {
  const auto start = Clock::now();
  const Target& target = host_target();
  std::shared_ptr<const Program> prologue;
  Prepared prepared = prepare(std::move(module));
  if (prepared.sizes)
    prologue = compile(std::move(*prepared.sizes), {.math = settings.math, .threads = 1});
  module = std::move(prepared.module);
  const auto assembled = [&](Built built) {
    std::vector<std::pair<std::string, LoadedKernel>> kernels;
    for (const CompiledKernel& kernel : built.kernels)
      kernels.emplace_back(kernel.name, load(kernel));
    ProgramCounters counters{static_cast<int>(kernels.size()), built.hits, built.misses, 0};
    counters.compile_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return std::make_shared<const Program>(module, std::move(built.plan), std::move(kernels),
                                           counters, settings, prologue);
  };
  const passes::PipelineOptions options = pipeline_options(settings, target);
  Built built = build(module, options, target, true);
  std::shared_ptr<const Program> program;
  if (!built.reads_cache) {
    program = assembled(std::move(built));
  } else {
    // An entry that is whole but does not make a program is an entry that is not there.
    try {
      program = assembled(std::move(built));
    } catch (const std::exception& error) {
      log("cache", fmt::format("{}: an entry cannot be used: {}", module.name, error.what()));
      program = assembled(build(module, options, target, false));
    }
  }
  dump_if_asked(*program, module.name);
  return program;
}

}  // namespace croton::runtime
