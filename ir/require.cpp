#include "ir/require.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "ir/composition.hpp"
#include "ir/infer.hpp"

namespace croton::ir {
namespace {

thread_local RequireCollector* collector = nullptr;

void add(std::vector<Require>& all, Require require) {
  if (std::none_of(all.begin(), all.end(), [&](const Require& r) { return r.same_as(require); }))
    all.push_back(std::move(require));
}

// Divisors inside a dim, which may be 0 when the function is called.
void divisors(const Dim& dim) {
  if (dim.is_constant()) return;
  for (const Dim::Term& term : dim.terms())
    for (const Dim::Atom& atom : term.factors) {
      for (const Dim& argument : atom.arguments) divisors(argument);
      if (atom.kind == Dim::Atom::Kind::floordiv || atom.kind == Dim::Atom::Kind::mod)
        assume(atom.arguments[1], Relation::different, Dim(0),
               fmt::format("{} divides by 0", told(dim)));
    }
}

// An extent that no operand has already.
void extent(const Dim& dim, const Node& node) {
  if (dim.is_constant() || !dim.symbol().empty()) return;
  for (const Value& operand : node.operands)
    for (const Dim& known : operand.shape())
      if (known == dim) return;
  assume(dim, Relation::at_least, Dim(0), fmt::format("the extent {} is negative", told(dim)));
}

// The nodes between a composition's operands and its result.
std::vector<NodePtr> body_of(const Node& call) {
  std::unordered_set<const Node*> seen;
  for (const Value& operand : call.operands) seen.insert(operand.node.get());
  std::vector<NodePtr> inner{expand(call).node};
  for (std::size_t i = 0; i < inner.size(); ++i) {
    const NodePtr node = inner[i];
    for (const Value& operand : node->operands)
      if (seen.insert(operand.node.get()).second) inner.push_back(operand.node);
  }
  return inner;
}

std::string name_of(const Node& node) {
  if (node.op == Op::cast) return name_of(*node.operands[0].node);
  if (node.op == Op::input || node.op == Op::shared) return node.attribute<std::string>("name");
  return std::string(info(node.op).name);
}

// Symbols that stand for values, as the values are called.
std::string with_values(std::string text, std::span<const Value> values) {
  for (std::size_t k = values.size(); k-- > 0;) {
    const std::string symbol = fmt::format("{}{}", Dim::kValuePrefix, k);
    for (auto at = text.find(symbol); at != std::string::npos; at = text.find(symbol))
      text.replace(at, symbol.size(), fmt::format("value({})", name_of(*values[k].node)));
  }
  return text;
}

bool all_known(const Node& node) {
  return std::all_of(node.operands.begin(), node.operands.end(), [](const Value& v) {
    return std::all_of(v.shape().begin(), v.shape().end(),
                       [](const Dim& d) { return d.is_constant() && !d.is(0); });
  });
}

}  // namespace

bool Require::holds(std::int64_t value_a, std::int64_t value_b) const {
  switch (relation) {
    case Relation::equal:
      return value_a == value_b;
    case Relation::at_least:
      return value_a >= value_b;
    case Relation::different:
      return value_a != value_b;
  }
  return false;
}

RequireCollector::RequireCollector() : outer_(collector) { collector = this; }
RequireCollector::~RequireCollector() { collector = outer_; }

void assume(const Dim& a, Relation relation, const Dim& b, const std::string& claim) {
  Require require{.a = a, .b = b, .claim = claim, .relation = relation};
  if (a.is_constant() && b.is_constant()) {
    if (!require.holds(*a.constant(), *b.constant())) throw UserError(claim);
    return;
  }
  const bool proven = relation == Relation::equal      ? a == b
                      : relation == Relation::at_least ? provably_less_equal(b, a)
                                                       : provably_less_equal(b + Dim(1), a);
  if (!proven && collector) collector->found.push_back(std::move(require));
}

std::vector<Require> requirements(const NodePtr& node) {
  std::vector<Require> out;
  const OpInfo& row = info(node->op);
  RequireCollector own;
  for (const Type& type : node->types)
    for (const Dim& dim : type.shape) divisors(dim);
  if (!row.has_identity) {
    for (const Attribute& attribute : node->attributes)
      if (const auto* dims = std::get_if<Shape>(&attribute.value))
        for (const Dim& dim : *dims) divisors(dim);
    if (row.infer)
      (void)row.infer(node->operands, node->attributes);
    else
      (void)infer_elementwise(node->op, node->operands);
    for (const Type& type : node->types)
      for (const Dim& dim : type.shape) extent(dim, *node);
  }
  const std::vector<Site> sites =
      own.found.empty() ? std::vector<Site>{} : node->provenance().sites;
  for (Require& require : own.found) {
    require.sites = sites;
    add(out, std::move(require));
  }
  if (node->op == Op::call && !all_known(*node))
    for (const NodePtr& inner : body_of(*node))
      for (Require& require : requirements(inner)) add(out, std::move(require));
  return out;
}

std::string told(const Dim& dim) {
  return dim.text([](const Node* node, int) { return name_of(*node); });
}

std::string broken_text(const Require& require, std::span<const Value> values) {
  const std::string a = with_values(told(require.a), values),
                    b = with_values(told(require.b), values),
                    claim = with_values(require.claim, values);
  if (!require.fact.empty())
    return fmt::format("{} was stated when it was compiled, but {} is {{0}}", require.fact, a);
  if (!claim.empty() && require.relation == Relation::different)
    return fmt::format("{}: {} is {{0}}", claim, a);
  const std::string start = claim.empty() ? "" : claim + ": ";
  if (require.b.is_constant() && require.relation == Relation::different)
    return fmt::format("{} must not be {{0}}", a);
  if (require.b.is_constant())
    return fmt::format("{}{} is {{0}}, not {}{}", start, a,
                       require.relation == Relation::at_least ? "at least " : "", b);
  const char* wanted = require.relation == Relation::equal      ? "they must be equal"
                       : require.relation == Relation::at_least ? "it must not be less"
                                                                : "they must differ";
  return fmt::format("{}{} is {{0}} and {} is {{1}}, but {}", start, a, b, wanted);
}

std::string broken(const Require& require, std::int64_t value_a, std::int64_t value_b,
                   std::span<const Value> values) {
  std::string text = broken_text(require, values);
  const std::int64_t numbers[] = {value_a, value_b};
  for (const int i : {0, 1}) {
    const std::string mark = fmt::format("{{{}}}", i);
    if (const auto at = text.find(mark); at != std::string::npos)
      text.replace(at, mark.size(), std::to_string(numbers[i]));
  }
  return text;
}

std::vector<ErrorNote> notes(const Require& require) {
  std::vector<ErrorNote> out;
  for (const Site& site : require.sites)
    out.push_back({require.claim.empty() && require.fact.empty() ? "assumed" : "in", site});
  return out;
}

}  // namespace croton::ir
