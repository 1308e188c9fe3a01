// Every rule, from its own row: the driver fires it on its samples; both sides agree but for what
// it declares; it does not fire where its fact or dtype is missing; it never makes the graph
// dearer.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <set>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "ir/evaluate.hpp"
#include "ir/gradient.hpp"
#include "ir/text.hpp"
#include "passes/pipeline.hpp"
#include "passes/rewrite.hpp"
#include "tests/property/random_graph.hpp"

using namespace croton;
using namespace croton::test;
using namespace croton::ir;
namespace may = croton::passes::may;

namespace {

std::vector<Value> leaves_of(const Value& v) {
  std::vector<Value> out;
  const std::vector<Value> roots{v};
  for (const NodePtr& node : topological_order(roots))
    if (node->op == Op::input) out.push_back({node, 0});
  return out;
}

std::vector<Binding> random_bindings(Random& random, const std::vector<Value>& leaves) {
  std::vector<Binding> out;
  for (const Value& leaf : leaves) {
    std::vector<std::int64_t> shape;
    for (const Dim& d : leaf.shape()) shape.push_back(d.is_constant() ? *d.constant() : 7);
    out.emplace_back(leaf, random_literal(random, leaf.dtype(), shape));
  }
  return out;
}

Value with_rule(const Value& v, const passes::Rule& rule, std::map<std::string, int>* fired) {
  const passes::RuleSet set[] = {{"one", {&rule, 1}}};
  const std::vector<Value> roots{v};
  return passes::rewrite(roots, set, {.fired = fired})[0];
}

// "" or how the sides differ in more than the rule declares.
std::string undeclared(const passes::Rule& rule, const Value& from, const Value& to,
                       const std::vector<Binding>& bindings) {
  const std::vector<Value> roots{from, to};
  const std::vector<Literal> exact = evaluate_exact(roots, bindings);
  const std::vector<ReferenceArray> reference = evaluate_reference(roots, bindings);
  const std::vector<ReferenceArray> ideal = evaluate_reference(roots, bindings, true);
  // Does any operand hold what IEEE calls special? Rules that may change NaNs are free there.
  bool special = false;
  for (const auto& [leaf, literal] : bindings)
    for (std::int64_t i = 0; i < literal.count(); ++i)
      special |= !std::isfinite(literal.as_double(i));
  return with_type(exact[0].dtype(), [&](auto zero) -> std::string {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < exact[0].count(); ++i) {
      const T a = exact[0].at<T>(i), b = exact[1].at<T>(i);
      if (std::memcmp(&a, &b, sizeof(T)) == 0 || (a != a && b != b)) continue;
      const auto x = static_cast<double>(a), y = static_cast<double>(b);
      if ((rule.effects & may::zero_sign) != 0 && x == 0 && y == 0) continue;
      if ((rule.effects & may::nans) != 0 && (special || std::isnan(x) || std::isnan(y))) continue;
      if ((rule.effects & (may::overflow | may::domain)) != 0) {
        // A mended form is held against what its left side means, not against what it computes.
        const auto meant =
            static_cast<double>(ideal[0].elements[static_cast<std::size_t>(i)].value);
        const Bounded& right = reference[1].elements[static_cast<std::size_t>(i)];
        const bool outside = std::isnan(meant) || (special && std::isnan(y));
        if ((rule.effects & may::domain) != 0 && outside) continue;
        const double least = 1e-17 * (1 + std::abs(meant));
        if (right.undetermined || y == static_cast<double>(static_cast<T>(meant)) ||
            std::abs(y - meant) <= 2 * right.bound + least)
          continue;
      }
      if ((rule.effects & may::rounding) != 0) {
        const Bounded& left = reference[0].elements[static_cast<std::size_t>(i)];
        const Bounded& right = reference[1].elements[static_cast<std::size_t>(i)];
        if (left.undetermined || right.undetermined) continue;
        const double distance = std::abs(y - static_cast<double>(left.value));
        if (distance <= left.bound + right.bound) continue;
      }
      return fmt::format("element {}: {} and {}", i, x, y);
    }
    return "";
  });
}

