#include "frontend/croton/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "frontend/build.hpp"
#include "frontend/croton/grad.hpp"
#include "runtime/shared_state.hpp"

namespace croton {
namespace {

double at(const Array& array, std::int64_t i) {
  return with_type(array.dtype(),
                   [&](auto zero) { return static_cast<double>(array.data<decltype(zero)>()[i]); });
}

void put(Array& array, std::int64_t i, double value) {
  if (array.dtype() == DType::f32)
    array.data<float>()[i] = static_cast<float>(value);
  else
    array.data<double>()[i] = value;
}

std::vector<Expr> inputs_of(const Expr& cost) {
  std::vector<Expr> found;
  const std::vector<ir::Value> roots{detail::value_of(cost)};
  for (const ir::NodePtr& node : ir::topological_order(roots))
    if (node->op == ir::Op::input)
      found.push_back(detail::expr_of({node, 0}, {}, node->attribute<std::string>("name")));
  return found;
}

Array point(const Expr& leaf, std::uint64_t seed) {
  std::vector<std::int64_t> shape;
  for (const Dim& dim : leaf.shape()) {
    if (!dim.is_constant())
      throw UserError(
          fmt::format("verify_grad: {} has the unknown dim {}", leaf.text(), dim.text()));
    shape.push_back(*dim.constant());
  }
  if (is_real(leaf.dtype())) return Array::normal(leaf.dtype(), shape, seed);
  return Array::zeros(leaf.dtype(), shape);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const GradCheck& check) {
  return out << (check.ok ? "gradient agrees" : "gradient differs")
             << " with central differences: " << check.worst << " at " << check.where;
}

GradCheck verify_grad(const Expr& cost, const Exprs& wrt, std::uint64_t seed, double tolerance,
                      Location where) {
  // Shared variables stand in as inputs, so that moving them touches no state.
  std::vector<Expr> leaves = inputs_of(cost), variables;
  std::vector<Array> values;
  for (const Expr& leaf : leaves) values.push_back(point(leaf, seed + values.size()));
  Expr target = cost;
  for (const Expr& variable : wrt.list()) {
    if (detail::value_of(variable).op() != ir::Op::shared) {
      variables.push_back(variable);
      continue;
    }
    const Expr leaf = input(variable.label(), variable.dtype(), variable.shape(), where);
    target = replace(target, {{variable, leaf}}, where);
    leaves.push_back(leaf);
    variables.push_back(leaf);
    values.push_back(runtime::state_of(detail::value_of(variable))->value.copy());
  }
  const std::vector<Expr> gradients = grad(target, variables, {}, where);
  std::vector<Expr> outputs{target};
  outputs.insert(outputs.end(), gradients.begin(), gradients.end());
  const Function f = compile(leaves, outputs, {.allow_unused = true, .name = "verify_grad"}, where);
  const auto evaluate = [&] {
    return f.call(std::vector<ArrayView>(values.begin(), values.end()));
  };
  const Results symbolic = evaluate();
  GradCheck check;
  double epsilon = 0x1p-52;
  for (const Expr& v : variables)
    if (v.dtype() == DType::f32) epsilon = 0x1p-23;
  for (std::size_t k = 0; k < variables.size(); ++k) {
    const auto leaf = std::find_if(leaves.begin(), leaves.end(),
                                   [&](const Expr& e) { return same(e, variables[k]); });
    if (leaf == leaves.end()) continue;
    Array& moved = values[static_cast<std::size_t>(leaf - leaves.begin())];
    for (std::int64_t i = 0; i < moved.count(); ++i) {
      // Fourth-order central differences: truncation and rounding meet at epsilon^(4/5).
      const double x = at(moved, i), step = std::pow(epsilon, 0.2) * std::max(1.0, std::abs(x));
      const auto difference = [&](double h) {
        put(moved, i, x + h);
        const double above = at(evaluate()[0], 0), high = at(moved, i);
        put(moved, i, x - h);
        const double below = at(evaluate()[0], 0), low = at(moved, i);
        return (above - below) / (high - low);
      };
      const double numeric = (4 * difference(step) - difference(2 * step)) / 3;
      put(moved, i, x);
      const double error = std::abs(at(symbolic[k + 1], i) - numeric) / (1 + std::abs(numeric));
      if (!(error <= check.worst)) {
        check.worst = error;
        check.where = fmt::format("{}[{}]", variables[k].label(), i);
      }
    }
  }
  if (tolerance == 0) tolerance = 8 * std::cbrt(epsilon * epsilon) * (epsilon > 1e-10 ? 16 : 1);
  check.ok = check.worst <= tolerance;
  return check;
}

}  // namespace croton
