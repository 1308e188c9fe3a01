// Forms that overflow, underflow or cancel as written, compiled: right to a few units in the last
// place on extreme inputs, gradients as well. The truth is the C library's in 64 bits of mantissa.
// What `fast` may change, and `standard` and `strict` may not.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "frontend/croton/croton.hpp"

using namespace croton;

namespace {

long double softplus_of(long double x) {
  return std::fmax(x, 0.0L) + std::log1p(std::exp(-std::fabs(x)));
}
long double sigmoid_of(long double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

template <class T>
void check_close(T found, long double truth, const std::string& where) {
  INFO(where << ": " << found << " instead of " << static_cast<double>(truth));
  const auto rounded = static_cast<T>(truth);
  if (std::isnan(rounded)) {
    CHECK(std::isnan(found));
  } else if (std::isinf(rounded)) {
    CHECK(found == rounded);
  } else {
    const long double unit = std::numeric_limits<T>::epsilon() * std::fabs(truth);
    CHECK(std::fabs(static_cast<long double>(found) - truth) <=
          8 * unit + 2 * std::numeric_limits<T>::min());
  }
}

struct Form {
  const char* name;
  std::function<Expr(const Expr&)> written;
  std::function<long double(long double)> truth, slope;  // slope: none when null
  std::vector<double> more = {};                         // inputs beside the common ones
  bool mends = true;  // as written it goes wrong on some of these inputs
};

const std::vector<Form>& forms() {
  static const std::vector<Form> all{
      {"log(sigmoid(x))", [](const Expr& x) { return log(sigmoid(x)); },
       [](long double x) { return -softplus_of(-x); },
       [](long double x) { return sigmoid_of(-x); }},
      {"log(1 - sigmoid(x))", [](const Expr& x) { return log(1 - sigmoid(x)); },
       [](long double x) { return -softplus_of(x); }, [](long double x) { return -sigmoid_of(x); }},
      {"log(1 + exp(x))", [](const Expr& x) { return log(1 + exp(x)); }, softplus_of, sigmoid_of},
      {"log1p(exp(x))", [](const Expr& x) { return log1p(exp(x)); }, softplus_of, sigmoid_of},
      {"1 / (1 + exp(-x))",
       [](const Expr& x) { return 1 / (1 + exp(-x)); },
       sigmoid_of,
       [](long double x) { return sigmoid_of(x) * sigmoid_of(-x); },
       {},
       false},
      {"1 / (1 + exp(x))",
       [](const Expr& x) { return 1 / (1 + exp(x)); },
       [](long double x) { return sigmoid_of(-x); },
       nullptr,
       {},
       false},
      {"exp(x) / (1 + exp(x))", [](const Expr& x) { return exp(x) / (1 + exp(x)); }, sigmoid_of,
       nullptr},
      {"1 - sigmoid(x)", [](const Expr& x) { return 1 - sigmoid(x); },
       [](long double x) { return sigmoid_of(-x); }, nullptr},
      {"log(exp(x))", [](const Expr& x) { return log(exp(x)); }, [](long double x) { return x; },
       [](long double) { return 1.0L; }},
      {"log(1 + x)",
       [](const Expr& x) { return log(1 + x); },
       [](long double x) { return std::log1p(x); },
       nullptr,
       {1e-20, -1e-20, 1e-7}},
      {"log(1 - x)",
       [](const Expr& x) { return log(1 - x); },
       [](long double x) { return std::log1p(-x); },
       nullptr,
       {1e-20, -1e-20, 1e-7}},
      {"exp(x) - 1",
       [](const Expr& x) { return exp(x) - 1; },
       [](long double x) { return std::expm1(x); },
       nullptr,
       {1e-20, -1e-20, 1e-7}},
      {"1 - exp(x)",
       [](const Expr& x) { return 1 - exp(x); },
       [](long double x) { return -std::expm1(x); },
       nullptr,
       {1e-20, -1e-20, 1e-7}},
      {"sqrt(sqr(x))",
       [](const Expr& x) { return sqrt(sqr(x)); },
       [](long double x) { return std::fabs(x); },
       nullptr,
       {1e30, -1e30, 1e200, -1e-200}},
      {"exp(x) * exp(-x / 2)",
       [](const Expr& x) { return exp(x) * exp(x * -0.5); },
       [](long double x) { return std::exp(x / 2); },
       nullptr,
       {150, -150}},
      {"sqr(x) / x",
       [](const Expr& x) { return sqr(x) / x; },
       [](long double x) { return x; },
       nullptr,
       {0.0, 1e30, 1e-30}},
      {"x / sqrt(x)",
       [](const Expr& x) { return x / sqrt(x); },
       [](long double x) { return std::sqrt(x); },
       nullptr,
       {0.0}},
      {"x / sqr(x)",
       [](const Expr& x) { return x / sqr(x); },
       [](long double x) { return 1 / x; },
       nullptr,
       {0.0, 1e30, 1e-30}},
      {"x / abs(x)",
       [](const Expr& x) { return x / abs(x); },
       [](long double x) { return x > 0   ? 1.0L
                                  : x < 0 ? -1.0L
                                          : 0.0L; },
       nullptr,
       {0.0}},
  };
  return all;
}

template <class T>
void check_forms() {
  for (const Form& form : forms()) {
    std::vector<T> points;
    for (const double p : {-5000.0, -800.0, -105.0, -50.0, -2.0, -1e-3, -1e-10, 1e-10, 1e-3, 0.5,
                           2.0, 20.0, 50.0, 105.0, 800.0, 5000.0})
      points.push_back(static_cast<T>(p));
    for (const double p : form.more) points.push_back(static_cast<T>(p));
    Expr x = input("x", dtype_of<T>, {"n"});
    std::vector<Expr> outputs{form.written(x)};
    if (form.slope) outputs.push_back(grad(sum(outputs[0]), x));
    const Results found = compile({x}, outputs, {.math = standard})(points);
    const Results as_written = compile({x}, {outputs[0]}, {.math = strict})(points);
    bool differs = false;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const std::string where = fmt::format("{} at {}", form.name, points[i]);
      const auto at = static_cast<long double>(points[i]);
      check_close(found[0].template data<T>()[i], form.truth(at), where);
      if (form.slope)
        check_close(found[1].template data<T>()[i], form.slope(at), "gradient of " + where);
      const auto truth = static_cast<T>(form.truth(at));
      const T plain = as_written[0].template data<T>()[i];
      differs |= std::isnan(plain) != std::isnan(truth) ||
                 std::abs(static_cast<double>(plain) - static_cast<double>(truth)) >
                     1e-3 * std::abs(static_cast<double>(truth));
    }
    INFO(form.name);
    CHECK(differs == form.mends);
  }
}

}  // namespace

