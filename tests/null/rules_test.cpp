// Each rule before and after, and what keeps it from firing.
#include <catch2/catch.hpp>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "passes/rewrite.hpp"
#include "passes/stabilize.hpp"

using namespace croton;
using namespace croton::ir;

namespace {

using Sets = std::vector<passes::RuleSet>;

Value after(const Value& v, const Sets& sets, std::uint32_t tolerated = ~0u) {
  const std::vector<Value> roots{v};
  return passes::rewrite(roots, sets, {.tolerated = tolerated})[0];
}

Sets canonical() {
  return {{"arithmetic", passes::arithmetic_rules()},
          {"movement", passes::movement_rules()},
          {"folding", passes::folding_rules()}};
}

Value softmax_of(const Value& x) {
  const std::vector<Value> operands{x};
  return call("softmax", operands);
}

}  // namespace

TEST_CASE("canonical forms") {
  const Value x = input("x", tensor(DType::f64, {"n", 3})),
              i = input("i", tensor(DType::i32, {"n"}));
  const Sets rules = canonical();
  CHECK(after(x * 1.0, rules) == x);
  CHECK(after(x / 1.0, rules) == x);
  CHECK(after(x - 0.0, rules) == x);
  CHECK(after(x + (-0.0), rules) == x);
  CHECK(after(i + 0, rules) == i);
  CHECK(after(neg(neg(x)), rules) == x);
  CHECK(after(transpose(transpose(x, {1, 0}), {1, 0}), rules) == x);
  CHECK(after(reshape(reshape(x, {Dim("n") * 3}), {3, "n"}), rules) == reshape(x, {3, "n"}));
  const Value w = input("w", tensor(DType::f64, {4, 3}));
  CHECK(after(matmul(x, transpose(w, {1, 0})), rules) == contract(x, w, {0, 2}, {1, 2}, {0, 1}));
}

TEST_CASE("what changes a bit is no canonical form") {
  const Value x = input("x", tensor(DType::f64, {"n"}));
  const Sets rules = canonical();
  for (const Value& v : {x + 0.0, x * 0.0, x - x, x / x, 0.0 - x, x - (-0.0)}) {
    const Value kept = after(v, rules, passes::may::nothing);
    CHECK((kept == v || kept == make(v.op(), {v.node->operands[1], v.node->operands[0]})));
  }
}

TEST_CASE("stable forms") {
  const Value x = input("x", tensor(DType::f64, {"n", 3}));
  const Sets rules{{"stability", passes::stability_rules()}};
  const std::vector<Value> operands{x};
  CHECK(after(log(softmax_of(x)), rules) == call("log_softmax", operands));
  CHECK(after(log(reduce(Op::sum, exp(x), {1})), rules) ==
        call("logsumexp", operands, {{"axes", Integers{1}}}));
  CHECK(after(log(x + 1.0), rules) == log1p(x));
  CHECK(after(exp(x) - 1.0, rules) == expm1(x));
  CHECK(after(log(exp(x) + 1.0), rules) == softplus(x));
  CHECK(after(1.0 / (exp(neg(x)) + 1.0), rules) == sigmoid(x));
  CHECK(after(log(sigmoid(x)), rules) == neg(softplus(neg(x))));
  CHECK(after(1.0 - sigmoid(x), rules) == sigmoid(neg(x)));
  CHECK(after(log(x + 2.0), rules) == log(x + 2.0));
}

TEST_CASE("a rule that asks for a single use leaves a value that is read elsewhere") {
  const Value x = input("x", tensor(DType::f64, {"n", 3})), y = input("y", x.type());
  const Sets rules{{"stability", passes::stability_rules()}};
  CHECK(after(exp(x) * exp(y), rules) == exp(x + y));
  const Value e = exp(x);
  const std::vector<Value> roots{e * exp(y), e};
  const std::vector<Value> kept = passes::rewrite(roots, rules);
  CHECK(kept == roots);
  const Sets arithmetic{{"arithmetic", passes::arithmetic_rules()}};
  const Value i = input("i", tensor(DType::i32, {"n", 3})), negated = neg(i);
  CHECK(after(reduce(Op::sum, negated, {1}), arithmetic) == neg(reduce(Op::sum, i, {1})));
  const std::vector<Value> both{reduce(Op::sum, negated, {1}), negated};
  CHECK(passes::rewrite(both, arithmetic) == both);
}

TEST_CASE("a pattern for each operand of a variadic op") {
  const Value x = input("x", tensor(DType::f64, {"n", 3})),
              y = input("y", tensor(DType::f64, {"n", 2}));
  const Sets rules = canonical();
  CHECK(after(concatenate({neg(x), neg(y), neg(x)}, 1), rules) == neg(concatenate({x, y, x}, 1)));
  const Value mixed = concatenate({neg(x), y}, 1);
  CHECK(after(mixed, rules) == mixed);
  CHECK(after(concatenate({x, concatenate({y, x}, 1)}, 1), rules) == concatenate({x, y, x}, 1));
  CHECK(after(concatenate({full(DType::f64, {2, 3}, 7), full(DType::f64, {1, 3}, 7)}, 0), rules) ==
        full(DType::f64, {3, 3}, 7));
}

TEST_CASE("a value that a gradient is asked about is not looked into") {
  const Value x = input("x", tensor(DType::f64, {"n", 3}));
  const Value p = softmax_of(x);
  const std::vector<Value> leaves{p};
  CHECK(passes::stabilized(log(p), leaves) == log(p));
}

TEST_CASE("multiply-adds take the left product first") {
  const Value a = input("a", tensor(DType::f32, {"n"})), b = input("b", tensor(DType::f32, {"n"}));
  const Sets rules{{"form-fma", passes::fma_rules()}};
  CHECK(after(a * b + b * b, rules) == make(Op::fma, {a, b, b * b}));
  const Value i = input("i", tensor(DType::i32, {"n"}));
  CHECK(after(i * i + i, rules) == i * i + i);
}

TEST_CASE(
    "rewriting is linear: ten times the nodes, and no recursion over the depth of the graph") {
  Value v = input("x", tensor(DType::f64, {"n"}));
  for (int k = 0; k < 200'000; ++k) v = make(Op::neg, {make(Op::exp, {v})});
  CHECK(after(v, canonical()) == v);
}
