// What the front end offers beside compile: arguments of many kinds, copies of functions, frozen
// state, scopes.
#include <Eigen/Core>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <croton/croton.hpp>
#include <numeric>
#include <sstream>

using namespace croton;
using Catch::Contains;

TEST_CASE("whatever has shape and memory is an argument") {
  Expr x = input("x", f64, {"n"}), m = input("m", f64, {"r", "c"});
  Function total = compile({x}, {sum(x)});
  Function rows = compile({m}, {sum(m, axis(1))});
  const double plain[] = {1, 2, 3};
  CHECK(total(plain).item<double>() == 6);
  CHECK(total(std::array{1.0, 2.0}).item<double>() == 3);
  CHECK(total(std::vector{4.0}).item<double>() == 4);
  CHECK(total(std::span(plain).subspan(1)).item<double>() == 5);

  Eigen::MatrixXd a(2, 3);  // column-major
  a << 1, 2, 3, 4, 5, 6;
  CHECK(rows(a).single().same_values(Array::of<double>({6, 15})));
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> b = a;
  CHECK(rows(b).single().same_values(Array::of<double>({6, 15})));
  CHECK(rows(a.block(0, 1, 2, 2)).single().same_values(Array::of<double>({5, 11})));
  Eigen::VectorXd v = a.col(1);
  CHECK(total(v).item<double>() == 7);
  CHECK(total(a.row(1)).item<double>() == 15);
  CHECK_THROWS_WITH(rows(a.cast<float>().eval()), Contains("was given f32; cast it to f64"));
}

TEST_CASE("a copy of a function works on other state") {
  Expr x = input("x", f64, {2});
  Shared w = shared("w", std::vector{1.0, 2.0}), v = shared("v", std::vector{10.0, 20.0});
  Function f = compile({x}, {w * x}, {.name = "f", .updates = {{w, w + x}}});
  Function g = f.copy({.name = "g", .swap = {{w, v}}});
  Function h = f.copy({.delete_updates = true});
  CHECK(g.counters().compiled == 0);
  CHECK(g(std::vector{1.0, 1.0}).single().same_values(Array::of<double>({10, 20})));
  CHECK(v.get().same_values(Array::of<double>({11, 21})));
  CHECK(w.get().same_values(Array::of<double>({1, 2})));
  CHECK(h(std::vector{3.0, 3.0}).single().same_values(Array::of<double>({3, 6})));
  CHECK(w.get().same_values(Array::of<double>({1, 2})));
  (void)f(std::vector{1.0, 1.0});
  CHECK(w.get().same_values(Array::of<double>({2, 3})));
  CHECK(v.get().same_values(Array::of<double>({11, 21})));
  Shared other = shared("other", std::vector{1.0, 2.0}),
         narrow = shared("narrow", std::vector{1.0f});
  CHECK_THROWS_WITH(
      f.copy({.swap = {{other, v}}}),
      Contains("copy: f does not use other\n  other : f64[2]") && Contains("front_test.cpp:"));
  CHECK_THROWS_WITH(f.copy({.swap = {{w, narrow}}}),
                    Contains("copy: narrow cannot take the place of w"));
}

TEST_CASE("frozen state is a constant") {
  Expr x = input("x", f64, {2});
  Shared w = shared("w", std::vector{1.0, 2.0});
  Function f = compile({x}, {w * x}, {.givens = {{w, freeze(w)}}});
  w.set(std::vector{5.0, 5.0});
  CHECK(f(std::vector{1.0, 1.0}).single().same_values(Array::of<double>({1, 2})));
}

TEST_CASE("scopes name what is built in them, on their own thread") {
  Expr x = input("x", f64, {3}), y = input("y", f64, {4});
  const auto message = [&] {
    try {
      return (x + y).text();
    } catch (const UserError& error) {
      return std::string(error.what());
    }
  };
  CHECK_THAT(message(), !Contains("encoder"));
  {
    const Scope outer("encoder");
    const Scope inner("attention");
    CHECK_THAT(message(), Contains("front_test.cpp:") && Contains(" (encoder/attention)"));
    Expr z = exp(x);
    CHECK_THAT(compile({x}, {z}).source(), Contains("(encoder/attention)"));
  }
  CHECK_THAT(message(), !Contains("encoder"));
}

