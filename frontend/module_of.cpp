// What compile and save are given, checked and made into a module.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "frontend/build.hpp"
#include "ir/gradient.hpp"

namespace croton::detail {
namespace {

ErrorNote note(const Expr& expr) { return {expr.text(), expr.site()}; }

class Builder {
 public:
  Builder(const Exprs& inputs, const Exprs& outputs, const CompileOptions& options, Site site)
      : options_(options), site_(std::move(site)) {
    module_.name = options.name;
    check_inputs(inputs);
    for (const Expr& output : outputs.list()) module_.outputs.push_back(detail::value_of(output));
    for (const auto& [variable, value] : options.updates) add_update(variable, value);
    apply_givens();
    check_leaves(inputs);
    for (const DimFact& fact : options.facts) add_fact(fact);
    for (const DimRelation& relation : options.requirements) add_requirement(relation);
  }
  [[nodiscard]] ir::Module take() { return std::move(module_); }

 private:
  [[noreturn]] void fail(const std::string& message, std::vector<ErrorNote> notes) const {
    notes.push_back({fmt::format("in  compile(…, {{.name = \"{}\"}})", options_.name), site_});
    throw UserError("compile: " + message, std::move(notes));
  }

  void check_inputs(const Exprs& inputs) {
    std::set<std::string> names;
    for (const Expr& input : inputs.list()) {
      const ir::Value value = detail::value_of(input);
      if (value.op() != ir::Op::input) fail("an input must be made by input()", {note(input)});
      const auto& name = value.node->attribute<std::string>("name");
      if (std::find(module_.inputs.begin(), module_.inputs.end(), value) != module_.inputs.end())
        fail(fmt::format("the input {} is given twice", name), {note(input)});
      if (!names.insert(name).second)
        fail(fmt::format("two inputs are named {}", name), {note(input)});
      module_.inputs.push_back(value);
    }
  }

  void add_update(const Shared& variable, const Expr& value) {
    const ir::Value target = detail::value_of(variable);
    if (target.op() != ir::Op::shared)
      fail("only a shared variable can be updated", {note(variable)});
    for (const ir::Update& update : module_.updates)
      if (update.variable == target) fail("a variable is updated twice", {note(variable)});
    const ir::Value given = detail::value_of(value);
    bool same_type = given.dtype() == target.dtype() && given.rank() == target.rank();
    for (std::size_t i = 0; same_type && i < target.shape().size(); ++i)
      same_type = !(given.shape()[i] - target.shape()[i]).is_constant() ||
                  given.shape()[i] == target.shape()[i];
    if (!same_type)
      fail("an update changes the variable's type; cast or reshape it",
           {note(variable), {"new value : " + ir::text(given.type()), value.site()}});
    module_.updates.push_back({target, given});
  }

  void add_fact(const DimFact& fact) {
    const ir::Fact stated{fact.kind == DimFact::Kind::divisible ? ir::Fact::Kind::divisible
                                                                : ir::Fact::Kind::at_least,
                          fact.symbol, fact.value};
    if (stated.kind == ir::Fact::Kind::divisible && fact.value < 1)
      fail(fmt::format("the fact {}: a divisor is at least 1", ir::text(stated)), {});
    if (!is_extent(fact.symbol))
      fail(fmt::format("the fact {}: no input or shared variable has an extent {}",
                       ir::text(stated), fact.symbol),
           {});
    module_.facts.push_back(stated);
  }

  void add_requirement(const DimRelation& given) {
    for (const Dim* side : {&given.a, &given.b})
      side->for_each_leaf([&](const Dim::Atom& atom) {
        if (atom.kind == Dim::Atom::Kind::symbol && !is_extent(atom.name))
          fail(fmt::format("the requirement {} {} {}: no input or shared variable has an extent {}",
                           given.a.text(), text(given.relation), given.b.text(), atom.name),
               {});
      });
    std::vector<Site> sites;
    if (!given.where.file.empty()) sites.push_back(given.where);
    module_.requires_.push_back(
        {.a = given.a, .b = given.b, .sites = std::move(sites), .relation = given.relation});
  }

  [[nodiscard]] bool is_extent(const std::string& symbol) const {
    std::vector<ir::Value> leaves = module_.inputs;
    const std::vector<ir::Value> variables = module_.shared_variables();
    leaves.insert(leaves.end(), variables.begin(), variables.end());
    return !symbol.empty() && std::any_of(leaves.begin(), leaves.end(), [&](const ir::Value& leaf) {
      return std::any_of(leaf.shape().begin(), leaf.shape().end(),
                         [&](const Dim& dim) { return dim.symbol() == symbol; });
    });
  }

  void apply_givens() {
    std::vector<std::pair<ir::Value, ir::Value>> replacements;
    for (const auto& [from, to] : options_.givens) {
      const ir::Value a = detail::value_of(from), b = detail::value_of(to);
      bool fits = a.dtype() == b.dtype() && a.rank() == b.rank();
      for (std::size_t i = 0; fits && i < a.shape().size(); ++i)
        fits = a.shape()[i] == b.shape()[i] || !(a.shape()[i] - b.shape()[i]).is_constant();
      if (!fits) fail("a given changes the type", {note(from), note(to)});
      replacements.emplace_back(a, b);
    }
    if (replacements.empty()) return;
    module_.set_roots(ir::substitute(module_.roots(), replacements));
  }

  void check_leaves(const Exprs& inputs) {
    std::set<const ir::Node*> used;
    for (const ir::NodePtr& node : ir::topological_order(module_.roots())) used.insert(node.get());
    for (const ir::NodePtr& node : ir::topological_order(module_.roots())) {
      if (node->op != ir::Op::input) continue;
      const bool known = std::any_of(module_.inputs.begin(), module_.inputs.end(),
                                     [&](const ir::Value& v) { return v.node == node; });
      if (known) continue;
      const ir::Provenance from = node->provenance();
      fail(fmt::format("{} is needed, but is not among the inputs",
                       node->attribute<std::string>("name")),
           {{fmt::format("{} : {}", node->attribute<std::string>("name"), ir::text(node->types[0])),
             from.first_site()}});
    }
    if (options_.allow_unused) return;
    for (const Expr& input : inputs.list())
      if (!used.contains(input.node().get()) && !names_a_dim(input))
        fail("an input is not used, not even for its shape; remove it, or set .allow_unused = true",
             {note(input)});
  }

  // An input that nothing reads is used for its shape when a dim is made of its symbols.
  [[nodiscard]] bool names_a_dim(const Expr& input) const {
    std::set<std::string> own;
    for (const Dim& dim : input.shape()) own.insert(dim.symbol());
    own.erase("");
    bool found = false;
    const auto look = [&](const Shape& shape) {
      for (const Dim& dim : shape)
        dim.for_each_leaf([&](const Dim::Atom& atom) { found = found || own.contains(atom.name); });
    };
    for (const ir::NodePtr& node : ir::topological_order(module_.roots())) {
      for (const ir::Type& type : node->types) look(type.shape);
      for (const ir::Attribute& attribute : node->attributes)
        if (const auto* dims = std::get_if<Shape>(&attribute.value)) look(*dims);
    }
    return found;
  }

  const CompileOptions& options_;
  Site site_;
  ir::Module module_;
};

}  // namespace

ir::Module module_of(const Exprs& inputs, const Exprs& outputs, const CompileOptions& options,
                     const Site& site) {
  return Builder(inputs, outputs, options, site).take();
}

}  // namespace croton::detail
