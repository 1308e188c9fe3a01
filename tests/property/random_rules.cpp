#include "tests/property/random_rules.hpp"

#include <algorithm>

#include "ir/builder.hpp"
#include "ir/gradient.hpp"
#include "ir/infer.hpp"
#include "passes/rule.hpp"

namespace croton::test {

using namespace ir;

namespace {

Value substituted(const Value& side, const Value& part, const Value& by) {
  const std::vector<Value> roots{side};
  return substitute(roots, std::vector<std::pair<Value, Value>>{{part, by}})[0];
}

// A value of the pool that can have this type, else a fresh input; rarely one of those before.
Value leaf_of(Pool& pool, const Type& type, const std::vector<Value>& before) {
  const bool again = pool.random.chance(0.1);
  const auto fits = [&](const Value& v) {
    if (v.dtype() != type.dtype) return false;
    if (!again && std::find(before.begin(), before.end(), v) != before.end()) return false;
    try {
      const RequireCollector assumed;
      return broadcast_to(v, type.shape).type() == type && assumed.found.empty();
    } catch (const UserError&) {
      return false;
    }
  };
  const Value known = pool.random.chance(0.5) ? pool.pick_with(fits) : Value{};
  return known ? broadcast_to(known, type.shape) : pool.add_input(type.dtype, type.shape);
}

// Some function of the table of which the fact is known.
Value with_fact(Pool& pool, passes::Fact fact, const Value& v) {
  for (int tries = 0; tries < 12; ++tries) {
    const Cell& cell = pool.random.of(all_cells());
    const OpInfo& row = info(cell.op);
    if (!is_elementwise(cell.op) || row.arity != 1 || row.infer != nullptr) continue;
    if (cell.dtype != v.dtype()) continue;
    const Value made = ir::apply(cell.op, {v});
    if (made.type() == v.type() && passes::holds(fact, made)) return made;
  }
  return fact == passes::Fact::positive ? ir::abs(v) + std::int64_t{1} : ir::abs(v);
}

Value pattern_side(Pool& pool, const RuleCell& cell) {
  const Value like = pool.pick_with([](const Value& v) { return v.rank() >= 1 && v.rank() <= 3; });
  const Shape shape = like ? like.shape() : Shape{pool.n, pool.m};
  std::vector<Value> leaves;
  return passes::instantiate(
      *cell.rule, cell.dtype, shape,
      [&](passes::CellKind kind, const Type& type, passes::Fact fact) -> Value {
        if (kind == passes::CellKind::constant)
          return splat(random_literal(pool.random, type.dtype, {}), type.shape);
        const Value v = leaf_of(pool, type, leaves);
        leaves.push_back(v);
        return passes::holds(fact, v) ? v : with_fact(pool, fact, v);
      });
}

Value example_side(Pool& pool, const passes::Rule& rule) {
  Value side = rule.example();
  const std::vector<Value> roots{side};
  for (const NodePtr& node : topological_order(roots)) {
    if (node->op != Op::input) continue;
    const Value leaf{node, 0};
    pool.know(leaf.shape());
    const Value known =
        pool.random.chance(0.5)
            ? pool.pick_with([&](const Value& v) { return v.type() == leaf.type(); })
            : Value{};
    side = substituted(side, leaf, known ? known : pool.add_input(leaf.dtype(), leaf.shape()));
  }
  return side;
}

// Some part of the graph becomes the left side of a rule that would make it that part.
Value with_part_unwritten(Pool& pool, const Value& side) {
  const std::vector<Value> roots{side};
  const std::vector<NodePtr> nodes = topological_order(roots);
  for (int tries = 0; tries < 200; ++tries) {
    const NodePtr& node = pool.random.of(nodes);
    const passes::Rule& rule = *pool.random.of(all_rule_cells()).rule;
    if (rule.code != nullptr || rule.when.fact != passes::Fact::none ||
        !passes::binds(rule.to, rule.from))
      continue;
    const passes::Rule reversed{.name = rule.name, .from = rule.to, .to = rule.from, .on = rule.on};
    const Value part{node, 0};
    if (part.op() == Op::call) continue;  // names its attributes where the rule's ops list theirs
    if (!reversed.may_start_at(part.op())) continue;
    const Value before = reversed.apply(part, {});
    if (before && before.type() == part.type()) return substituted(side, part, before);
  }
  return side;
}

}  // namespace

Value random_left_side(Pool& pool, const RuleCell& cell) {
  const Value side =
      cell.rule->code != nullptr ? example_side(pool, *cell.rule) : pattern_side(pool, cell);
  return side && pool.random.chance(0.3) ? with_part_unwritten(pool, side) : side;
}

}  // namespace croton::test