TEST_CASE("stable forms are right where what is written is not") {
  SECTION("f64") { check_forms<double>(); }
  SECTION("f32") { check_forms<float>(); }
}

TEST_CASE("log-softmax and logsumexp as written, and their gradients, on extreme rows") {
  constexpr int columns = 3;
  const std::vector<double> rows{1000, 0,  -1000, -1000, -1000.5, -999, 0,  0,   0,
                                 88,   89, 90,    1e4,   1e4,     -1e4, -1, 750, 2};
  const auto count = static_cast<std::int64_t>(rows.size()) / columns;
  Expr x = input("x", f64, {"n", columns});
  Expr total = sum(exp(x), axis(1).keepdims());
  Expr p = exp(x) / total, logs = log(softmax(x)), spread = log(sum(exp(x), axis(1)));
  Expr picked = sum(logs[{ellipsis, 0}]);
  const Function f =
      compile({x}, {p, logs, spread, grad(picked, x), grad(sum(spread), x)}, {.math = standard});
  const Array values = Array::zeros<double>({count, columns});
  std::copy(rows.begin(), rows.end(), values.data<double>());
  const Results found = f(values);
  for (std::int64_t r = 0; r < count; ++r) {
    const double* row = rows.data() + r * columns;
    const long double top = std::max({row[0], row[1], row[2]});
    long double sum_of = 0;
    for (int c = 0; c < columns; ++c) sum_of += std::exp(row[c] - top);
    const long double log_total = std::log(sum_of) + top;
    check_close(found[2].data<double>()[r], log_total, fmt::format("logsumexp of row {}", r));
    for (int c = 0; c < columns; ++c) {
      const auto i = static_cast<std::size_t>(r * columns + c);
      const std::string where = fmt::format("row {}, column {}", r, c);
      const long double share = std::exp(row[c] - top) / sum_of;
      const long double log_share = row[c] - top - std::log(sum_of);
      check_close(found[0].data<double>()[i], share, "softmax, " + where);
      check_close(found[1].data<double>()[i], log_share, "log softmax, " + where);
      // 1 - share cancels for the first column: compared with room for it.
      const double slope = found[3].data<double>()[i];
      CHECK(std::fabs(slope - static_cast<double>((c == 0 ? 1 : 0) - share)) < 1e-15);
      check_close(found[4].data<double>()[i], share, "gradient of logsumexp, " + where);
    }
  }
}

