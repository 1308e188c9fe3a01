// Matching a pattern against a graph and building its right side.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "passes/rule.hpp"

namespace croton::passes {
namespace {

using ir::Op;
using ir::Value;

struct Bindings {
  std::array<Value, patterns::kVariables> values{};
  std::array<std::vector<Value>, patterns::kVariables> lists{};  // of variables below `each`
  std::array<std::vector<ir::Attribute>, 2> attributes{};
  std::array<bool, 2> bound{};
};

bool is_number(const Value& v, double wanted) {
  const auto literal = ir::splat_value(v);
  if (!literal || literal->dtype() == DType::boolean)
    return literal && literal->as_double() == wanted && !std::signbit(wanted);
  const double found = literal->as_double();
  // An integer 0 is both zeros; of floating ones each is itself.
  return found == wanted &&
         (wanted != 0 || !is_real(v.dtype()) || std::signbit(found) == std::signbit(wanted));
}

class Matcher {
 public:
  Matcher(const Pattern& pattern, const RuleContext& context)
      : pattern_(pattern), context_(context) {}

  std::optional<Bindings> match(const Value& root) {
    Bindings bindings;
    if (!match(pattern_.count - 1, root, bindings)) return std::nullopt;
    return bindings;
  }

 private:
  bool match(int at, const Value& v, Bindings& b) const {
    const Cell& cell = cell_at(at);
    if (cell.single_use && !context_.single_use(v)) return false;
    switch (cell.kind) {
      case CellKind::value:
        return bind(cell, v, b);
      case CellKind::constant:
        return ir::splat_value(v).has_value() && bind(cell, v, b);
      case CellKind::number:
        return is_number(v, cell.number);
      case CellKind::op:
        if (v.op() != cell.op || !bind_attributes(cell, v.node->attributes, b)) return false;
        break;
      case CellKind::each:
        return false;  // below a variadic op only
      case CellKind::composition:
        if (v.op() != Op::call || v.node->attribute<std::string>("name") != cell.name ||
            !bind_attributes(cell, {v.node->find_attribute("attributes")}, b))
          return false;
        break;
    }
    if (cell.operands[0] >= 0 && cell_at(cell.operands[0]).kind == CellKind::each)
      return match_each(cell_at(cell.operands[0]).operands[0], v, b);
    const Bindings before = b;
    if (match_operands(cell, v, b, false)) return true;
    if (!ir::has_trait(v.op(), ir::traits::commutative)) return false;
    b = before;
    return match_operands(cell, v, b, true);
  }

  [[nodiscard]] const Cell& cell_at(int at) const {
    return pattern_.cells[static_cast<std::size_t>(at)];
  }

  // Variables of the operands' pattern stand for one value per operand; attributes are common.
  bool match_each(int at, const Value& v, Bindings& b) const {
    for (const Value& operand : v.node->operands) {
      Bindings own;
      own.attributes = b.attributes;
      own.bound = b.bound;
      if (!match(at, operand, own)) return false;
      for (std::size_t i = 0; i < own.values.size(); ++i)
        if (own.values[i]) b.lists[i].push_back(own.values[i]);
      b.attributes = std::move(own.attributes);
      b.bound = own.bound;
    }
    return true;
  }

  bool match_operands(const Cell& cell, const Value& v, Bindings& b, bool swapped) const {
    for (std::size_t i = 0; i < v.node->operands.size(); ++i)
      if (!match(cell.operands[swapped ? 1 - i : i], v.node->operands[i], b)) return false;
    return true;
  }

  static bool bind(const Cell& cell, const Value& v, Bindings& b) {
    Value& slot = b.values[static_cast<std::size_t>(cell.variable)];
    if (slot) return slot == v;
    slot = v;
    return true;
  }

  static bool bind_attributes(const Cell& cell, const std::vector<ir::Attribute>& found,
                              Bindings& b) {
    if (cell.attributes == Attributes::none) return true;
    const auto i = static_cast<std::size_t>(cell.attributes);
    if (b.bound[i]) return b.attributes[i] == found;
    b.bound[i] = true;
    b.attributes[i] = found;
    return true;
  }

  const Pattern& pattern_;
  const RuleContext& context_;
};

class Builder {
 public:
  Builder(const Pattern& pattern, const Bindings& bindings)
      : pattern_(pattern), bindings_(bindings) {}

  // A bare number has the type it replaces.
  Value build(const ir::Type& type) {
    const Cell& root = pattern_.root();
    if (root.kind == CellKind::number)
      return ir::splat(operand(pattern_.count - 1).as(type.dtype), type.shape);
    return operand(pattern_.count - 1).value();
  }

