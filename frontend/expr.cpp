#include "frontend/croton/expr.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/build.hpp"
#include "ir/functions.hpp"

namespace croton {

DType Expr::dtype() const { return detail::value_of(*this).dtype(); }
int Expr::rank() const { return detail::value_of(*this).rank(); }
const Shape& Expr::shape() const {
  return detail::value_of(*this).node->types[static_cast<std::size_t>(result_)].shape;
}

Dim Expr::dim(int axis) const {
  return shape()[static_cast<std::size_t>(detail::resolve(axis, rank()))];
}

Expr Expr::named(std::string label) const {
  detail::value_of(*this).node->add_label(label);
  return {node_, result_, site_, std::move(label)};
}

std::string Expr::text() const {
  return (label_.empty() ? "" : label_ + " : ") + ir::text(detail::value_of(*this).type());
}

Expr Expr::transposed() const { return transpose(*this); }

Expr Expr::operator[](const Index& index) const {
  const Index list[] = {index};
  return detail::built("indexing", {Operand(*this, index.where)},
                       [&] { return detail::index(detail::value_of(*this), list); });
}

Expr Expr::operator[](std::initializer_list<Index> indices) const {
  const Location where = indices.size() > 0 ? indices.begin()->where : Location::current();
  return detail::built("indexing", {Operand(*this, where)}, [&] {
    return detail::index(detail::value_of(*this), {indices.begin(), indices.size()});
  });
}

bool same(const Expr& a, const Expr& b) { return detail::value_of(a) == detail::value_of(b); }

Expr input(std::string name, DType dtype, Shape shape, Location where) {
  if (!is_supported(dtype))
    throw UserError(
        fmt::format("input {}: operations on {} are not supported", name, croton::name(dtype)));
  for (const Dim& dim : shape)
    if (dim.is_constant() && *dim.constant() < 0)
      throw UserError(fmt::format("input {}: negative extent {}", name, dim.text()));
  Expr made =
      detail::expr_of(ir::input(name, ir::tensor(dtype, std::move(shape))), site_of(where), name);
  made.node()->add_label(name);
  made.node()->add_site(made.site());
  return made;
}

Expr constant(double value, DType dtype, Location where) {
  return detail::built("constant", std::vector<Expr>{}, where,
                       [&] { return ir::full(dtype, {}, value); });
}

namespace detail {
namespace {

// How an operand is called inside "in  matmul(x, W)".
std::string spelling(const Operand& operand) {
  switch (operand.kind()) {
    case Operand::Kind::expr:
      return operand.expr()->label().empty() ? "…" : operand.expr()->label();
    case Operand::Kind::boolean:
      return operand.is_true() ? "true" : "false";
    case Operand::Kind::integer:
      return operand.is_unsigned() ? std::to_string(static_cast<std::uint64_t>(operand.integer()))
                                   : std::to_string(operand.integer());
    case Operand::Kind::real:
      return fmt::format("{}", operand.real());
  }
  return "";
}

UserError completed(const UserError& error, std::string_view function,
                    std::span<const Operand> operands, const Site& site) {
  if (!error.notes().empty()) return error;
  std::vector<ErrorNote> notes;
  std::string call;
  for (const Operand& operand : operands) {
    call += (call.empty() ? "" : ", ") + spelling(operand);
    if (operand.kind() != Operand::Kind::expr) continue;
    notes.push_back(
        {fmt::format("{} : {}", spelling(operand), ir::text(value_of(*operand.expr()).type())),
         operand.expr()->site()});
  }
  notes.push_back({fmt::format("in  {}({})", function, call), site});
  const std::string prefix = std::string(function) + ":";
  const bool prefixed = error.message().starts_with(prefix);
  return UserError(prefixed ? error.message() : prefix + " " + error.message(), std::move(notes));
}

}  // namespace

ir::Value value_of(const Expr& expr) {
  if (!expr.node()) throw UserError("an expression is used that was moved from");
  return {expr.node(), expr.result()};
}

std::vector<ir::Value> values_of(const std::vector<Expr>& exprs) {
  std::vector<ir::Value> values;
  for (const Expr& expr : exprs) values.push_back(value_of(expr));
  return values;
}

ir::Operand weak(const Operand& operand) {
  switch (operand.kind()) {
    case Operand::Kind::expr:
      return ir::Operand(value_of(*operand.expr()));
    case Operand::Kind::boolean:
      return ir::Operand(operand.is_true());
    case Operand::Kind::integer:
      return operand.is_unsigned() ? ir::Operand(static_cast<std::uint64_t>(operand.integer()))
                                   : ir::Operand(operand.integer());
    case Operand::Kind::real:
      return ir::Operand(operand.real());
  }
  return ir::Operand(0.0);
}

ir::Value value_of(const Operand& operand) {
  if (operand.kind() == Operand::Kind::expr) return value_of(*operand.expr());
  const ir::Operand literal = weak(operand);
  return ir::constant(literal.as(literal.own_dtype()));
}

Expr expr_of(const ir::Value& value, const Site& site, std::string label) {
  return {value.node, value.index, site, std::move(label)};
}

Expr built(std::string_view function, std::span<const Operand> operands, const Location& where,
           const std::function<ir::Value()>& build) {
  const Site site = site_of(where);
  try {
    const ir::Value value = build();
    value.node->add_site(site);
    // What the call made besides belongs to its line too.
    std::vector<ir::NodePtr> made{value.node};
    while (!made.empty()) {
      const ir::NodePtr node = made.back();
      made.pop_back();
      for (const ir::Value& operand : node->operands) {
        if (!operand.node->provenance().sites.empty()) continue;
        operand.node->add_site(site);
        made.push_back(operand.node);
      }
    }
    return expr_of(value, site);
  } catch (const UserError& error) {
    throw completed(error, function, operands, site);
  }
}

Expr built(std::string_view function, std::initializer_list<Operand> operands,
           const std::function<ir::Value()>& build) {
  const std::span<const Operand> list(operands.begin(), operands.size());
  return built(function, list, list.empty() ? Location::current() : list[0].where(), build);
}

Expr built(std::string_view function, const std::vector<Expr>& operands, const Location& where,
           const std::function<ir::Value()>& build) {
  std::vector<Operand> list;
  for (const Expr& operand : operands) list.emplace_back(operand, where);
  return built(function, list, where, build);
}

std::int64_t resolve(std::int64_t axis, int rank) { return ir::resolve_axis(axis, rank); }
ir::Integers resolve(const Axes& axes, int rank) {
  if (!axes.list) return ir::every_axis(rank);
  return ir::resolve_axes({axes.list->begin(), axes.list->end()}, rank);
}

}  // namespace detail
}  // namespace croton
