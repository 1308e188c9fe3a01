#include "runtime/describe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "codegen/canonical_text.hpp"
#include "codegen/kernel_writer.hpp"
#include "ir/text.hpp"
#include "passes/lower.hpp"
#include "passes/work.hpp"
#include "runtime/cache.hpp"
#include "runtime/nvrtc.hpp"
#include "runtime/request.hpp"
#include "runtime/toolchain.hpp"

namespace croton::runtime {
namespace {

constexpr std::int64_t kAssumedExtent = 64;

std::vector<std::string> texts(const std::vector<Site>& sites) {
  std::vector<std::string> out;
  for (const Site& site : sites)
    if (!site.file.empty()) out.push_back(site.text());
  return out;
}

codegen::Dialect dialect_of(const Target& target) {
  return codegen::cpp_dialect(target.fma, target.vector_bytes);
}

class Describer {
 public:
  Describer(const ir::Module& graph, const DescribeOptions& options) : options_(options) {
    out_.name = graph.name;
    out_.origin = options.origin;
    out_.target = options.target.name;
    out_.math = options.pipeline.math;
    out_.rewrite_limit = options.pipeline.rewrite_limit;
    out_.compiler = compiler_identity();
    out_.library = library_identity();
    for (const auto& [name, extent] : options.dims) ir::check_symbol(graph, name);
    out_.dims = options.dims;
    ir::Module module = graph;
    passes::PipelineOptions pipeline = options.pipeline;
    pipeline.keep_stages = true;
    passes::PipelineReport report;
    passes::run_pipeline(module, pipeline, report);
    // Fusion asks again when groups have grown; one answer is enough.
    std::set<std::pair<std::string, std::string>> told;
    for (const auto& [what, why] : report.refusals)
      if (told.emplace(what, why).second) out_.refusals.push_back({what, why});
    for (const auto& stage : report.stages) add_stage(stage);
    add_rules();
    // Groups are gone after lower, so they are taken from the last stage that has them.
    const ir::Module* grouped = nullptr;
    for (const auto& stage : report.stages)
      if (stage.module.level == ir::Level::grouped) grouped = &stage.module;
    if (grouped) add_groups(*grouped);
    for (const ir::NodePtr& kernel : module.kernels) add_kernel(kernel);
    if (module.level == ir::Level::plan) add_plan(module);
    const std::string material =
        request_material(graph, settings_text(options.pipeline, options.target));
    out_.request.key = cache_hash(material);
    out_.request.state = cache_has("request", material) ? "entry" : "none";
  }
  Description take() { return std::move(out_); }

 private:
  Quantity quantity(const Dim& dim) {
    return {dim.text(), dim.evaluate([&](const Dim::Atom& atom) {
              return out_.dims.emplace(atom.name, kAssumedExtent).first->second;
            })};
  }

  void add_stage(const passes::PipelineReport::Stage& stage) {
    Description::Stage made;
    made.name = stage.name;
    made.level = ir::name(stage.module.level);
    made.changed = stage.changed;
    made.seconds = stage.seconds;
    for (const passes::Pass& pass : passes::all_passes())
      if (made.name == pass.name || made.name.starts_with(std::string(pass.name) + "-"))
        made.doc = pass.doc;
    std::unordered_map<const ir::Node*, std::string_view> makers;
    for (const passes::Rewritten& rewrite : stage.rewrites) {
      ++made.rules[std::string(rewrite.rule)];
      makers[rewrite.after.get()] = rewrite.rule;
    }
    if (stage.changed) {
      std::vector<ir::PrintedNode> nodes;
      made.text = ir::print(stage.module, {.nodes = &nodes});
      for (ir::PrintedNode& printed : nodes) {
        const ir::Node& node = *printed.node;
        const ir::Provenance from = node.provenance();
        Description::Node described{std::move(printed.names),
                                    std::move(printed.operands),
                                    {},
                                    std::string(ir::info(node.op).name),
                                    std::string(ir::name(ir::info(node.op).kind)),
                                    texts(from.sites),
                                    from.labels,
                                    printed.line,
                                    {}};
        if (node.op == ir::Op::call) described.op = node.attribute<std::string>("name");
        for (const ir::Type& type : node.types) described.types.push_back(ir::text(type));
        if (const auto it = makers.find(&node); it != makers.end()) described.rule = it->second;
        made.nodes.push_back(std::move(described));
      }
    }
    out_.stages.push_back(std::move(made));
  }

