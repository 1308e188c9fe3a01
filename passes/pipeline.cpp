#include "passes/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "ir/builder.hpp"
#include "ir/gradient.hpp"
#include "ir/spelling.hpp"
#include "ir/text.hpp"
#include "ir/verify.hpp"
#include "passes/lower.hpp"
#include "passes/rewrite.hpp"
#include "passes/simplify_dims.hpp"
#include "passes/stabilize.hpp"

namespace croton::passes {
namespace {

using ir::Level;

// What each kind of mathematics tolerates; stabilize may also mend overflow and domain.
std::uint32_t tolerated(std::string_view math, std::uint32_t mends) {
  if (math == "strict") return may::nothing;
  if (math == "fast") return ~0u;
  return may::rounding | mends;
}

void rewrite_with(std::span<const RuleSet> sets, ir::Module& module, const PipelineOptions& options,
                  PipelineReport& report, long* left, std::uint32_t mends = 0) {
  const RewriteOptions how{
      .tolerated = tolerated(options.math, mends),
      .context = {.fma = options.fma, .fused_products = options.math != "strict"},
      .fired = &report.rules,
      .log = options.keep_stages ? &report.rewrites : nullptr,
      .left = left};
  module.set_roots(rewrite(module.roots(), sets, how));
}

constexpr std::uint32_t kMends = may::overflow | may::domain | may::zero_sign;

void canonicalize(ir::Module& m, const PipelineOptions& o, PipelineReport& r, long* left) {
  const RuleSet sets[] = {{"folding", folding_rules()},
                          {"arithmetic", arithmetic_rules()},
                          {"logic", logic_rules()},
                          {"movement", movement_rules()}};
  simplify_dims(m);
  rewrite_with(sets, m, o, r, left);
}
void stabilize(ir::Module& m, const PipelineOptions& o, PipelineReport& r, long* left) {
  const RuleSet sets[] = {{"stability", stability_rules()}};
  rewrite_with(sets, m, o, r, left, kMends);
}
void specialize(ir::Module& m, const PipelineOptions& o, PipelineReport& r, long* left) {
  const RuleSet sets[] = {{"expand", expand_rules()}, {"specialize", specialize_rules()}};
  rewrite_with(sets, m, o, r, left, may::overflow);
}
void form_fma(ir::Module& m, const PipelineOptions& o, PipelineReport& r, long* left) {
  const RuleSet sets[] = {{"form-fma", fma_rules()}, {"folding", folding_rules()}};
  rewrite_with(sets, m, o, r, left, may::overflow);
}
void lay_out(ir::Module& m, const PipelineOptions& o, PipelineReport& r, long* left) {
  const RuleSet sets[] = {{"layout", layout_rules()}};
  rewrite_with(sets, m, o, r, left);
}

// What a kernel computes is made of ops; a list of passes may have left compositions.
void refuse_calls(const ir::Module& module, std::string_view pass) {
  for (const ir::NodePtr& node : ir::topological_order(module.roots()))
    if (node->op == ir::Op::call)
      throw UserError(
          fmt::format("{}: {} is a composition, which specialize expands; run it before", pass,
                      node->attribute<std::string>("name")),
          {{"made", node->provenance().first_site()}});
}

void fusing(ir::Module& module, const PipelineOptions&, PipelineReport& report, long*) {
  refuse_calls(module, "fuse");
  for (Refusal& refusal : fuse(module))
    report.refusals.emplace_back(std::move(refusal.what), std::move(refusal.why));
}

void scheduling(ir::Module& module, const PipelineOptions& options, PipelineReport&, long*) {
  schedule(module, options.vector_bytes, options.stream_bytes);
}

void lowering(ir::Module& module, const PipelineOptions& options, PipelineReport&, long*) {
  refuse_calls(module, "lower");
  lower(module, options.fma && options.math != "strict");
}

void planning(ir::Module& module, const PipelineOptions&, PipelineReport&, long*) { plan(module); }

// clang-format off
constexpr Pass kPasses[] = {
  {"canonicalize", Level::tensor, Level::tensor, Effect::none,
   "one form for what is written in many ways", canonicalize},
  {"stabilize", Level::tensor, Level::tensor, Effect::rounding,
   "forms that overflow or cancel become forms that do not", stabilize},
  {"specialize", Level::tensor, Level::tensor, Effect::none,
   "compositions expand into ops; powers become products", specialize},
  {"form-fma", Level::tensor, Level::tensor, Effect::fused_multiply_add,
   "products that are added become fused multiply-adds", form_fma},
  {"lay-out", Level::tensor, Level::tensor, Effect::rounding,
   "arrays are read in the order in which they lie in memory, by copies where nothing else does", lay_out},
  {"fuse", Level::tensor, Level::grouped, Effect::none,
   "which values one kernel computes", fusing},
  {"schedule", Level::grouped, Level::grouped, Effect::none,
   "how each kernel is written: tiles and widths", scheduling},
  {"lower", Level::grouped, Level::kernel, Effect::none,
   "groups become loop nests, launched by a plan", lowering},
  {"plan", Level::kernel, Level::plan, Effect::none,
   "temporaries get their places in the arena", planning},
};

constexpr std::string_view kDefault[] = {
  "canonicalize", "stabilize", "specialize", "canonicalize", "form-fma", "lay-out", "fuse", "schedule", "lower", "plan",
};
// clang-format on

constexpr const Pass* find(std::string_view name) {
  for (const Pass& pass : kPasses)
    if (pass.name == name) return &pass;
  return nullptr;
}

// Every pass begins at the level where the one before it ends.
constexpr bool levels_fit() {
  Level level = Level::tensor;
  for (const std::string_view name : kDefault) {
    const Pass* pass = find(name);
    if (pass == nullptr || pass->from != level) return false;
    level = pass->to;
  }
  return level == Level::plan;
}
static_assert(levels_fit());

// parse(print(m)) is m: leaves are matched by position, so that pure nodes must come out the same.
void check_round_trip(const ir::Module& module) {
  std::vector<ir::Value> leaves;
  std::vector<ir::Value> members;
  for (const ir::Group& group : module.groups)
    members.insert(members.end(), group.members.begin(), group.members.end());
  std::vector<ir::Value> all = module.inputs;
  const std::vector<ir::Value> rest = module.roots();
  all.insert(all.end(), rest.begin(), rest.end());
  for (const ir::Update& update : module.updates) all.push_back(update.variable);
  all.insert(all.end(), module.state.begin(), module.state.end());
  all.insert(all.end(), members.begin(), members.end());
  for (const ir::NodePtr& node : ir::topological_order(all))
    if (is_leaf({node, 0})) leaves.push_back({node, 0});
  const std::string text = ir::print(module);
  std::size_t next = 0;
  const ir::Module again =
      ir::parse(text, {.file = "round trip",
                       .mark = false,
                       .leaf = [&](ir::Op, const std::string&, const ir::Type&) {
                         return next < leaves.size() ? leaves[next++] : ir::Value{};
                       }});
  CROTON_CHECK(again.inputs == module.inputs && again.roots() == module.roots() &&
                   again.state == module.state,
               "the text form gives another graph:\n" + text);
  CROTON_CHECK(ir::print(again, {.canonical = true}) == ir::print(module, {.canonical = true}),
               "the text form prints differently:\n" + text);
}

std::string stage_name(std::string_view pass, const PipelineReport& report) {
  std::string name(pass);
  for (int run = 2; std::any_of(report.stages.begin(), report.stages.end(),
                                [&](const auto& stage) { return stage.name == name; });
       ++run)
    name = fmt::format("{}-{}", pass, run);
  return name;
}

void run_one(const Pass& pass, ir::Module& module, const PipelineOptions& options,
             PipelineReport& report, long* left) {
  if (module.level != pass.from)
    throw UserError(fmt::format("the pass {} begins at the {} level, the module is at the {} level",
                                pass.name, name(pass.from), name(module.level)));
  const ir::Module before = module;
  const auto start = std::chrono::steady_clock::now();
  try {
    pass.run(module, options, report, left);
    if (options.verify) {
      ir::verify(module);
      check_round_trip(module);
    }
  } catch (const UserError& error) {
    // A schedule or an index of the user's may be wrong; a module that no longer verifies is ours.
    if (error.message().starts_with("module @"))
      throw PassError(std::string(pass.name), ir::print(before), error.what());
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw PassError(std::string(pass.name), ir::print(before), error.what());
  }
  if (!options.keep_stages) return;
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  std::string text = ir::print(module);
  const bool changed = report.stages.empty() || report.stages.back().text != text;
  report.stages.push_back({stage_name(pass.name, report), module, std::move(text), spent.count(),
                           changed, std::exchange(report.rewrites, {})});
}

}  // namespace

PassError::PassError(std::string pass, std::string before, const std::string& what)
    : InternalError(fmt::format("the pass {} failed: {}", pass, what)),
      pass_(std::move(pass)),
      before_(std::move(before)) {}

std::span<const Pass> all_passes() { return kPasses; }
std::span<const std::string_view> default_pipeline() { return kDefault; }

std::span<const std::string_view> remaining_pipeline(Level level) {
  constexpr std::span<const std::string_view> all = kDefault;
  if (level == Level::tensor) return all;
  std::size_t from = 0;
  while (from < all.size() && find(all[from])->from != level) ++from;
  if (from < all.size() && all[from] == "schedule") ++from;
  return all.subspan(from);
}

std::vector<std::string_view> passes_for(Level level, const PipelineOptions& options) {
  std::vector<std::string_view> names;
  if (level == Level::tensor && options.passes) {
    for (const std::string& listed : *options.passes) {
      names.push_back(listed);
      level = pass_named(listed).to;
    }
  }
  std::span<const std::string_view> rest = remaining_pipeline(level);
  if (level == Level::tensor && options.passes)
    while (pass_named(rest[0]).to == Level::tensor) rest = rest.subspan(1);
  names.insert(names.end(), rest.begin(), rest.end());
  return names;
}

const Pass& pass_named(std::string_view name) {
  if (const Pass* pass = find(name)) return *pass;
  std::vector<std::string_view> known;
  for (const Pass& pass : kPasses) known.push_back(pass.name);
  throw UserError(fmt::format("unknown pass {}{}", name, ir::suggestion(name, known)));
}

void check_math(std::string_view math) {
  if (math != "strict" && math != "standard" && math != "fast")
    throw UserError(fmt::format("math is strict, standard or fast, not \"{}\"", math));
}

bool allowed(const Pass& pass, const PipelineOptions& options) {
  if (pass.effect == Effect::none) return true;
  if (options.math == "strict") return false;
  return pass.effect != Effect::fused_multiply_add || options.fma;
}

ir::Value stabilized(const ir::Value& cost, std::span<const ir::Value> leaves) {
  // Rules look at operands: a stand-in for each leaf keeps them from looking into it.
  std::vector<std::pair<ir::Value, ir::Value>> hide, show;
  for (const ir::Value& leaf : leaves) {
    if (is_leaf(leaf)) continue;
    const ir::Value stand_in = ir::input("leaf", leaf.type());
    hide.emplace_back(leaf, stand_in);
    show.emplace_back(stand_in, leaf);
  }
  const std::vector<ir::Value> hidden = ir::substitute(std::vector<ir::Value>{cost}, hide);
  const RuleSet sets[] = {{"stability", stability_rules()}};
  const RewriteOptions how{.tolerated = may::rounding | kMends};
  return ir::substitute(rewrite(hidden, sets, how), show)[0];
}

void run_passes(ir::Module& module, std::span<const std::string_view> names,
                const PipelineOptions& options, PipelineReport& report) {
  check_math(options.math);
  if (options.keep_stages && report.stages.empty())
    report.stages.push_back({"graph", module, ir::print(module), 0, true});
  long left = options.rewrite_limit;
  for (const std::string_view name : names) {
    const Pass& pass = pass_named(name);
    if (allowed(pass, options)) run_one(pass, module, options, report, &left);
  }
}

void run_pipeline(ir::Module& module, const PipelineOptions& options, PipelineReport& report) {
  run_passes(module, passes_for(module.level, options), options, report);
}

}  // namespace croton::passes
