// Gradients of every differentiable op and composition, from the table: reverse and forward mode
// against central differences taken in the reference evaluator (64 bits of mantissa), and the
// gradient of the gradient likewise.
#include "ir/gradient.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <set>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "ir/evaluate.hpp"
#include "tests/property/random_graph.hpp"

using namespace croton;
using namespace croton::ir;
using croton::test::Random;

namespace {

struct Case {
  std::string name;
  std::vector<Value> wrt;
  Value y;
  Samples samples = Samples::reals;
  bool second = true;
  std::vector<std::int64_t> zeros = {};  // elements of the first variable that are 0
};

double sample(Random& random, Samples samples) {
  const double u = random.unit(), side = random.chance(0.5) ? 1 : -1;
  switch (samples) {
    case Samples::positive:
    case Samples::non_negative:
      return 0.3 + 2 * u;
    case Samples::unit:
      return 1.6 * u - 0.8;
    case Samples::above_minus_one:
      return 2 * u - 0.7;
    case Samples::nonzero:
      return side * (0.4 + 2 * u);
    case Samples::small:
      return 2 * u - 1;
    case Samples::away_from_ties:
      return std::floor(6 * u) - 3 + 0.2 + 0.5 * random.unit();
    case Samples::reals:
      break;
  }
  return 3 * u - 1.5;
}

Value matrix(const char* name) { return input(name, tensor(DType::f64, {3, 4})); }
Value places(std::vector<std::int64_t> numbers) {
  std::vector<std::byte> bytes(numbers.size() * sizeof(std::int64_t));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return constant(
      Literal(DType::i64, {static_cast<std::int64_t>(numbers.size())}, std::move(bytes)));
}

// One sample graph for an op that is no elementwise function.
std::optional<Case> structured_case(Op op) {
  const Value x = matrix("x"), u = matrix("u");
  const std::string name(info(op).name);
  switch (op) {
    case Op::cast:
      return Case{name, {x}, cast(cast(x, DType::f32), DType::f64), Samples::reals, false};
    case Op::reshape:
      return Case{name, {x}, reshape(x, {2, 6})};
    case Op::transpose:
      return Case{name, {x}, transpose(x, {1, 0})};
    case Op::broadcast:
      return Case{name, {x}, broadcast(x, {2, 3, 4}, {1, 2})};
    case Op::slice:
      return Case{name, {x}, slice_of(x, {2, 1}, {2, 2}, {-2, 2})};
    case Op::concatenate:
      return Case{name, {x, u}, concatenate({x, u, x}, 1)};
    case Op::set_slice:
    case Op::add_slice: {
      const Value part = input("p", tensor(DType::f64, {2, 2}));
      return Case{name, {x, part}, make(op, {x, part}, {Shape{0, 1}, Integers{2, 2}})};
    }
    case Op::gather:
      return Case{
          name, {x}, gather(x, 0, std::vector<Value>{places({2, 0, 2, -1}), places({1, 3, 0, 1})})};
    case Op::scatter_set:
    case Op::scatter_add: {
      const Value update = input("p", tensor(DType::f64, {2, 4}));
      return Case{name, {x, update}, scatter(op, x, update, 0, std::vector<Value>{places({2, 0})})};
    }
    case Op::sum:
    case Op::prod:
      return Case{name, {x}, make(op, {x}, {Integers{1}})};
    case Op::max:
    case Op::min:
    case Op::supremum:
      return Case{name, {x}, make(op, {x}, {Integers{0}}), Samples::away_from_ties};
    case Op::cumsum:
      return Case{name, {x}, cumsum(x, 1, true)};
    case Op::contract: {
      const Value w = input("w", tensor(DType::f64, {4, 2}));
      return Case{name, {x, w}, matmul(x, w)};
    }
    default:
      return std::nullopt;
  }
}

// Where rules of structured ops have corners: repeated places, steps backwards, zeros, every pair
// of ranks.
std::vector<Case> corner_cases() {
  const Value x = matrix("x");
  std::vector<Case> cases{
      {"gather at repeated places", {x}, gather(x, 1, std::vector<Value>{places({1, 1, -1, 1})})},
      {"slice backwards", {x}, slice_of(x, {2, 3}, {3, 2}, {-1, -3})},
      {"cumsum forward", {x}, cumsum(x, 0)},
      {"prod with one zero a row",
       {x},
       make(Op::prod, {x}, {Integers{1}}),
       Samples::nonzero,
       true,
       {1, 6}},
      {"prod with zeros together",
       {x},
       make(Op::prod, {x}, {Integers{0, 1}}),
       Samples::nonzero,
       true,
       {1, 2}},
      {"prod along rows with zeros",
       {x},
       make(Op::prod, {x}, {Integers{0}}),
       Samples::nonzero,
       true,
       {0, 4, 9}}};
  for (const Op op : {Op::scatter_set, Op::scatter_add}) {
    const Value update = input("p", tensor(DType::f64, {3, 4}));
    cases.push_back({std::string(info(op).name) + " at repeated places",
                     {x, update},
                     scatter(op, x, update, 0, std::vector<Value>{places({2, 0, 2})})});
  }
  for (const Op op : {Op::set_slice, Op::add_slice}) {
    const Value part = input("p", tensor(DType::f64, {2, 2}));
    cases.push_back({std::string(info(op).name) + " backwards",
                     {x, part},
                     make(op, {x, part}, {Shape{2, 3}, Integers{-2, -1}})});
  }
  const Shape left[] = {{4}, {3, 4}, {2, 3, 4}, {5, 1, 3, 4}};
  const Shape right[] = {{4}, {4, 2}, {2, 4, 2}, {5, 2, 4, 2}};
  for (const Shape& a : left)
    for (const Shape& b : right) {
      const Value v = input("a", tensor(DType::f64, a)), w = input("b", tensor(DType::f64, b));
      cases.push_back({"matmul [" + text(a) + "] [" + text(b) + "]", {v, w}, matmul(v, w)});
    }
  return cases;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases = corner_cases();
  for (std::size_t i = 0; i < all_ops().size(); ++i) {
    const auto op = static_cast<Op>(i);
    const OpInfo& row = info(op);
    if (row.vjp == nullptr || op == Op::call) continue;
    if (const auto one = structured_case(op)) {
      cases.push_back(*one);
      continue;
    }
    REQUIRE(row.kind == OpKind::elementwise);
    Case c{std::string(row.name), {}, {}, row.samples};
    std::vector<Operand> operands;
    for (int k = 0; k < row.arity; ++k) {
      if (op == Op::where && k == 0) {
        operands.emplace_back(gt(iota(DType::f64, {3, 4}, 1), 1.0));
        continue;
      }
      c.wrt.push_back(matrix(k == 0 ? "a" : k == 1 ? "b" : "c"));
      operands.emplace_back(c.wrt.back());
    }
    c.y = apply(op, std::span<const Operand>(operands));
    cases.push_back(std::move(c));
  }
  for (const Composition& composition : all_compositions()) {
    const Value x = matrix("x");
    std::vector<Value> operands{x}, wrt{x};
    if (composition.name == "cross_entropy") operands.push_back(places({1, 0, 3}));
    if (composition.name == "layer_norm")
      for (const char* name : {"scale", "shift"}) {
        operands.push_back(input(name, tensor(DType::f64, {4})));
        wrt.push_back(operands.back());
      }
    cases.push_back(
        {std::string(composition.name), wrt, call(composition.name, operands), Samples::nonzero});
  }
  return cases;
}

std::vector<Literal> values_of(Random& random, const Case& c) {
  std::vector<Literal> out;
  for (const Value& v : c.wrt) {
    std::vector<std::int64_t> shape;
    std::int64_t count = 1;
    for (const Dim& d : v.shape()) {
      shape.push_back(*d.constant());
      count *= shape.back();
    }
    std::vector<double> numbers(static_cast<std::size_t>(count));
    for (double& x : numbers) x = sample(random, c.samples);
    // Quotients away from whole numbers, where these jump: the first operand is made to fit 1.7.
    const bool jumps = c.name == "floor_divide" || c.name == "mod";
    for (double& x : numbers)
      if (jumps) x = v == c.wrt[0] ? 1.7 * (std::floor(x) + 0.3 + 0.4 * random.unit()) : 1.7;
    if (v == c.wrt[0])
      for (const std::int64_t at : c.zeros) numbers[static_cast<std::size_t>(at)] = 0;
    std::vector<std::byte> bytes(numbers.size() * sizeof(double));
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    out.emplace_back(DType::f64, std::move(shape), std::move(bytes));
  }
  return out;
}

std::vector<Binding> bound(const std::vector<Value>& wrt, const std::vector<Literal>& values) {
  std::vector<Binding> out;
  for (std::size_t i = 0; i < wrt.size(); ++i) out.emplace_back(wrt[i], values[i]);
  return out;
}

Literal moved(const Literal& l, std::int64_t at, double by) {
  std::vector<std::byte> bytes(l.bytes().begin(), l.bytes().end());
  const double value = l.at<double>(at) + by;
  std::memcpy(bytes.data() + static_cast<std::size_t>(at) * sizeof(double), &value, sizeof value);
  return {l.dtype(), l.shape(), std::move(bytes)};
}

// A scalar whose gradient depends on every element: the elements times different weights, summed.
Value weighted(const Value& y) {
  const Dim count = volume(y.shape());
  const Value weights = sin(iota(DType::f64, {count}, 0) * 0.7 + 0.3);
  return sum(reshape(cast(y, DType::f64), {count}) * weights, {0});
}

long double ideal(const Value& scalar, const std::vector<Binding>& bindings) {
  const std::vector<Value> roots{scalar};
  return evaluate_reference(roots, bindings, true)[0].elements[0].value;
}

// Largest deviation of the gradient of `cost` from differences of the fourth order.
double deviation(const Value& cost, const std::vector<Value>& wrt,
                 const std::vector<Literal>& values) {
  GradientOptions options;
  options.disconnected = Disconnected::ignore;
  const std::vector<Value> gradients = gradient(cost, wrt, options);
  const std::vector<Literal> found = evaluate_exact(gradients, bound(wrt, values));
  double worst = 0;
  constexpr double h = 1e-3;
  for (std::size_t i = 0; i < wrt.size(); ++i)
    for (std::int64_t k = 0; k < values[i].count(); ++k) {
      const auto at = [&](double by) {
        std::vector<Literal> other = values;
        other[i] = moved(values[i], k, by);
        return ideal(cost, bound(wrt, other));
      };
      const auto difference =
          static_cast<double>((8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h));
      const double scale = std::max(1.0, std::abs(difference));
      worst = std::max(worst, std::abs(found[i].at<double>(k) - difference) / scale);
    }
  return worst;
}

}  // namespace