 private:
  ir::Operand operand(int at) {
    const Cell& cell = pattern_.cells[static_cast<std::size_t>(at)];
    if (cell.kind == CellKind::value || cell.kind == CellKind::constant)
      return bindings_.values[static_cast<std::size_t>(cell.variable)];
    if (cell.kind == CellKind::number) {
      const bool whole = std::trunc(cell.number) == cell.number &&
                         !(cell.number == 0 && std::signbit(cell.number));
      return whole ? ir::Operand(static_cast<std::int64_t>(cell.number)) : ir::Operand(cell.number);
    }
    std::vector<ir::Operand> operands;
    for (const std::int8_t below : cell.operands)
      if (below >= 0) append(below, operands);
    if (cell.kind == CellKind::composition) {
      std::vector<Value> values;
      for (const ir::Operand& o : operands) values.push_back(o.value());
      const ir::NamedAttributes attributes =
          cell.attributes == Attributes::none ? ir::NamedAttributes{} : named(cell);
      return ir::call(cell.name, values, attributes);
    }
    if (cell.attributes == Attributes::none)
      return ir::apply(cell.op, std::span<const ir::Operand>(operands));
    std::vector<Value> values;
    for (const ir::Operand& operand : operands) values.push_back(operand.value());
    return ir::make(cell.op, std::move(values),
                    bindings_.attributes[static_cast<std::size_t>(cell.attributes)]);
  }

  // The operand that a cell stands for; `each` stands for as many as were matched.
  void append(int at, std::vector<ir::Operand>& operands) {
    const Cell& cell = pattern_.cells[static_cast<std::size_t>(at)];
    if (cell.kind != CellKind::each) {
      operands.push_back(operand(at));
      return;
    }
    std::size_t count = 0;
    for (const auto& list : bindings_.lists) count = std::max(count, list.size());
    for (std::size_t k = 0; k < count; ++k) {
      Bindings one = bindings_;
      for (std::size_t i = 0; i < one.lists.size(); ++i)
        if (k < one.lists[i].size()) one.values[i] = one.lists[i][k];
      operands.push_back(Builder(pattern_, one).operand(cell.operands[0]));
    }
  }

  // Attributes bound by a call go on to a call; those of a reduction become named ones.
  ir::NamedAttributes named(const Cell& cell) {
    const auto& bound = bindings_.attributes[static_cast<std::size_t>(cell.attributes)];
    if (const auto* same = std::get_if<ir::NamedAttributes>(&bound.at(0).value)) return *same;
    return {{"axes", bound.at(0)}};
  }