// Operations, by elements: every symbol stands for 7.
std::int64_t cost_of(const Value& v) {
  std::int64_t total = 0;
  const std::vector<Value> roots{v};
  for (const NodePtr& node : topological_order(roots))
    if (info(node->op).kind != OpKind::movement && info(node->op).kind != OpKind::creation)
      total += info(node->op).cost *
               volume(node->types[0].shape).evaluate([](const Dim::Atom&) { return 7; });
  return total;
}

}  // namespace

TEST_CASE("every rule fires on its samples and changes nothing that it does not declare") {
  Random random(7);
  std::set<std::string> names;
  for (const passes::RuleSet& set : passes::all_rule_sets())
    for (const passes::Rule& rule : set.rules) {
      INFO(set.name << ": " << rule.name << ": " << rule.text());
      CHECK(names.insert(std::string(rule.name)).second);
      int samples = 0;
      for (const DType dtype :
           {DType::f64, DType::f32, DType::i64, DType::i8, DType::u16, DType::boolean}) {
        const Value from = rule.code != nullptr ? rule.example() : passes::instantiate(rule, dtype);
        if (!from) continue;
        ++samples;
        INFO(name(dtype));
        std::map<std::string, int> fired;
        const Value to = with_rule(from, rule, &fired);
        CHECK(fired[std::string(rule.name)] > 0);
        CHECK(to.type() == from.type());
        if (set.name != "stability" && set.name != "expand" && set.name != "form-fma" &&
            rule.name != "integer-power")
          CHECK(cost_of(to) <= cost_of(from));
        const std::vector<Value> leaves = leaves_of(from);
        for (int trial = 0; trial < 40; ++trial) {
          const std::vector<Binding> bindings = random_bindings(random, leaves);
          const std::string bad = undeclared(rule, from, to, bindings);
          INFO(bad);
          CHECK(bad.empty());
          if (!bad.empty()) break;
        }
        if (rule.code != nullptr) break;
      }
      CHECK(samples > 0);
    }
}

TEST_CASE("a rule refuses where its fact does not hold") {
  const Value x = input("x", tensor(DType::f64, {"n", 5}));
  for (const passes::RuleSet& set : passes::all_rule_sets())
    for (const passes::Rule& rule : set.rules) {
      if (rule.when.fact == passes::Fact::none) continue;
      INFO(rule.name);
      // The left side on a bare input, of which nothing is known.
      const Value known = passes::instantiate(rule, DType::f64);
      REQUIRE(known);
      const auto leaf = leaves_of(known);
      Value bare = known;
      const std::vector<Value> roots{known};
      for (const NodePtr& node : topological_order(roots))
        if (node->op == Op::abs && node->operands[0].op() == Op::input &&
            !(known == Value{node, 0}))
          bare = substitute(roots, std::vector<std::pair<Value, Value>>{{{node, 0}, x}})[0];
      if (rule.name == "abs-non-negative") bare = abs(x);
      REQUIRE_FALSE(bare == known);
      CHECK(with_rule(bare, rule, nullptr) == bare);
    }
}

TEST_CASE("applying a pass twice changes no more than applying it once") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Sample sample = random_sample(seed, 14);
    for (const passes::Pass& pass : passes::all_passes()) {
      if (pass.from != Level::tensor || pass.to != Level::tensor) continue;
      INFO("seed " << seed << ", " << pass.name);
      const std::string_view one[] = {pass.name};
      passes::PipelineReport first, second;
      Module module = sample.module;
      passes::run_passes(module, one, {.math = sample.math}, first);
      Module again = module;
      passes::run_passes(again, one, {.math = sample.math}, second);
      CHECK(again.roots() == module.roots());
      for (const auto& [rule, times] : second.rules) {
        INFO(rule << " fires again");
        CHECK(times == 0);
      }
    }
  }
}