TEST_CASE("every gradient rule agrees with central differences, to second order") {
  Random random(11);
  for (const Case& c : all_cases()) {
    INFO(c.name);
    const std::vector<Literal> values = values_of(random, c);
    const Value cost = weighted(c.y);
    CHECK(deviation(cost, c.wrt, values) < 2e-7);
    if (!c.second) continue;
    GradientOptions options;
    options.disconnected = Disconnected::ignore;
    Value slope;
    for (const Value& g : gradient(cost, c.wrt, options))
      slope = slope ? slope + weighted(sqr(g) + g) : weighted(sqr(g) + g);
    CHECK(deviation(slope, c.wrt, values) < 2e-6);
  }
}

TEST_CASE("forward mode is the transpose of reverse mode for every rule") {
  Random random(12);
  for (const Case& c : all_cases()) {
    INFO(c.name);
    const std::vector<Literal> values = values_of(random, c);
    std::vector<Value> tangents;
    for (const Value& v : c.wrt)
      tangents.push_back(
          broadcast_to(cos(iota(DType::f64, {v.shape().back()}, 0) + 0.5), v.shape()));
    const std::vector<Value> outputs{c.y};
    const Value forward = weighted(pushforward(outputs, c.wrt, tangents)[0]);
    GradientOptions options;
    options.disconnected = Disconnected::ignore;
    const std::vector<Value> gradients = gradient(weighted(c.y), c.wrt, options);
    Value reverse;
    for (std::size_t i = 0; i < c.wrt.size(); ++i) {
      std::vector<std::int64_t> axes;
      for (std::int64_t a = 0; a < c.wrt[i].rank(); ++a) axes.push_back(a);
      const Value one = sum(gradients[i] * tangents[i], axes);
      reverse = reverse ? reverse + one : one;
    }
    const std::vector<Value> roots{forward, reverse};
    const std::vector<Literal> found = evaluate_exact(roots, bound(c.wrt, values));
    // What passes through f32 is rounded to it, in another order each way.
    const double close = c.name == "cast" ? 1e-6 : 1e-10;
    CHECK(found[0].at<double>(0) == Approx(found[1].at<double>(0)).epsilon(close).margin(close));
  }
}

