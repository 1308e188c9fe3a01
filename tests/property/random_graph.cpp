#include "tests/property/random_graph.hpp"

#include <algorithm>
#include <unordered_set>

#include "ir/builder.hpp"
#include "ir/infer.hpp"
#include "passes/fuse.hpp"
#include "tests/property/pool.hpp"
#include "tests/property/random_ops.hpp"
#include "tests/property/random_rules.hpp"

namespace croton::test {

using namespace ir;

std::vector<Binding> Sample::bindings() const {
  std::vector<Binding> out;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    out.emplace_back(module.inputs[i], arguments[i]);
  for (std::size_t i = 0; i < state.size(); ++i)
    out.emplace_back(module.updates[i].variable, state[i]);
  return out;
}

void Sample::count(Coverage& coverage) const {
  for (const NodePtr& node : topological_order(module.roots()))
    if (!info(node->op).has_identity) ++coverage[cell_key({node, 0})];
}

namespace {

constexpr std::size_t kCellsPerGraph = 3;
constexpr std::int64_t kMaxElements = 65'536;
constexpr std::size_t kMostOutputs = 6;

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : seed_(seed), random_(seed), pool_(random_, sample_) {
    const double kind = random_.unit();
    sample_.math = kind < 0.15 ? "strict" : kind < 0.4 ? "fast" : "standard";
  }

  Sample make(int size) {
    const DType main =
        random_.chance(0.3) ? sampled_dtypes()[random_.below(2)] : random_.of(sampled_dtypes());
    for (const Shape& shape :
         {Shape{pool_.n, pool_.m}, Shape{pool_.m}, Shape{pool_.n, pool_.m}, Shape{}})
      pool_.add_input(random_.chance(0.7) ? main : random_.of(sampled_dtypes()), shape);
    for (const Shape& shape : {Shape{pool_.n, pool_.m}, Shape{}})
      if (random_.chance(0.3)) pool_.add_variable(main, shape);
    wanted();
    for (int made = static_cast<int>(wanted_.size()), tries = 0; made < size && tries < 20 * size;
         ++tries)
      if (add([&] { return step(); })) ++made;
    finish();
    return std::move(sample_);
  }

 private:
  // What the tables have at this seed's place. A rule that changes results is on every other visit
  // given mathematics that tolerate everything.
  void wanted() {
    const std::span<const Cell> cells = all_cells();
    for (std::size_t i = 0; i < kCellsPerGraph; ++i) {
      const Cell& cell = cells[(seed_ * kCellsPerGraph + i) % cells.size()];
      want([&] { return random_node(pool_, cell, operand_of(pool_, cell)); },
           [&](const Value& v) { return cell_key(v) == cell.key(); });
    }
    const std::span<const RuleCell> rules = all_rule_cells();
    const RuleCell& rule = rules[seed_ % rules.size()];
    if (rule.rule->effects != passes::may::nothing && seed_ / rule_count() % 2 == 0)
      sample_.math = "fast";
    want([&] { return random_left_side(pool_, rule); }, [](const Value&) { return true; });
  }

  template <class Draw, class Fits>
  void want(const Draw& draw, const Fits& fits) {
    for (int tries = 0; tries < 60; ++tries)
      if (const Value v = add(draw, fits)) {
        wanted_.push_back(v);
        return;
      }
  }

  // What was drawn, as part of the pool from then on, unless it is not legal or too large.
  template <class Draw>
  Value add(const Draw& draw) {
    return add(draw, [](const Value&) { return true; });
  }
  template <class Draw, class Fits>
  Value add(const Draw& draw, const Fits& fits) {
    try {
      const RequireCollector assumed;
      const Value v = draw();
      if (!v || v.rank() > 4 || !fits(v) || pool_.count(v) > kMaxElements) return {};
      // What is assumed about dims is checked by each call: it must hold.
      for (const Require& require : assumed.found)
        if (!require.holds(pool_.extent(require.a), pool_.extent(require.b))) return {};
      pool_.add(v);
      return v;
    } catch (const UserError&) {
      // Not every combination is legal; the rules said so, and another one is drawn.
      return {};
    }
  }

  Value step() {
    if (random_.chance(0.12)) return random_left_side(pool_, random_.of(all_rule_cells()));
    constexpr std::pair<OpKind, double> weights[] = {
        {OpKind::elementwise, 0.5}, {OpKind::reduction, 0.62},   {OpKind::movement, 0.78},
        {OpKind::indexing, 0.86},   {OpKind::contraction, 0.92}, {OpKind::creation, 0.95},
        {OpKind::composition, 1}};
    const double r = random_.unit();
    OpKind kind = OpKind::elementwise;
    for (const auto& [candidate, up_to] : weights) {
      kind = candidate;
      if (r < up_to) break;
    }
    while (true) {
      const Cell& cell = random_.of(all_cells());
      if (info(cell.op).kind == kind) return random_node(pool_, cell, pool_.pick());
    }
  }

  // Outputs: what nothing uses, so that one module holds many small programs, and what was wanted.
  void finish() {
    std::unordered_set<const Node*> used;
    for (const Value& v : pool_.values())
      for (const Value& operand : v.node->operands) used.insert(operand.node.get());
    std::vector<Value>& outputs = sample_.module.outputs;
    const auto add = [&](const Value& v) {
      if (!passes::is_leaf(v) && std::find(outputs.begin(), outputs.end(), v) == outputs.end())
        outputs.push_back(v);
    };
    for (std::size_t i = pool_.values().size(); i-- > 0 && outputs.size() < kMostOutputs;)
      if (!used.contains(pool_.values()[i].node.get())) add(pool_.values()[i]);
    for (const Value& v : wanted_) {
      const std::vector<NodePtr> reached = topological_order(outputs);
      if (std::find(reached.begin(), reached.end(), v.node) == reached.end()) add(v);
    }
    for (Update& update : sample_.module.updates)
      if (const Value v = pool_.pick_with([&](const Value& x) {
            return x.type() == update.variable.type() && !(x == update.variable);
          }))
        update.value = v;
    sample_.module.name = "random";
  }

  std::uint64_t seed_;
  Random random_;
  Sample sample_;
  Pool pool_;
  std::vector<Value> wanted_;
};

}  // namespace

Sample random_sample(std::uint64_t seed, int size) { return Maker(seed).make(size); }

std::size_t full_cycle() {
  return std::max(4 * rule_count(), 2 * all_cells().size() / kCellsPerGraph);
}

}  // namespace croton::test
