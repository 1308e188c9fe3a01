// Parsing of modules: recursive descent, one function per line of the grammar in ir/README.md. What
// statements are made of is read by TermParser.
#include <fmt/format.h>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "ir/functions.hpp"
#include "ir/parse_terms.hpp"
#include "ir/spelling.hpp"
#include "ir/verify.hpp"

namespace croton::ir {
namespace {

class Parser : TermParser {
 public:
  Parser(std::string_view text, const ParseOptions& options) : TermParser(text, options) {}

  Module module() {
    if (!scan_.accept("ctir")) scan_.fail("a module begins with 'ctir 1'");
    scan_.mark();
    if (const std::int64_t version = scan_.integer(); version != kTextVersion)
      scan_.fail(version > kTextVersion
                     ? fmt::format("the text has version {}; this croton reads up to version {}",
                                   version, kTextVersion)
                     : fmt::format("unknown version {}", version));
    scan_.expect("module");
    scan_.expect("@");
    Module m;
    m.name = scan_.looks_at("\"") ? scan_.quoted() : scan_.identifier("a module name");
    scan_.expect(":");
    const std::string level = scan_.identifier("a level");
    const std::optional<Level> found = level_named(level);
    if (!found)
      scan_.fail(
          fmt::format("unknown level {}; levels are tensor, grouped, kernel and plan", level));
    m.level = *found;
    scan_.expect("{");
    scopes_.emplace_back();
    while (!scan_.accept("}")) statement(m);
    if (!scan_.at_end()) scan_.fail("text after the module's end");
    try {
      verify(m);
    } catch (const UserError& error) {
      throw UserError(fmt::format("{}: {}", options_.file, error.message()), error.notes());
    }
    return m;
  }

 private:
  void statement(Module& m) {
    if (scan_.at_end()) scan_.fail("expected '}' before the end of the text");
    if (scan_.at_value()) {
      (void)node();
    } else if (scan_.accept("fact")) {
      fact(m);
    } else if (scan_.accept("require")) {
      m.requires_.push_back(require());
    } else if (scan_.accept("input")) {
      m.inputs = values();
    } else if (scan_.accept("state")) {
      m.state = values();
    } else if (scan_.accept("output")) {
      m.outputs = values(options_.output_names);
    } else if (scan_.accept("update")) {
      const Value variable = value();
      scan_.expect("=");
      m.updates.push_back({variable, value()});
    } else if (scan_.accept("group")) {
      group(m);
    } else if (scan_.accept("plan")) {
      m.plan = region();
    } else {
      const NodePtr made = node();
      if (made->op != Op::kernel) scan_.fail("only kernels stand in a module without a name");
      m.kernels.push_back(made);
    }
  }

  void fact(Module& m) {
    Fact f;
    f.symbol = scan_.identifier("a symbol");
    if (scan_.accept("%")) {
      f.kind = Fact::Kind::divisible;
      f.value = scan_.integer();
      if (f.value <= 0) scan_.fail("a divisor must be positive");
      scan_.expect("==");
      scan_.expect("0");
    } else {
      scan_.expect(">=");
      f.value = scan_.integer();
    }
    m.facts.push_back(f);
  }

  void group(Module& m) {
    Group g;
    scan_.expect("@");
    g.name = scan_.identifier("a group's name");
    const std::string kind = scan_.identifier("a group's kind");
    const auto found = group_kind_named(kind);
    if (!found) scan_.fail(fmt::format("unknown group kind {}", kind));
    g.kind = *found;
    g.may_fail = scan_.accept("may_fail");
    g.domain = dims();
    if (scan_.looks_at("{")) g.schedule = named();
    scan_.expect(":");
    g.members = values();
    scan_.expect("->");
    if (scan_.at_value()) g.outputs = values();
    m.groups.push_back(std::move(g));
  }

  Require require() {
    Require made{.a = dim(), .b = {}, .sites = {site()}};
    if (scan_.accept(">="))
      made.relation = Relation::at_least;
    else if (scan_.accept("!="))
      made.relation = Relation::different;
    else
      scan_.expect("==");
    made.b = dim();
    return made;
  }

  // ---- nodes
  NodePtr node() {
    std::vector<std::string> names;
    if (scan_.at_value()) {
      do names.push_back(scan_.value_name());
      while (scan_.accept(","));
      scan_.expect("=");
    }
    const Site where = site_here();
    op_begin_ = scan_.marked();
    const std::string op_name = scan_.identifier("an op");
    std::vector<Value> operands;
    // A region's parameters stand in parentheses too: they begin with %name and a colon, or follow
    // the types, so an operand list comes first and at once.
    const std::optional<Op> op = op_named(op_name);
    const bool has_operands = !op || info(*op).arity != 0;
    if (has_operands && scan_.accept("(")) {
      if (!scan_.accept(")")) {
        operands = values();
        scan_.expect(")");
      }
    }
    NodePtr made;
    if (op && *op != Op::call) {
      made = op_node(*op, std::move(operands));
    } else {
      const NamedAttributes attributes = scan_.looks_at("{") ? named() : NamedAttributes{};
      const std::vector<Type> types = stated_types();
      made = guarded([&] {
        if (!find_composition(op_name) && !find_function(op_name)) unknown_op(op_name);
        return ir::named(op_name, operands, attributes).node;
      });
      check_types(*made, types);
    }
    if (options_.mark && !options_.sites) made->add_site(where);
    if (options_.mark && options_.sites)
      for (const Site& site : options_.sites(where.line)) made->add_site(site);
    if (made->regions.empty()) {
      bind(names, made);
    } else if (scan_.accept("->")) {
      do names.push_back(scan_.value_name());
      while (scan_.accept(","));
      bind(names, made);
    }
    return made;
  }