TEST_CASE("emitted statements lead to the user's lines") {
  Expr x = input("x", f64, {"n"});
  const int line = __LINE__ + 1;
  Expr y = exp(x) * 2.0;
  const std::string text = compile({x}, {y}).source();
  const auto statement = text.find("out[i] =");
  REQUIRE(statement != std::string::npos);
  CHECK_THAT(text.substr(statement, text.find('\n', statement) - statement),
             Contains("front_test.cpp:" + std::to_string(line)));
}

TEST_CASE("accumulators say which reduction they serve") {
  Expr x = input("x", f32, {"n", 10});
  const int line = __LINE__ + 1;
  Expr y = max(x, axis(1));
  CHECK_THAT(compile({x}, {y}).source(),
             Contains("// max: front_test.cpp:" + std::to_string(line)));
}

TEST_CASE("lines inside the standard library are not the user's") {
  Expr x = input("x", f64, {3});
  const std::vector<Expr> many{x, x};
  const auto added = [&] { return std::accumulate(many.begin(), many.end(), x, std::plus<>()); };
  CHECK(added().site().file.empty());
  const Scope scope("total");
  CHECK_THAT(added().site().text(), Contains("front_test.cpp:") && Contains("(total)"));
}

TEST_CASE("a single position that an array does not have fails before anything is written") {
  Expr x = input("x", f64, {"n"});
  Shared w = shared("w", std::vector{1.0, 2.0}, {"m"});
  Function third = compile({x}, {x[3]}, {.name = "third"});
  CHECK(third(std::vector{0.0, 1.0, 2.0, 3.0}).item<double>() == 3);
  CHECK_THROWS_WITH(
      third(std::vector{1.0}),
      Contains("third: position 3 lies outside axis 0 of extent n: n is 1, not at least 4") &&
          Contains("front_test.cpp:"));
  CHECK_THROWS_WITH(compile({x}, {x[-2]})(std::vector{1.0}),
                    Contains("position n - 2 lies outside"));
  CHECK_THROWS_WITH(compile({x}, {grad(x[5], x)})(std::vector{1.0, 2.0}), Contains("position 5"));
  Function step = compile({x}, {sum(x)}, {.updates = {{w, set(w, {10}, 9.0)}}});
  CHECK_THROWS_WITH(step(std::vector{1.0}), Contains("position 10"));
  CHECK(w.get().same_values(Array::of<double>({1, 2})));
}

TEST_CASE("run-time bounds of slices stay inside the array") {
  Expr x = input("x", f64, {"n"}), k = input("k", i64, {});
  Function tail = compile({x, k}, {x[slice(k, none)]});
  const std::vector<double> five{0, 1, 2, 3, 4};
  CHECK(tail(five, 2).single().same_values(Array::of<double>({2, 3, 4})));
  CHECK(tail(five, 9).single().count() == 0);
  for (const std::int64_t below : {std::int64_t{-1}, std::int64_t{-5}, std::int64_t{-100000000}}) {
    const Array all = tail(five, below).single();
    for (std::int64_t i = 0; i < all.count(); ++i)
      CHECK(all.at<double>({i}) == five[five.size() - static_cast<std::size_t>(all.count() - i)]);
  }
  Function count = compile({k}, {sum(arange(k, f64))});
  CHECK(count(4).item<double>() == 6);
  CHECK(count(std::int64_t{-1000000}).item<double>() == 0);
}

TEST_CASE("exp(x) / sum(exp(x)) of a vector, and the gradient of logsumexp") {
  Expr x = input("x", f64, {"n"});
  const std::vector<double> at{0.5, -1.0, 2.0};
  const Results r = compile({x}, {exp(x) / sum(exp(x)), grad(logsumexp(x), x), softmax(x)})(at);
  double total = 0;
  for (const double v : at) total += std::exp(v);
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 3; ++k)
      CHECK(r[k].at<double>({i}) ==
            Approx(std::exp(at[static_cast<std::size_t>(i)]) / total).epsilon(1e-14));
}

