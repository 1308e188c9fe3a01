#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <sstream>
#include <thread>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "ir/gradient.hpp"
#include "ir/graph_view.hpp"
#include "ir/infer.hpp"
#include "ir/text.hpp"

using namespace croton;
using namespace croton::ir;

TEST_CASE("dims have a normal form, so equal expressions are equal dims") {
  const Dim n("n"), m("m");
  CHECK((n + m) * (n - m) == n * n - m * m);
  CHECK((n + 1) * 2 - n - 2 == n);
  CHECK(Dim::floordiv(n * 4 + 8, 4) == n + 2);
  CHECK(Dim::mod(n * 4 + 5, 4) == Dim(1));
  CHECK(Dim::min(n, n + 1) == n);
  CHECK((n * 784 + 3).text() == "784*n + 3");
  CHECK_FALSE(n == m);
}

TEST_CASE("dims with the least integer are read back as they were printed") {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  for (const Dim& dim : {Dim("n") + Dim(least), Dim("n") * Dim(least) + Dim(3), Dim(least)}) {
    Module module;
    module.name = "m";
    const Value x = input("x", tensor(DType::f32, {Dim("n"), Dim("m")}));
    module.inputs = {x};
    module.outputs = {x};
    module.requires_.push_back({.a = dim, .b = Dim(0), .relation = Relation::at_least});
    const std::string text = print(module);
    INFO(text);
    const Module read = parse(text);
    CHECK(read.requires_.at(0).same_as(module.requires_[0]));
  }
}

TEST_CASE("equal pure nodes are one node, inputs keep their identity") {
  const Value x = input("x", tensor(DType::f32, {"n"}));
  CHECK(exp(x + 1.0) == exp(x + 1.0));
  CHECK_FALSE(input("x", x.type()) == x);
}

TEST_CASE("a chain of a million nodes is built and destroyed without recursion") {
  const std::size_t before = live_interned_nodes();
  {
    Value x = input("x", tensor(DType::f32));
    for (int i = 0; i < 1'000'000; ++i) x = make(Op::neg, {make(Op::exp, {x})});
  }
  CHECK(live_interned_nodes() == before);
}

TEST_CASE("a chain of a million nodes is differentiated and printed without recursion") {
  const std::size_t before = live_interned_nodes();
  {
    const Value x = input("x", tensor(DType::f32));
    Module m;
    m.inputs = {x};
    Value v = x;
    for (int i = 0; i < 500'000; ++i) v = make(Op::neg, {make(Op::sin, {v})});
    m.outputs = {v};
    CHECK(std::ranges::count(print(m), '\n') > 1'000'000);
    const std::vector<Value> wrt{x};
    const std::vector<Value> slope = gradient(v, wrt);
    CHECK(topological_order(slope).size() > 1'000'000);
  }
  CHECK(live_interned_nodes() == before);
}

TEST_CASE("graphs are built from several threads, equal nodes being one", "[threads]") {
  const std::size_t before = live_interned_nodes();
  {
    const Value x = input("x", tensor(DType::f64, {"n", 8}));
    constexpr int threads = 8, rounds = 300;
    std::vector<std::vector<Value>> made(threads);
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t)
      running.emplace_back([&, t] {
        for (int k = 0; k < rounds; ++k) {
          // The same expressions in every thread, their gradients, and some that die at once.
          const Value y = reduce(Op::sum, exp(x * static_cast<double>(k % 50)), {0, 1});
          const std::vector<Value> wrt{x};
          made[static_cast<std::size_t>(t)].push_back(gradient(y, wrt)[0]);
          y.node->add_site({"thread.cpp", t});
          (void)tanh(x + static_cast<double>(t * rounds + k));
        }
      });
    for (std::thread& thread : running) thread.join();
    for (const std::vector<Value>& other : made) CHECK(other == made[0]);
  }
  CHECK(live_interned_nodes() == before);
}

