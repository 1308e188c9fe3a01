#include "passes/pipeline.hpp"

#include <fmt/format.h>

#include "ir/builder.hpp"
#include "ir/gradient.hpp"
#include "passes/lower.hpp"
#include "passes/rewrite.hpp"
#include "passes/stabilize.hpp"

namespace croton::passes {
namespace {

enum class Needs : std::uint8_t { nothing, rounding, fma };

struct Stage {
  std::string_view name;
  std::span<const Rule> (*rules)();
  Needs needs;
};

// Stage names follow Theano; the order is the order of this list.
constexpr Stage kStages[] = {
    {"canonicalize", canonicalize_rules, Needs::nothing},
    {"stabilize", stabilize_rules, Needs::rounding},
    {"specialize", expand_rules, Needs::nothing},
    {"canonicalize", canonicalize_rules, Needs::nothing},
    {"form-fma", fma_rules, Needs::fma},
};

bool allowed(const Stage& stage, const PipelineOptions& options) {
  if (stage.needs == Needs::nothing) return true;
  if (options.math == "strict") return false;
  return stage.needs != Needs::fma || options.fma;
}

void apply(ir::Module& module, std::span<const Rule> rules, std::map<std::string, int>& fired) {
  const std::vector<ir::Value> roots = rewrite(module.roots(), rules, &fired);
  for (std::size_t i = 0; i < module.outputs.size(); ++i) module.outputs[i] = roots[i];
  for (std::size_t i = 0; i < module.updates.size(); ++i)
    module.updates[i].value = roots[module.outputs.size() + i];
}

}  // namespace

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
  return ir::substitute(rewrite(hidden, stabilize_rules()), show)[0];
}

void run_pipeline(ir::Module& module, const PipelineOptions& options, PipelineReport& report) {
  for (const Stage& stage : kStages)
    if (allowed(stage, options)) apply(module, stage.rules(), report.rules);
  lower_and_plan(module, options.fma && options.math != "strict", &report.refusals);
}

}  // namespace croton::passes