TEST_CASE("fast may change NaNs and signed zeros; standard and strict keep them") {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> points{-0.0, 0.0, nan, infinity, 3.0};
  Expr x = input("x", f64, {"n"});
  const Exprs outputs{x * 0.0, x - x, x / x, 0.0 - x, x + 0.0};
  const auto run = [&](Math math) { return compile({x}, outputs, {.math = math})(points); };
  for (const Math math : {strict, standard}) {
    const Results r = run(math);
    const auto at = [&](std::size_t k, std::size_t i) { return r[k].data<double>()[i]; };
    CHECK(std::signbit(at(0, 0)));
    CHECK(std::isnan(at(0, 2)));
    CHECK(std::isnan(at(0, 3)));
    CHECK(std::isnan(at(1, 3)));
    CHECK(std::isnan(at(2, 1)));
    CHECK_FALSE(std::signbit(at(3, 1)));  // 0 - 0
    CHECK_FALSE(std::signbit(at(4, 0)));  // -0 + 0
  }
  const Results r = run(fast);
  for (std::size_t i = 0; i < points.size(); ++i) {
    CHECK(r[0].data<double>()[i] == 0);
    CHECK(r[1].data<double>()[i] == 0);
    CHECK(r[2].data<double>()[i] == 1);
  }
  CHECK(std::signbit(r[3].data<double>()[1]));  // -x
  CHECK(std::signbit(r[4].data<double>()[0]));  // x
}

TEST_CASE("stated facts are checked at every call") {
  Expr x = input("x", f32, {"n"});
  const Function f = compile({x}, {sum(x[slice(0, 8)])},
                             {.facts = {divisible("n", 8), at_least("n", 8)}, .name = "blocks"});
  CHECK(f(std::vector<float>(16, 1.0f)).single().item<float>() == 8);
  const auto message = [&](const std::function<void()>& run) -> std::string {
    try {
      run();
    } catch (const UserError& error) {
      return error.message();
    }
    return "no error";
  };
  CHECK(message([&] { (void)f(std::vector<float>(12, 1.0f)); }) ==
        "blocks: n % 8 == 0 was stated when it was compiled, but mod(n, 8) is 4");
  CHECK(message([&] { (void)f(std::vector<float>{}); }) ==
        "blocks: n >= 8 was stated when it was compiled, but min(8, n) is 0");
  CHECK(message([&] { (void)compile({x}, {x}, {.facts = {divisible("k", 8)}}); }) ==
        "compile: the fact k % 8 == 0: no input or shared variable has an extent k");
  CHECK(message([&] { (void)compile({x}, {x}, {.facts = {divisible("n", 0)}}); }) ==
        "compile: the fact n % 0 == 0: a divisor is at least 1");
}
