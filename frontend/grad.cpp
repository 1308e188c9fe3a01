#include "frontend/croton/grad.hpp"

#include <fmt/format.h>

#include "frontend/build.hpp"
#include "ir/gradient.hpp"
#include "passes/stabilize.hpp"

namespace croton {
namespace {

ir::GradientOptions internal(const GradOptions& options) {
  return {.consider_constant = detail::values_of(options.consider_constant),
          .disconnected = static_cast<ir::Disconnected>(options.disconnected_inputs)};
}

std::vector<Expr> handles(const std::vector<ir::Value>& values, const Location& where) {
  std::vector<Expr> out;
  for (const ir::Value& v : values) {
    v.node->add_site(site_of(where));
    out.push_back(detail::expr_of(v, site_of(where)));
  }
  return out;
}

// A UserError without context gets the cost, the variables and the caller's line.
template <class Body>
auto located(std::string_view function, std::span<const Expr> shown, const Location& where,
             Body body) {
  try {
    return body();
  } catch (const UserError& error) {
    std::vector<ErrorNote> notes = error.notes();
    for (const Expr& expr : shown) notes.push_back({expr.text(), expr.site()});
    notes.push_back({fmt::format("in  {}", function), site_of(where)});
    throw UserError(error.message(), std::move(notes));
  }
}

}  // namespace

std::vector<Expr> grad(const Expr& cost, std::span<const Expr> wrt, const GradOptions& options,
                       Location where) {
  std::vector<Expr> shown{cost};
  shown.insert(shown.end(), wrt.begin(), wrt.end());
  return located("grad", shown, where, [&] {
    const std::vector<ir::Value> variables = detail::values_of({wrt.begin(), wrt.end()});
    const ir::GradientOptions inner = internal(options);
    std::vector<ir::Value> leaves = variables;
    leaves.insert(leaves.end(), inner.consider_constant.begin(), inner.consider_constant.end());
    const ir::Value stable = passes::stabilized(detail::value_of(cost), leaves);
    return handles(ir::gradient(stable, variables, inner), where);
  });
}

std::vector<Expr> grad(const Expr& cost, std::initializer_list<Expr> wrt,
                       const GradOptions& options, Location where) {
  return grad(cost, std::span<const Expr>(wrt.begin(), wrt.size()), options, where);
}

Expr grad(const Expr& cost, const Expr& wrt, const GradOptions& options, Location where) {
  return grad(cost, std::span<const Expr>(&wrt, 1), options, where)[0];
}

std::vector<Expr> jvp(const Exprs& outputs, const Exprs& wrt, const Exprs& tangents,
                      Location where) {
  return located("jvp", outputs.list(), where, [&] {
    if (wrt.size() != tangents.size())
      throw UserError(
          fmt::format("jvp: {} variables and {} tangents", wrt.size(), tangents.size()));
    const auto variables = detail::values_of(wrt.list()),
               given = detail::values_of(tangents.list());
    for (std::size_t i = 0; i < variables.size(); ++i)
      if (!(variables[i].type() == given[i].type()))
        throw UserError(fmt::format("jvp: a tangent of type {} for a variable of type {}",
                                    ir::text(given[i].type()), ir::text(variables[i].type())));
    return handles(ir::pushforward(detail::values_of(outputs.list()), variables, given), where);
  });
}

Expr replace(const Expr& expr, std::initializer_list<std::pair<Expr, Expr>> pairs, Location where) {
  const std::vector<Expr> shown{expr};
  return located("replace", shown, where, [&] {
    std::vector<std::pair<ir::Value, ir::Value>> replacements;
    for (const auto& [from, to] : pairs) {
      if (!(detail::value_of(from).type() == detail::value_of(to).type()))
        throw UserError(fmt::format("replace: {} cannot stand for {}", to.text(), from.text()));
      replacements.emplace_back(detail::value_of(from), detail::value_of(to));
    }
    const std::vector<ir::Value> roots{detail::value_of(expr)};
    return handles(ir::substitute(roots, replacements), where)[0];
  });
}

}  // namespace croton
