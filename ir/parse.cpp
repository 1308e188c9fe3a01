// Parsing of modules: recursive descent, one function per line of the grammar in ir/README.md.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <unordered_map>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "ir/functions.hpp"
#include "ir/scanner.hpp"
#include "ir/spelling.hpp"
#include "ir/text.hpp"
#include "ir/verify.hpp"

namespace croton::ir {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::int64_t kMaxLiteral = std::int64_t{1} << 40;  // bytes

class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options)
      : scan_(text, options.file), options_(options) {}

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

  Site site() { return {scan_.file(), scan_.line()}; }

  // ---- values
  Value lookup(const std::string& name) {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
      if (const auto it = scope->find(name); it != scope->end()) return it->second;
    scan_.fail(fmt::format("%{} is not defined here", name));
  }

  Value value(std::string* called = nullptr) {
    const std::string name = scan_.value_name();
    if (called) *called = name;
    return lookup(name);
  }

  std::vector<Value> values(std::vector<std::string>* called = nullptr) {
    std::vector<Value> out;
    if (called) called->clear();
    do {
      std::string name;
      out.push_back(value(&name));
      if (called) called->push_back(std::move(name));
    } while (scan_.accept(","));
    return out;
  }

  void define(const std::string& name, const Value& v) {
    if (!scopes_.back().emplace(name, v).second)
      scan_.fail(fmt::format("%{} is defined twice", name));
  }

  // ---- dims and types
  Dim dim() {
    if (++depth_ > kMaxDepth) scan_.fail("dims are nested too deeply");
    Dim sum(0);
    bool negative = scan_.accept("-");
    do {
      Dim product = factor(negative);
      while (scan_.accept("*")) product = product * factor();
      sum = sum + product;
      if (scan_.looks_at("->")) break;
      negative = scan_.accept("-");
    } while (negative || scan_.accept("+"));
    --depth_;
    return sum;
  }

  Dim factor(bool negative = false) {
    if (scan_.at_number()) return Dim(negative ? scan_.negated_integer() : scan_.integer());
    if (negative) return Dim(0) - factor();
    const std::string name = scan_.identifier("a dim");
    if (!scan_.accept("(")) {
      Dim::reserve(name);
      return Dim(name);
    }
    if (name == "value") {
      const Value v = value();
      if (!is_integer(v.dtype()) || v.rank() != 0) scan_.fail("value(...) needs an integer scalar");
      scan_.expect(")");
      return Dim::value_of(v.node, v.index);
    }
    const Dim a = dim();
    scan_.expect(",");
    const Dim b = dim();
    scan_.expect(")");
    if (name == "floordiv") return Dim::floordiv(a, b);
    if (name == "mod") return Dim::mod(a, b);
    if (name == "min") return Dim::min(a, b);
    if (name == "max") return Dim::max(a, b);
    scan_.fail(fmt::format("unknown function {} of dims", name));
  }

  Shape dims() {
    scan_.expect("[");
    Shape shape;
    if (scan_.accept("]")) return shape;
    do shape.push_back(dim());
    while (scan_.accept(","));
    scan_.expect("]");
    return shape;
  }

  DType dtype() {
    const std::string text = scan_.identifier("a dtype");
    const std::optional<DType> found = dtype_named(text);
    if (!found) scan_.fail(fmt::format("unknown dtype {}", text));
    if (!is_supported(*found)) scan_.fail(fmt::format("operations on {} are not supported", text));
    return *found;
  }

  Type type() {
    for (const Space space :
         {Space::parameter, Space::arena, Space::local, Space::shared, Space::reg})
      if (scan_.accept(name(space))) {
        const DType element = dtype();
        Shape extents = dims(), strides;
        if (scan_.accept("strides")) {
          strides = dims();
          if (strides.size() != extents.size()) scan_.fail("one stride per extent");
        }
        return buffer(element, std::move(extents), space, std::move(strides));
      }
    const DType element = dtype();
    return tensor(element, scan_.looks_at("[") ? dims() : Shape{});
  }

  // ---- attributes
  Literal literal() {
    const DType element = dtype();
    if (!scan_.accept("[")) return element_of(element);
    std::vector<std::int64_t> shape;
    std::int64_t bytes = static_cast<std::int64_t>(size_of(element));
    if (!scan_.accept("]")) {
      do {
        shape.push_back(scan_.integer());
        if (shape.back() < 0) scan_.fail("negative extent in a literal");
        if (__builtin_mul_overflow(bytes, shape.back(), &bytes) || bytes > kMaxLiteral)
          scan_.fail("a literal this large stands beside the text");
      } while (scan_.accept(","));
      scan_.expect("]");
    }
    if (scan_.accept("beside")) {
      const std::uint64_t number = scan_.natural();
      if (!options_.beside) scan_.fail("the literal stands beside the text, which came alone");
      Literal found = options_.beside(static_cast<std::size_t>(number));
      if (found.dtype() != element || found.shape() != shape)
        scan_.fail(fmt::format("literal {} beside the text has another type", number));
      return found;
    }
    std::vector<std::byte> data;
    if (scan_.accept("bytes")) {
      const std::string_view digits = scan_.plain_quoted();
      if (digits.size() != 2 * static_cast<std::size_t>(bytes))
        scan_.fail(fmt::format("the literal has {} hexadecimal digits, its shape needs {}",
                               digits.size(), 2 * bytes));
      const auto digit = [&](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        scan_.fail("bytes are lower case hexadecimal digits");
      };
      for (std::size_t i = 0; i < digits.size(); i += 2)
        data.push_back(static_cast<std::byte>(16 * digit(digits[i]) + digit(digits[i + 1])));
      if (element == DType::boolean &&
          std::any_of(data.begin(), data.end(), [](std::byte b) { return b > std::byte{1}; }))
        scan_.fail("the bytes of a bool are 00 or 01");
      return {element, std::move(shape), std::move(data)};
    }
    scan_.expect("{");
    if (!scan_.accept("}")) {
      do {
        const Literal one = element_of(element);
        data.insert(data.end(), one.bytes().begin(), one.bytes().end());
      } while (scan_.accept(","));
      scan_.expect("}");
    }
    if (static_cast<std::int64_t>(data.size()) != bytes)
      scan_.fail(fmt::format("the literal has {} elements, its shape needs {}",
                             data.size() / size_of(element),
                             bytes / static_cast<std::int64_t>(size_of(element))));
    return {element, std::move(shape), std::move(data)};
  }

  Literal element_of(DType element) {
    scan_.mark();
    if (element == DType::boolean) {
      if (scan_.accept("true")) return Literal::scalar(true);
      scan_.expect("false");
      return Literal::scalar(false);
    }
    if (element == DType::f32) return Literal::scalar(scan_.single());
    if (element == DType::f64) return Literal::scalar(scan_.real());
    if (element == DType::u64) return Literal::scalar(scan_.natural());
    const std::int64_t number = scan_.integer();
    const Literal made = Literal::scalar_of(element, number);
    if (made.as_integer() != number)
      scan_.fail(fmt::format("{} does not fit {}", number, name(element)));
    return made;
  }

  Integers integers() {
    scan_.expect("[");
    Integers out;
    if (scan_.accept("]")) return out;
    do out.push_back(scan_.integer());
    while (scan_.accept(","));
    scan_.expect("]");
    return out;
  }

  bool boolean() {
    if (scan_.accept("true")) return true;
    scan_.expect("false");
    return false;
  }

  Attribute attribute(AttributeKind wanted) {
    switch (wanted) {
      case AttributeKind::boolean:
        return boolean();
      case AttributeKind::integer:
        return scan_.integer();
      case AttributeKind::real:
        return scan_.real();
      case AttributeKind::text:
        return scan_.quoted();
      case AttributeKind::dtype:
        return dtype();
      case AttributeKind::integers:
        return integers();
      case AttributeKind::dims:
        return dims();
      case AttributeKind::literal:
        return literal();
      case AttributeKind::named:
        return named();
      case AttributeKind::none:
        break;
    }
    scan_.expect("none");
    return {};
  }

  // The kind is told by the text.
  Attribute free_attribute() {
    if (scan_.looks_at("true") || scan_.looks_at("false")) return boolean();
    if (scan_.looks_at("\"")) return scan_.quoted();
    if (scan_.looks_at("[")) return integers();
    if (scan_.looks_at("{")) return named();
    if (scan_.accept("dims")) return dims();
    if (scan_.accept("literal")) return literal();
    if (scan_.accept("none")) return {};
    if (scan_.looks_at("inf") || scan_.looks_at("-inf") || scan_.looks_at("nan"))
      return scan_.real();
    if (!scan_.at_number()) return dtype();
    return scan_.number_is_integer() ? Attribute(scan_.integer()) : Attribute(scan_.real());
  }

  NamedAttributes named() {
    if (++depth_ > kMaxDepth) scan_.fail("attributes are nested too deeply");
    NamedAttributes out;
    scan_.expect("{");
    if (!scan_.accept("}")) {
      do {
        std::string key = scan_.identifier("an attribute's name");
        scan_.expect("=");
        out.emplace_back(std::move(key), free_attribute());
      } while (scan_.accept(","));
      scan_.expect("}");
    }
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 1; i < out.size(); ++i)
      if (out[i].first == out[i - 1].first)
        scan_.fail(fmt::format("the attribute {} is given twice", out[i].first));
    --depth_;
    return out;
  }

  std::vector<Attribute> column_attributes(const OpInfo& row) {
    std::vector<Attribute> out(row.attributes.size());
    std::vector<bool> given(row.attributes.size());
    if (scan_.accept("{")) {
      do {
        const std::string key = scan_.identifier("an attribute's name");
        std::size_t i = 0;
        std::vector<std::string_view> known;
        for (const AttributeColumn& column : row.attributes) known.push_back(column.name);
        while (i < known.size() && known[i] != key) ++i;
        if (i == known.size())
          scan_.fail(
              fmt::format("{} has no attribute {}{}", row.name, key, suggestion(key, known)));
        if (given[i]) scan_.fail(fmt::format("the attribute {} is given twice", key));
        scan_.expect("=");
        out[i] = attribute(row.attributes[i].kind);
        given[i] = true;
      } while (scan_.accept(","));
      scan_.expect("}");
    }
    for (std::size_t i = 0; i < given.size(); ++i)
      if (!given[i])
        scan_.fail(fmt::format("{} needs the attribute {}", row.name, row.attributes[i].name));
    return out;
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

  Scanner scan_;
  const ParseOptions& options_;
  std::vector<std::unordered_map<std::string, Value>> scopes_;
  int depth_ = 0;
  std::size_t op_begin_ = 0;
};

}  // namespace

Module parse(std::string_view text, const ParseOptions& options) {
  return Parser(text, options).module();
}

}  // namespace croton::ir