TEST_CASE("a composition of operands that depend on one another has its gradient once") {
  Expr x = input("x", f64, {2, 3});
  CHECK(verify_grad(sum(layer_norm(x, x[0], 0.0) * sin(x)), {x}).ok);
  CHECK(verify_grad(sum(layer_norm(sin(x), x, 1.0)), {x}).ok);
  CHECK(verify_grad(sum(layer_norm(x, exp(x), x[0] * 2.0) * x), {x}).ok);
}

TEST_CASE("the smallest and the largest numbers print") {
  std::ostringstream out;
  out << Array::of<double>({2.3e-308, 1}) << Array::of<double>({5e-324, 1})
      << Array::of<double>({1.79769e308, 1});
  CHECK_THAT(out.str(), Contains("e-308") && Contains("e-324") && Contains("e+308"));
}

TEST_CASE("what a call returns prints as it stands") {
  const Expr x = input("x", f64, {"n"});
  std::ostringstream out;
  out << compile({x}, {x + 1.0})(Array::of<double>({1, 2}));
  CHECK(out.str() == "[2. 3.]");
  out.str("");
  out << compile({x}, {sum(x), x + 1.0})(Array::of<double>({1, 2}));
  CHECK(out.str() == "3.0\n[2. 3.]");
}

TEST_CASE("an integer is compared with literals that its dtype does not have, as in NumPy") {
  const auto check = [](DType dtype, const Array& numbers, auto literal, bool above) {
    Expr x = input("x", dtype, {"n"});
    Function f = compile({x}, {x<literal, x <= literal, x> literal, x >= literal, x == literal,
                               x != literal, literal < x});
    const Results r = f(numbers);
    const bool wanted[] = {above, above, !above, !above, false, true, !above};
    for (std::size_t k = 0; k < 7; ++k)
      CHECK(r[k].same_values(Array::full(boolean, numbers.shape(), wanted[k])));
  };
  check(i8, Array::of<std::int8_t>({-128, 0, 127}), 300, true);
  check(i8, Array::of<std::int8_t>({-128, 0, 127}), -129, false);
  check(u8, Array::of<std::uint8_t>({0, 255}), -1, false);
  check(u64, Array::of<std::uint64_t>({0, ~0ul}), -1, false);
  check(i64, Array::of<std::int64_t>({INT64_MIN, 0, INT64_MAX}), std::uint64_t{1} << 63, true);
  Expr u = input("u", u64, {});
  CHECK(compile({u}, {u + (std::uint64_t{1} << 63)})(std::uint64_t{1}).item<std::uint64_t>() ==
        (std::uint64_t{1} << 63) + 1);
  Expr scalar = input("x", i8, {});
  CHECK(compile({scalar}, {scalar < 300})(std::int8_t{5}).item<bool>());
}

TEST_CASE("integers of both signs are compared by their values, as in NumPy 2") {
  const std::vector<std::int64_t> a{9007199254740993, -1, INT64_MAX, 0, INT64_MIN, 7};
  const std::vector<std::uint64_t> b{9007199254740992, ~0ul, std::uint64_t{1} << 63, 0, 0, 7};
  const auto check = [&](DType dtype, auto number) {
    using T = decltype(number);
    const Expr x = input("x", dtype, {"n"}), y = input("y", u64, {"n"});
    std::vector<T> small;
    for (const std::int64_t value : a) small.push_back(static_cast<T>(value));
    const Results r = compile({x, y}, {x<y, x <= y, x> y, x >= y, x == y, x != y, y<x, y <= x, y> x,
                                       y >= x})(Array::of(small), Array::of(b));
    for (std::size_t i = 0; i < a.size(); ++i) {
      const T s = small[i];
      const std::uint64_t u = b[i];
      const bool wanted[] = {std::cmp_less(s, u),    std::cmp_less_equal(s, u),
                             std::cmp_greater(s, u), std::cmp_greater_equal(s, u),
                             std::cmp_equal(s, u),   std::cmp_not_equal(s, u),
                             std::cmp_less(u, s),    std::cmp_less_equal(u, s),
                             std::cmp_greater(u, s), std::cmp_greater_equal(u, s)};
      for (std::size_t k = 0; k < std::size(wanted); ++k) CHECK(r[k].data<bool>()[i] == wanted[k]);
    }
  };
  check(i64, std::int64_t{});
  check(i32, std::int32_t{});
  check(i8, std::int8_t{});
}

