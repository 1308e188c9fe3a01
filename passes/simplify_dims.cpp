#include "passes/simplify_dims.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "ir/builder.hpp"

namespace croton::passes {
namespace {

// n = divisor * quotient + least, quotient >= 0: what the facts say about n, as a substitution.
struct Known {
  std::int64_t divisor = 1, least = 0;
};

std::map<std::string, Known> collected(std::span<const ir::Fact> facts) {
  std::map<std::string, Known> out;
  for (const ir::Fact& fact : facts) {
    Known& known = out[fact.symbol];
    if (fact.kind == ir::Fact::Kind::divisible)
      known.divisor = std::lcm(known.divisor, fact.value);
    else
      known.least = std::max(known.least, fact.value);
  }
  for (auto& [symbol, known] : out)  // the least multiple
    known.least = (known.least + known.divisor - 1) / known.divisor * known.divisor;
  return out;
}

// Symbols of users are identifiers without this ending.
std::string quotient_name(const std::string& symbol) { return symbol + "$quotient"; }

Dim with_quotients(const Dim& dim, const std::map<std::string, Known>& known) {
  return dim.substitute([&](const Dim::Atom& atom) -> std::optional<Dim> {
    const auto it = atom.kind == Dim::Atom::Kind::symbol ? known.find(atom.name) : known.end();
    if (it == known.end()) return std::nullopt;
    return Dim(it->second.divisor) * Dim(quotient_name(atom.name)) + Dim(it->second.least);
  });
}

// Each product of quotients with a coefficient that their divisors divide is a product of symbols
// again; any other quotient is a floordiv.
Dim without_quotients(const Dim& dim, const std::map<std::string, Known>& known) {
  if (dim.is_constant()) return dim;
  const auto back = [&](const Dim& inner) { return without_quotients(inner, known); };
  Dim sum(0);
  for (const Dim::Term& term : dim.terms()) {
    std::int64_t coefficient = term.coefficient;
    Dim product(1);
    for (const Dim::Atom& atom : term.factors) {
      const auto it = std::find_if(known.begin(), known.end(), [&](const auto& entry) {
        return atom.kind == Dim::Atom::Kind::symbol && atom.name == quotient_name(entry.first);
      });
      if (it != known.end()) {
        const auto [divisor, least] = it->second;
        const Dim offset = Dim(it->first) - Dim(least);
        const bool whole = coefficient % divisor == 0;
        if (whole) coefficient /= divisor;
        product = product * (whole ? offset : Dim::floordiv(offset, Dim(divisor)));
        continue;
      }
      Dim factor(0);
      switch (atom.kind) {
        case Dim::Atom::Kind::symbol:
          factor = Dim(atom.name);
          break;
        case Dim::Atom::Kind::value:
          factor = Dim::value_of(atom.node, atom.result);
          break;
        case Dim::Atom::Kind::floordiv:
          factor = Dim::floordiv(back(atom.arguments[0]), back(atom.arguments[1]));
          break;
        case Dim::Atom::Kind::mod:
          factor = Dim::mod(back(atom.arguments[0]), back(atom.arguments[1]));
          break;
        case Dim::Atom::Kind::min:
          factor = Dim::min(back(atom.arguments[0]), back(atom.arguments[1]));
          break;
        case Dim::Atom::Kind::max:
          factor = Dim::max(back(atom.arguments[0]), back(atom.arguments[1]));
          break;
      }
      product = product * factor;
    }
    sum = sum + Dim(coefficient) * product;
  }
  return sum;
}

Dim simplified(const Dim& dim, const std::map<std::string, Known>& known) {
  if (dim.is_constant()) return dim;
  const Dim other = without_quotients(with_quotients(dim, known), known);
  return other.text().size() < dim.text().size() ? other : dim;
}

}  // namespace

Dim simplified(const Dim& dim, std::span<const ir::Fact> facts) {
  return simplified(dim, collected(facts));
}

void simplify_dims(ir::Module& module) {
  if (module.facts.empty()) return;
  const std::map<std::string, Known> known = collected(module.facts);
  std::unordered_map<const ir::Node*, ir::NodePtr> done;
  const std::vector<ir::Value> roots = module.roots();
  for (const ir::NodePtr& node : ir::topological_order(roots)) {
    if (ir::info(node->op).has_identity) {
      done.emplace(node.get(), node);
      continue;
    }
    std::vector<ir::Value> operands;
    for (const ir::Value& operand : node->operands)
      operands.push_back({done.at(operand.node.get()), operand.index});
    std::vector<ir::Attribute> attributes = node->attributes;
    for (ir::Attribute& attribute : attributes)
      if (auto* dims = std::get_if<Shape>(&attribute.value))
        for (Dim& dim : *dims) dim = simplified(dim, known);
    if (operands == node->operands && attributes == node->attributes) {
      done.emplace(node.get(), node);
      continue;
    }
    const ir::NodePtr made = ir::make_node(node->op, std::move(operands), std::move(attributes));
    made->inherit(*node);
    done.emplace(node.get(), made);
  }
  const auto now = [&](const ir::Value& v) { return ir::Value{done.at(v.node.get()), v.index}; };
  for (ir::Value& output : module.outputs) output = now(output);
  for (ir::Update& update : module.updates) update.value = now(update.value);
}

}  // namespace croton::passes
