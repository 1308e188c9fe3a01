// What the reference evaluator says of numbers that it knows within bounds only.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "ir/builder.hpp"
#include "ir/evaluate.hpp"

using namespace croton;
using namespace croton::ir;

namespace {

// base ** exponent, where the base has been through roundings that may make it 1.
Bounded power(float base, float exponent) {
  const Value x = input("x", tensor(DType::f32)), y = input("y", tensor(DType::f32));
  const Value rounded =
      sub(add(x, splat(Literal::scalar(3.0F), {})), splat(Literal::scalar(3.0F), {}));
  const std::vector<Value> roots{apply(Op::pow, {rounded, y})};
  const std::vector<Binding> bindings{{x, Literal::scalar(base)}, {y, Literal::scalar(exponent)}};
  return evaluate_reference(roots, bindings)[0].elements[0];
}

}  // namespace

TEST_CASE("a power without a number for its exponent is open where the base may be 1") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(power(1 + 0x1p-23F, nan).undetermined);
  CHECK(!power(1.5F, nan).undetermined);
  CHECK(std::isnan(power(1.5F, nan).value));
  CHECK(!power(1.5F, 2).undetermined);
}