  void add_rules() {
    const std::map<std::string, std::int64_t> fired = rules_fired(out_);
    for (const passes::RuleSet& set : passes::all_rule_sets())
      for (const passes::Rule& rule : set.rules)
        if (const std::string name(rule.name); fired.contains(name))
          out_.rules[name] = {rule.text(), passes::effects_text(rule.effects)};
  }

  void add_groups(const ir::Module& module) {
    std::vector<ir::PrintedNode> nodes;
    (void)ir::print(module, {.nodes = &nodes});
    std::unordered_map<const ir::Node*, std::string> names;
    for (const ir::PrintedNode& printed : nodes)
      if (!printed.names.empty()) names[printed.node] = printed.names[0];
    const auto named = [&](const std::vector<ir::Value>& values) {
      std::vector<std::string> out;
      for (const ir::Value& v : values) out.push_back(names[v.node.get()]);
      return out;
    };
    for (const ir::Group& group : module.groups) {
      out_.groups.push_back({group.name, std::string(ir::name(group.kind)), text(group.domain),
                             ir::print_attributes(group.schedule), named(group.members),
                             named(group.outputs), group.may_fail});
      operations_[group.name] = passes::operations(group, module.groups);
    }
  }

  void add_kernel(const ir::NodePtr& kernel) {
    codegen::EmittedKernel cpp = codegen::emit(kernel, dialect_of(options_.target));
    codegen::EmittedKernel cuda = codegen::emit(kernel, codegen::cuda_dialect());
    Description::Kernel made;
    made.canonical = codegen::canonical_text(cpp);
    made.name = cpp.name;
    made.ir = ir::print_kernel(kernel);
    made.cpp = std::move(cpp.source);
    made.cpp_commented = std::move(cpp.commented);
    made.cuda = std::move(cuda.source);
    made.cuda_commented = std::move(cuda.commented);
    made.parallel_extent = quantity(cpp.parallel_extent);
    made.cost = cpp.cost;
    made.kind = "copy";  // of a leaf to an output: no group made it
    for (const Description::Group& group : out_.groups)
      if (group.name == made.name) made.kind = group.kind, made.schedule = group.schedule;
    if (const auto it = operations_.find(made.name); it != operations_.end())
      made.operations = quantity(it->second);
    const passes::Access access = passes::access_of(kernel);
    Dim read(0), written(0);
    const std::vector<ir::Value>& parameters = kernel->regions[0].parameters;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Dim bytes = bytes_of(parameters[i].type());
      if (access.reads[i]) read = read + bytes;
      if (access.writes[i]) written = written + bytes;
    }
    made.bytes_read = quantity(read);
    made.bytes_written = quantity(written);
    for (std::size_t i = 0; i < cpp.failures.size(); ++i)
      made.failures.push_back({cpp.failures[i], texts(cpp.failure_sites[i])});
    const std::string material = object_material(made.canonical, options_.target);
    made.key = cache_hash(material);
    if (cache_has("kernel", material))
      if (const auto entry = cache_find("kernel", material)) {
        made.cached = true;
        if (const auto it = entry->find("remarks"); it != entry->end()) made.remarks = it->second;
      }
    accesses_.push_back(access);
    out_.kernels.push_back(std::move(made));
  }

  static Dim bytes_of(const ir::Type& type) {
    return volume(type.shape) * Dim(static_cast<std::int64_t>(size_of(type.dtype)));
  }

