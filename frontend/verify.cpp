#include "frontend/croton/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>

#include "frontend/build.hpp"
#include "frontend/croton/grad.hpp"
#include "runtime/shared_state.hpp"

namespace croton {
namespace {

constexpr double kMostRounding = 1e-3;  // of a difference quotient that is still believed

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
          fmt::format("verify_grad: {} has the unknown dim {}; give its inputs known extents",
                      leaf.text(), dim.text()),
          {{leaf.text(), detail::value_of(leaf).node->provenance().first_site()}});
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
  std::vector<Expr> outputs{target}, directions;
  outputs.insert(outputs.end(), gradients.begin(), gradients.end());
  for (std::size_t k = 0; k < variables.size(); ++k) {
    const Expr& v = variables[k];
    directions.push_back(input(fmt::format("direction {}", k), v.dtype(), v.shape(), where));
    leaves.push_back(directions.back());
    values.push_back(point(leaves.back(), seed + values.size()));
  }
  outputs.push_back(jvp({target}, variables, directions, where)[0]);
  const Function f = compile(leaves, outputs, {.allow_unused = true, .name = "verify_grad"}, where);
  const auto evaluate = [&] {
    return f.call(std::vector<ArrayView>(values.begin(), values.end()));
  };
  const Results symbolic = evaluate();
  GradCheck check;
  double epsilon = 0x1p-52;
  for (const Expr& v : variables)
    if (v.dtype() == DType::f32) epsilon = 0x1p-23;
  if (tolerance == 0) tolerance = 8 * std::cbrt(epsilon * epsilon) * (epsilon > 1e-10 ? 16 : 1);
  // A NaN is the worst of all, whatever comes after it.
  const auto meet = [&](double error, double scale, const std::string& place) {
    const double relative = error / (1 + scale);
    if (std::isnan(check.worst) || relative <= check.worst) return;
    check.worst = relative;
    check.where = place;
  };
  for (std::size_t k = 0; k < variables.size(); ++k) {
    const auto leaf = std::find_if(leaves.begin(), leaves.end(),
                                   [&](const Expr& e) { return same(e, variables[k]); });
    if (leaf == leaves.end()) continue;
    Array& moved = values[static_cast<std::size_t>(leaf - leaves.begin())];
    for (std::int64_t i = 0; i < moved.count(); ++i) {
      const double x = at(moved, i), wanted = at(symbolic[k + 1], i);
      double least = std::numeric_limits<double>::infinity(), scale = 0;
      // Fourth-order central differences: truncation and rounding meet at epsilon^(4/5). Smaller
      // steps where these do not agree: the cost may have an edge nearby.
      double step = std::pow(epsilon, 0.2) * std::max(1.0, std::abs(x));
      for (int attempt = 0; attempt < 5; ++attempt, step /= 8) {
        double largest = 0;
        const auto difference = [&](double h) {
          put(moved, i, x + h);
          const double above = at(evaluate()[0], 0), high = at(moved, i);
          put(moved, i, x - h);
          const double below = at(evaluate()[0], 0), low = at(moved, i);
          largest = std::max({largest, std::abs(above), std::abs(below)});
          return (above - below) / (high - low);
        };
        const double numeric = (4 * difference(step) - difference(2 * step)) / 3;
        // What rounding the cost makes of the quotient says nothing of the gradient.
        const double rounding = 2 * epsilon * largest / step;
        const double beyond = std::abs(wanted - numeric) - rounding;
        const double error = beyond < 0 ? 0 : beyond;  // NaN stays NaN
        const double most = std::max(kMostRounding, 8 * tolerance) * (1 + std::abs(numeric));
        if (attempt > 0 && !(rounding <= most)) break;
        if (!(error / (1 + std::abs(numeric)) >= least / (1 + scale)))
          least = error, scale = std::abs(numeric);
        if (error <= tolerance * (1 + std::abs(numeric))) break;
      }
      put(moved, i, x);
      meet(least, scale, fmt::format("{}[{}]", variables[k].label(), i));
    }
  }
  // Forward mode, along a random direction, against the gradient's product with it.
  double along = 0, magnitude = 0;
  for (std::size_t k = 0; k < variables.size(); ++k) {
    const Array& direction = values[values.size() - variables.size() + k];
    for (std::int64_t i = 0; i < direction.count(); ++i) {
      const double product = at(symbolic[k + 1], i) * at(direction, i);
      along += product, magnitude += std::abs(product);
    }
  }
  meet(std::abs(at(symbolic[variables.size() + 1], 0) - along), magnitude, "jvp");
  check.ok = check.worst <= tolerance;
  return check;
}

}  // namespace croton