  const Pattern& pattern_;
  const Bindings& bindings_;
};

bool on(On wanted, DType dtype) {
  switch (wanted) {
    case On::any:
      return true;
    case On::numbers:
      return dtype != DType::boolean;
    case On::integers:
      return is_integer(dtype);
    case On::reals:
      return is_real(dtype);
    case On::booleans:
      return dtype == DType::boolean;
  }
  return false;
}

DType dtype_of_root(const Value& root) {
  const auto& operands = root.node->operands;
  return operands.empty() ? root.dtype() : operands[root.op() == Op::where ? 1 : 0].dtype();
}

std::string plain_text(const Pattern& pattern, int at);

std::string cell_text(const Pattern& pattern, int at) {
  const std::string text = plain_text(pattern, at);
  const bool guarded = pattern.cells[static_cast<std::size_t>(at)].single_use;
  return guarded ? "single_use(" + text + ")" : text;
}

std::string plain_text(const Pattern& pattern, int at) {
  const Cell& cell = pattern.cells[static_cast<std::size_t>(at)];
  constexpr std::string_view variables = "xyzcd";
  if (cell.kind == CellKind::value || cell.kind == CellKind::constant)
    return std::string(1, variables[static_cast<std::size_t>(cell.variable)]);
  if (cell.kind == CellKind::number) return fmt::format("{}", cell.number);
  std::vector<std::string> operands;
  for (const std::int8_t below : cell.operands)
    if (below >= 0) operands.push_back(cell_text(pattern, below));
  const std::string_view infix = cell.kind == CellKind::op ? ir::info(cell.op).infix : "";
  const auto wrapped = [](const std::string& text) {
    return text.find(' ') == std::string::npos || text.back() == ')' ? text : "(" + text + ")";
  };
  if (!infix.empty() && operands.size() == 2)
    return fmt::format("{} {} {}", wrapped(operands[0]), infix, wrapped(operands[1]));
  if (!infix.empty() && operands.size() == 1)
    return fmt::format("{}{}", infix, wrapped(operands[0]));
  std::string text(cell.kind == CellKind::op     ? ir::info(cell.op).name
                   : cell.kind == CellKind::each ? "each"
                                                 : cell.name);
  text += "(" + fmt::format("{}", fmt::join(operands, ", "));
  if (cell.attributes != Attributes::none) text += cell.attributes == Attributes::a ? ", A" : ", B";
  return text + ")";
}

}  // namespace

std::string text(const Pattern& pattern) {
  return pattern.count == 0 ? "" : cell_text(pattern, pattern.count - 1);
}

std::string effects_text(std::uint32_t effects) {
  constexpr std::string_view names[] = {"rounding", "zero_sign", "nans", "overflow", "domain"};
  std::string out;
  for (std::size_t i = 0; i < std::size(names); ++i)
    if ((effects >> i & 1) != 0) out += (out.empty() ? "" : ", ") + std::string(names[i]);
  return out.empty() ? "nothing" : out;
}

std::string Rule::text() const {
  if (code != nullptr) return std::string(algebra);
  std::string out = passes::text(from) + " → " + passes::text(to);
  constexpr std::string_view dtypes[] = {"", "numbers", "integers", "reals", "bool"};
  if (on != On::any) out += fmt::format("  on {}", dtypes[static_cast<std::size_t>(on)]);
  if (when.fact != Fact::none)
    out += fmt::format("  when {}({})", passes::name(when.fact),
                       std::string_view("xyz").substr(static_cast<std::size_t>(when.variable), 1));
  return out;
}

bool Rule::may_start_at(Op op) const {
  if (code != nullptr) return !root || *root == op;
  const Cell& cell = from.root();
  return cell.kind == CellKind::composition ? op == Op::call : cell.op == op;
}

Value Rule::apply(const Value& v, const RuleContext& context) const {
  if (!passes::on(on, dtype_of_root(v))) return {};
  if (code != nullptr) return code(v, context);
  const std::optional<Bindings> bindings = Matcher(from, context).match(v);
  if (!bindings) return {};
  if (when.fact != Fact::none &&
      !holds(when.fact, bindings->values[static_cast<std::size_t>(when.variable)]))
    return {};
  return Builder(to, *bindings).build(v.type());
}

Value instantiate(const Rule& r, DType dtype, const Shape& shape, const Leaf& leaf) {
  if (r.code != nullptr || shape.empty()) return {};
  const std::span<const Cell> cells(r.from.cells.data(), static_cast<std::size_t>(r.from.count));
  const auto any = [&](const auto& has) { return std::any_of(cells.begin(), cells.end(), has); };
  const bool lists = any([](const Cell& cell) { return cell.kind == CellKind::each; });
  Bindings bindings;
  // Variables in the order in which the pattern names them; conditions are bool.
  for (const Cell& cell : cells)
    for (std::size_t i = 0; i < cell.operands.size() && cell.operands[i] >= 0; ++i) {
      const Cell& below = cells[static_cast<std::size_t>(cell.operands[i])];
      if (below.kind != CellKind::value && below.kind != CellKind::constant) continue;
      const auto variable = static_cast<std::size_t>(below.variable);
      if (bindings.values[variable]) continue;
      const bool condition = cell.kind == CellKind::op && cell.op == Op::where && i == 0;
      const Fact fact = r.when.variable == below.variable ? r.when.fact : Fact::none;
      const ir::Type type = ir::tensor(condition ? DType::boolean : dtype, shape);
      if (fact != Fact::none && !is_real(type.dtype)) return {};
      bindings.values[variable] = leaf(below.kind, type, fact);
      for (int k = 0; lists && k < 3; ++k)
        bindings.lists[variable].push_back(leaf(below.kind, type, fact));
    }
  const auto last = static_cast<std::int64_t>(shape.size()) - 1;
  if (any([](const Cell& cell) { return cell.op == Op::concatenate; }))
    bindings.attributes[0] = {last};
  else if (any([](const Cell& cell) { return cell.kind == CellKind::composition; }))
    bindings.attributes[0] = {ir::NamedAttributes{{"axis", last}}};
  else
    bindings.attributes[0] = {ir::Integers{last}};
  bindings.attributes[1] = bindings.attributes[0];
  try {
    const Value built = Builder(r.from, bindings).build(ir::tensor(dtype, shape));
    // Operands that promotion converted are another graph than the pattern's.
    std::vector<Value> leaves;
    for (const Value& v : bindings.values)
      if (v) leaves.push_back(v);
    for (const auto& list : bindings.lists) leaves.insert(leaves.end(), list.begin(), list.end());
    const auto is_bound = [&](const Value& v) {
      return std::find(leaves.begin(), leaves.end(), v) != leaves.end();
    };
    std::vector<Value> open{built};
    while (!open.empty()) {
      const Value v = open.back();
      open.pop_back();
      if (is_bound(v)) continue;
      if (v.op() == Op::cast) return {};
      open.insert(open.end(), v.node->operands.begin(), v.node->operands.end());
    }
    return passes::on(r.on, dtype_of_root(built)) ? built : Value{};
  } catch (const UserError&) {
    return {};
  }
}

Value instantiate(const Rule& r, DType dtype) {
  int made = 0;
  return instantiate(r, dtype, {"n", 5}, [&](CellKind kind, const ir::Type& type, Fact fact) {
    const int number = made++;
    if (kind == CellKind::constant)
      return ir::splat(
          ir::Literal::scalar_of(type.dtype, is_real(type.dtype) ? 4.5 + number : 5.0 + number),
          type.shape);
    const Value v = ir::input(fmt::format("x{}", number), type);
    switch (fact) {
      case Fact::positive:
        return ir::abs(v) + std::int64_t{1};
      case Fact::non_negative:
        return ir::abs(v);
      case Fact::none:
        break;
    }
    return v;
  });
}

}  // namespace croton::passes