TEST_CASE(
    "a gradient is verified beside an edge of the cost and in long sums, a wrong one is not") {
  const Expr x = input("x", f64, {16}), y = input("y", f64, {10000}), w = input("w", f64, {20, 30});
  const GradCheck edge = verify_grad(sum(relu(x)), {x}), many = verify_grad(sum(sqr(y)), {y});
  INFO(edge << "; " << many);
  CHECK(edge.ok);
  CHECK(many.ok);
  CHECK(verify_grad(sum(abs(x) * x), {x}).ok);
  CHECK(verify_grad(sum(sqr(cumsum(w, 0))), {w}).ok);
  const Expr s = input("s", f32, {16}), v = input("v", f64, {"n"});
  CHECK(verify_grad(sum(relu(s)), {s}).ok);
  // Steps too small to be seen: grad takes a slope of 1, and one of 1e-4, for none.
  const Expr steps = floor(1e12 * x) * 1e-12;
  const GradCheck wrong = verify_grad(sum(sqr(x) + steps), {x});
  CHECK_FALSE(wrong.ok);
  CHECK(wrong.worst > 0.1);
  CHECK_FALSE(verify_grad(sum(relu(x) + 1e-4 * steps), {x}).ok);
  // A cost that is NaN shows nothing.
  const Expr low = x[0] - 1e3;
  const GradCheck none = verify_grad(sum(sqr(x)) + where(low < 0.0, 0.0 * log(low), low), {x});
  CHECK_FALSE(none.ok);
  CHECK(std::isnan(none.worst));
  CHECK_THROWS_WITH(
      verify_grad(sum(v), {v}),
      Contains("v : f64[n] has the unknown dim n; give its inputs known extents\n  v : f64[n]") &&
          Contains("front_test.cpp:"));
}

TEST_CASE("derivatives of powers at 0, to third order") {
  Expr x = input("x", f64, {}), p = input("p", f64, {});
  const Expr first = grad(pow(x, p), x), second = grad(first, x), third = grad(second, x);
  Function f = compile({x, p}, {first, second, third});
  const auto check = [&](double at, double power, double a, double b, double c) {
    const Results r = f(at, power);
    CHECK(r[0].item<double>() == a);
    CHECK(r[1].item<double>() == b);
    CHECK(r[2].item<double>() == c);
  };
  check(0, 0, 0, 0, 0);
  check(0, 1, 1, 0, 0);
  check(0, 2, 0, 2, 0);
  check(0, 3, 0, 0, 6);
  check(-2, 3, 12, -12, 6);
  check(std::numeric_limits<double>::quiet_NaN(), 0, 0, 0, 0);
  Function known =
      compile({x}, {grad(grad(pow(x, 0.0), x, {.disconnected_inputs = Disconnected::ignore}), x,
                         {.disconnected_inputs = Disconnected::ignore})});
  CHECK(known(0.0).item<double>() == 0);
}

TEST_CASE("a NaN is printed without its sign") {
  std::ostringstream out;
  const double negative = -std::numeric_limits<double>::quiet_NaN();
  out << Array::full(f64, {}, negative) << Array::full(f64, {1}, negative)
      << Array::full(f32, {}, negative);
  CHECK(out.str() == "nan[nan]nan");
}

TEST_CASE("one expression and a vector of shared variables are lists of expressions") {
  const Expr x = input("x", f64, {"n"});
  CHECK(compile(x, sum(x))(Array::of<double>({1, 2})).item<double>() == 3);
  std::vector<Shared> weights{shared("a", Array::of<double>({1, 2})),
                              shared("b", Array::of<double>({3, 4}))};
  CHECK(compile({}, weights)()[1].same_values(weights[1].get()));
  CHECK(verify_grad(sum(sqr(weights[0]) * weights[1]), weights).ok);
}