  void add_plan(const ir::Module& module) {
    std::unordered_map<const ir::Node*, int> numbers;
    const auto add = [&](const ir::Value& v, const char* place, const Dim& offset) {
      const ir::Type& type = v.type();
      numbers[v.node.get()] = static_cast<int>(out_.buffers.size());
      out_.buffers.push_back({v.node->attribute<std::string>("name"),
                              fmt::format("{}[{}]", name(type.dtype), text(type.shape)), place,
                              quantity(offset), quantity(bytes_of(type)), -1, -1});
    };
    const std::size_t inputs = module.inputs.size(), shared = module.shared_variables().size();
    for (std::size_t i = 0; i < module.plan.parameters.size(); ++i)
      add(module.plan.parameters[i],
          i < inputs ? "input" : (i < inputs + shared ? "shared" : "output"), Dim(0));
    Dim naive(0), end(0);
    std::vector<std::pair<int, Dim>> arenas;
    for (const ir::NodePtr& node : module.plan.body) {
      if (node->op != ir::Op::arena) continue;
      // Every place is a multiple of the alignment, as planned ones are.
      const Dim offset = node->attribute<Shape>("offset")[0];
      const Dim bytes = passes::aligned_bytes({node, 0});
      add({node, 0}, "arena", offset);
      arenas.emplace_back(static_cast<int>(out_.buffers.size()) - 1, bytes);
      naive = naive + bytes;
      end = Dim::max(end, offset + bytes);
    }
    for (const ir::NodePtr& node : module.plan.body)
      if (node->op != ir::Op::arena) add_step(*node, module, numbers);
    const int steps = static_cast<int>(out_.steps.size());
    for (Description::Buffer& buffer : out_.buffers)
      if (buffer.place == "output" || buffer.place == "shared") buffer.last = steps;
    Dim least(0);
    for (int s = 0; s < steps; ++s) {
      Dim live(0);
      for (const auto& [number, bytes] : arenas) {
        const Description::Buffer& buffer = out_.buffers[static_cast<std::size_t>(number)];
        if (buffer.first <= s && s <= buffer.last) live = live + bytes;
      }
      out_.steps[static_cast<std::size_t>(s)].live = quantity(live);
      least = Dim::max(least, live);
    }
    out_.arena_bytes = quantity(end);
    out_.naive_bytes = quantity(naive);
    out_.least_bytes = quantity(least);
  }

  void add_step(const ir::Node& node, const ir::Module& module,
                const std::unordered_map<const ir::Node*, int>& numbers) {
    const int step = static_cast<int>(out_.steps.size());
    Description::Step made{std::string(ir::info(node.op).name), "", {}, {}, {}};
    std::size_t at = 0;
    if (node.op == ir::Op::launch) {
      made.kernel = node.attribute<std::string>("kernel");
      while (module.kernels[at]->attribute<std::string>("name") != made.kernel) ++at;
    }
    for (std::size_t i = 0; i < node.operands.size(); ++i) {
      const int buffer = numbers.at(node.operands[i].node.get());
      const bool commit = node.op == ir::Op::commit;
      if (commit ? i == 1 : accesses_[at].reads[i]) made.reads.push_back(buffer);
      if (commit ? i == 0 : accesses_[at].writes[i]) made.writes.push_back(buffer);
      Description::Buffer& used = out_.buffers[static_cast<std::size_t>(buffer)];
      if (used.first < 0) used.first = step;
      used.last = step;
    }
    out_.steps.push_back(std::move(made));
  }

  const DescribeOptions& options_;
  Description out_;
  std::map<std::string, Dim> operations_;
  std::vector<passes::Access> accesses_;
};

}  // namespace

Description describe(const ir::Module& graph, const DescribeOptions& options) {
  return Describer(graph, options).take();
}

Target target_of(const Description& description) {
  if (const std::optional<Target> target = target_named(description.target)) return *target;
  throw UserError(fmt::format("{} is for {}, which this croton does not know", description.name,
                              description.target));
}

void generate(Description& description, Generated what, const std::string& architecture) {
  const Target target = target_of(description);
  for (Description::Kernel& kernel : description.kernels) {
    switch (what) {
      case Generated::llvm:
        if (!kernel.llvm) kernel.llvm = llvm_of(kernel.canonical, target);
        break;
      case Generated::assembly:
        if (!kernel.assembly) kernel.assembly = assembly_of(kernel.canonical, target);
        break;
      case Generated::remarks:
        if (!kernel.remarks) kernel.remarks = compile_text(kernel.canonical, target).remarks;
        break;
      case Generated::ptx:
        if (nvrtc_identity().empty())
          throw UserError(
              "ptx needs NVRTC, which was not found; `croton doctor` says where it was "
              "looked for and how to get it");
        if (!kernel.ptx) kernel.ptx = compile_cuda(kernel.cuda, architecture);
        break;
    }
  }
}

std::vector<Site> failure_sites(const ir::Module& graph, const passes::PipelineOptions& options,
                                const std::string& kernel, std::size_t failure) {
  ir::Module module = graph;
  passes::PipelineReport report;
  passes::run_pipeline(module, options, report);
  for (const ir::NodePtr& node : module.kernels) {
    if (node->attribute<std::string>("name") != kernel) continue;
    const codegen::EmittedKernel emitted =
        codegen::emit(node, codegen::cpp_dialect(options.fma, options.vector_bytes));
    if (failure < emitted.failure_sites.size()) return emitted.failure_sites[failure];
  }
  return {};
}

}  // namespace croton::runtime