TEST_CASE("elements that tie for an extremum share its gradient") {
  const Value x = input("x", tensor(DType::f64, {6}));
  const std::vector<double> numbers{2, 5, 5, -1, 5, -1};
  std::vector<std::byte> bytes(numbers.size() * sizeof(double));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  const std::vector<Binding> bindings{{x, Literal(DType::f64, {6}, std::move(bytes))}};
  const std::vector<Value> wrt{x};
  const auto slopes = [&](const Value& cost) {
    const Literal found = evaluate_exact(gradient(cost, wrt), bindings)[0];
    std::vector<double> out;
    for (std::int64_t i = 0; i < 6; ++i) out.push_back(found.at<double>(i));
    return out;
  };
  const double third = 1.0 / 3.0;
  CHECK(slopes(reduce(Op::max, x, {0})) == std::vector<double>{0, third, third, 0, third, 0});
  CHECK(slopes(reduce(Op::min, x, {0})) == std::vector<double>{0, 0, 0, 0.5, 0, 0.5});
  // The value at the first of several largest ones: the position itself has no derivative.
  const std::vector<Value> place{reduce(Op::argmax, x, {0})};
  CHECK(slopes(gather(x, 0, place)) == std::vector<double>{0, 1, 0, 0, 0, 0});
}

TEST_CASE("a third derivative is the derivative of the second") {
  const Value x = input("x", tensor(DType::f64, {}));
  const std::vector<Value> wrt{x};
  Value d = sin(sqr(x));
  for (int order = 0; order < 3; ++order) d = gradient(d, wrt)[0];
  const double at = 0.7;
  const std::vector<Value> roots{d};
  const std::vector<Binding> bindings{{x, Literal::scalar(at)}};
  const double s = at * at;
  CHECK(evaluate_exact(roots, bindings)[0].at<double>(0) ==
        Approx(-12 * at * std::sin(s) - 8 * at * at * at * std::cos(s)));
}

TEST_CASE("what is considered constant passes no derivative") {
  const Value x = input("x", tensor(DType::f64, {}));
  const Value square = sqr(x);
  const std::vector<Value> wrt{x};
  const std::vector<Binding> bindings{{x, Literal::scalar(3.0)}};
  const auto slope = [&](const GradientOptions& options) {
    return evaluate_exact(gradient(square * x, wrt, options), bindings)[0].at<double>(0);
  };
  CHECK(slope({}) == 27);
  CHECK(slope({.consider_constant = {square}, .disconnected = Disconnected::raise}) == 9);
  // A constant that is asked about is a variable still.
  const std::vector<Value> both{square};
  CHECK(evaluate_exact(gradient(square * x, both, {}), bindings)[0].at<double>(0) == 3);
}