  Site site_here() {
    scan_.mark();
    return site();
  }

  void bind(const std::vector<std::string>& names, const NodePtr& made) {
    if (names.size() != made->types.size())
      scan_.fail(fmt::format("{} has {} results, {} are named", info(made->op).name,
                             made->types.size(), names.size()));
    for (std::size_t i = 0; i < names.size(); ++i) {
      define(names[i], {made, static_cast<int>(i)});
      const bool is_label = std::isalpha(static_cast<unsigned char>(names[i][0])) != 0 &&
                            names[i].find('.') == std::string::npos && !info(made->op).has_identity;
      if (is_label && options_.mark) made->add_label(names[i]);
    }
  }

  [[noreturn]] void unknown_op(const std::string& op_name) {
    std::vector<std::string_view> known;
    for (const OpInfo& row : all_ops()) known.push_back(row.name);
    for (const Composition& c : all_compositions()) known.push_back(c.name);
    for (const Function& f : all_functions()) known.push_back(f.name);
    throw UserError(fmt::format("unknown op {}{}", op_name, suggestion(op_name, known)));
  }

  template <class F>
  auto guarded(const F& make_it) -> decltype(make_it()) {
    try {
      return make_it();
    } catch (const UserError& error) {
      scan_.mark_at(op_begin_);
      scan_.fail(error.message());
    } catch (const InternalError& error) {
      scan_.mark_at(op_begin_);
      scan_.fail(error.what());
    }
  }

  std::vector<Type> stated_types() {
    std::vector<Type> types;
    if (!scan_.accept(":")) return types;
    do types.push_back(type());
    while (scan_.accept(","));
    return types;
  }

  void check_types(const Node& made, const std::vector<Type>& stated) {
    if (stated.empty() || stated == made.types) return;
    scan_.mark_at(op_begin_);
    scan_.fail(fmt::format("{} gives {}, but {} is stated", info(made.op).name,
                           text(made.types.empty() ? Type{} : made.types[0]), text(stated[0])));
  }

  NodePtr op_node(Op op, std::vector<Value> operands) {
    const OpInfo& row = info(op);
    guarded([&] { check_operand_count(op, operands.size()); });
    std::vector<Attribute> attributes = column_attributes(row);
    std::vector<Type> types = stated_types();
    const bool stated_only =
        row.infer == nullptr && row.kind != OpKind::elementwise;  // leaves and kernel-level ops
    if (!stated_only) {
      NodePtr made =
          guarded([&] { return make_node(op, std::move(operands), std::move(attributes)); });
      check_types(*made, types);
      return made;
    }
    if (op == Op::input || op == Op::shared) return leaf(op, attributes, types);
    std::vector<Region> regions;
    if (op == Op::kernel || op == Op::loop || op == Op::branch) {
      regions.push_back(region());
      if (scan_.accept("else")) regions.push_back(region());
    }
    return intern(op, std::move(operands), std::move(attributes), std::move(types),
                  std::move(regions));
  }

  NodePtr leaf(Op op, const std::vector<Attribute>& attributes, const std::vector<Type>& types) {
    if (types.size() != 1) scan_.fail(fmt::format("{} needs its type", info(op).name));
    for (const Dim& d : types[0].shape)
      if (d.is_constant() && *d.constant() < 0) scan_.fail("negative extent");
    const auto& wanted = std::get<std::string>(attributes[0].value);
    if (options_.leaf)
      if (const Value found = options_.leaf(op, wanted, types[0]); found) {
        check_types(*found.node, types);
        return found.node;
      }
    return (op == Op::input ? input(wanted, types[0]) : ir::shared(wanted, types[0])).node;
  }

  Region region() {
    if (++depth_ > kMaxDepth) scan_.fail("regions are nested too deeply");
    Region out;
    scopes_.emplace_back();
    scan_.expect("(");
    if (!scan_.accept(")")) {
      do {
        const std::string name = scan_.value_name();
        scan_.expect(":");
        // A repeated name was numbered when it was printed: name.2.
        const std::string own = name.substr(0, name.find('.'));
        out.parameters.push_back({intern(Op::parameter, {}, {own}, {type()}), 0});
        define(name, out.parameters.back());
      } while (scan_.accept(","));
      scan_.expect(")");
    }
    scan_.expect("{");
    while (!scan_.accept("}")) {
      if (scan_.accept("yield")) {
        out.results = values();
        scan_.expect("}");
        break;
      }
      if (scan_.at_end()) scan_.fail("expected '}' before the end of the text");
      out.body.push_back(node());
    }
    scopes_.pop_back();
    --depth_;
    return out;
  }

  std::size_t op_begin_ = 0;
};

}  // namespace

Module parse(std::string_view text, const ParseOptions& options) {
  return Parser(text, options).module();
}

}  // namespace croton::ir