TEST_CASE("promotion inserts casts and broadcasts") {
  const Value x = input("x", tensor(DType::f32, {"n", 3}));
  const Value i = input("i", tensor(DType::i64, {3}));
  const Value sum = x + i;
  CHECK(text(sum.type()) == "f64[n, 3]");
  CHECK((x * 0.5).dtype() == DType::f32);
  CHECK((i / i).dtype() == DType::f64);
}

TEST_CASE("matmul checks inner dimensions and keeps transposes as labels") {
  const Value x = input("x", tensor(DType::f32, {"n", 784}));
  const Value w = input("w", tensor(DType::f32, {748, 10}));
  CHECK_THROWS_WITH(matmul(x, w), "matmul: inner dimensions differ, 784 and 748");
  const Value v = input("v", tensor(DType::f32, {784, 10}));
  CHECK(text(matmul(x, v).type()) == "f32[n, 10]");
  const Value batched = input("b", tensor(DType::f32, {7, 1, 5, 784}));
  CHECK(text(matmul(batched, v).type()) == "f32[7, 1, 5, 10]");
}

TEST_CASE("dims that may differ are collected, dims that must differ are errors") {
  const Value x = input("x", tensor(DType::f32, {"n"})), y = input("y", tensor(DType::f32, {"m"}));
  RequireCollector collector;
  (void)(x + y);
  REQUIRE_FALSE(collector.found.empty());
  CHECK(collector.found[0].a.text() == "n");
  const Value z = input("z", tensor(DType::f32, {Dim("n") + 1}));
  CHECK_THROWS_AS(x + z, UserError);
}

TEST_CASE("the gradient of logistic regression has the types of its parameters") {
  const Value x = input("x", tensor(DType::f32, {"n", 784}));
  const Value y = input("y", tensor(DType::i64, {"n"}));
  const Value w = shared("w", tensor(DType::f32, {784, 10}));
  const Value b = shared("b", tensor(DType::f32, {10}));
  const std::vector<Value> scores{matmul(x, w) + b, y};
  const std::vector<Value> rows{call("cross_entropy", scores)};
  const Value loss = call("mean", rows);
  CHECK(loss.rank() == 0);
  const std::vector<Value> wrt{w, b};
  const auto g = gradient(loss, wrt);
  CHECK(g[0].type() == w.type());
  CHECK(g[1].type() == b.type());
  const std::vector<Value> labels{y};
  CHECK_THROWS_WITH(gradient(loss, labels), Catch::Contains("floating point, not i64[n]"));
}

TEST_CASE("a graph as Boost.Graph sees it: order, convexity, dominators, colours") {
  const Value x = input("x", tensor(DType::f64, {"n"}));
  const Value a = exp(x), b = sin(a), c = cos(a), d = b + c, e = neg(d);
  const std::vector<Value> roots{e};
  const GraphView view(roots);
  const std::vector<NodePtr> order = view.topological_order();
  REQUIRE(order.size() == 6);
  const auto at = [&](const Value& v) {
    return std::find(order.begin(), order.end(), v.node) - order.begin();
  };
  for (const NodePtr& node : order)
    for (const Value& operand : node->operands) CHECK(at(operand) < at({node, 0}));
  CHECK(view.is_convex(std::vector<NodePtr>{a.node, b.node, c.node, d.node}));
  CHECK(view.is_convex(std::vector<NodePtr>{b.node, c.node}));
  CHECK_FALSE(view.is_convex(std::vector<NodePtr>{a.node, b.node, d.node}));
  CHECK_FALSE(view.is_convex(std::vector<NodePtr>{a.node, e.node}));
  CHECK(view.dominator(a.node) == d.node);
  CHECK(view.dominator(b.node) == d.node);
  CHECK(view.dominator(d.node) == e.node);
  CHECK(view.dominator(e.node) == nullptr);
  const std::vector<std::size_t> colours = view.colours();
  CHECK(colours[view.number(b.node)] != colours[view.number(c.node)]);
  CHECK(colours[view.number(a.node)] != colours[view.number(b.node)]);
  CHECK(*std::max_element(colours.begin(), colours.end()) <= 2);
  std::ostringstream dot;
  view.write_dot(dot, "g");
  CHECK(dot.str().find("exp\nf64[n]") != std::string::npos);
}
