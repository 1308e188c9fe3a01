// What dims may be when a function is called: slices whose bounds are values, extents that are
// negative, axes without elements. The same is asked of compiled functions and of both evaluators.
#include <catch2/catch.hpp>
#include <limits>
#include <optional>

#include "frontend/build.hpp"
#include "frontend/croton/croton.hpp"
#include "ir/evaluate.hpp"
#include "runtime/compile.hpp"
#include "runtime/module_file.hpp"

using namespace croton;
using Catch::Contains;

namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min(),
                       kMost = std::numeric_limits<std::int64_t>::max();

// Python's slice.indices: what is left of 0, 1, ... n - 1.
std::vector<std::int64_t> sliced(std::int64_t n, std::optional<std::int64_t> start,
                                 std::optional<std::int64_t> stop, std::int64_t step) {
  const std::int64_t lower = step > 0 ? 0 : -1, upper = step > 0 ? n : n - 1;
  const auto bound = [&](std::optional<std::int64_t> given, std::int64_t open) {
    if (!given) return open;
    if (*given < 0) return *given < -n ? lower : std::max(*given + n, lower);
    return std::min(*given, upper);
  };
  const std::int64_t first = bound(start, step > 0 ? lower : upper),
                     end = bound(stop, step > 0 ? upper : lower);
  std::vector<std::int64_t> out;
  for (std::int64_t i = first; step > 0 ? i < end : i > end; i += step) out.push_back(i);
  return out;
}

// What both evaluators say to an expression.
std::vector<std::string> evaluated(const Expr& expr, const std::vector<Expr>& inputs,
                                   const std::vector<Array>& arrays) {
  std::vector<ir::Binding> leaves;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    leaves.emplace_back(detail::value_of(inputs[i]), runtime::literal_of(arrays[i]));
  const std::vector<ir::Value> roots{detail::value_of(expr)};
  std::vector<std::string> out;
  const auto say = [&](const auto& run) {
    try {
      out.push_back(run());
    } catch (const UserError& error) {
      out.push_back(error.message());
    }
  };
  say([&] {
    (void)ir::evaluate_exact(roots, leaves);
    return "an answer";
  });
  say([&] {
    (void)ir::evaluate_reference(roots, leaves);
    return "an answer";
  });
  return out;
}

// Compiled and by both evaluators, the expression is refused with this text.
void check_refused(const Expr& expr, const std::vector<Expr>& inputs,
                   const std::vector<Array>& arrays, const std::string& text) {
  INFO(text << " of " << expr.text());
  std::vector<ArrayView> views(arrays.begin(), arrays.end());
  Function f = compile(inputs, {expr}, {.allow_unused = true, .name = "f"});
  CHECK_THROWS_WITH(f.call(views), Contains("f: " + text) && Contains("bounds_test.cpp:"));
  for (const std::string& said : evaluated(expr, inputs, arrays)) CHECK(said == text);
}

}  // namespace

TEST_CASE("slice bounds that are values count from the end and are clamped as Python's") {
  Expr x = input("x", i64, {"n"}), a = input("a", i64, {}), b = input("b", i64, {});
  for (const std::int64_t step : {1, 2, 3, -1, -2, -3}) {
    Function both = compile({x, a, b}, {x[slice(a, b, step)]}, {.name = "both"});
    Function from = compile({x, a}, {x[slice(a, none, step)]}, {.name = "from"});
    Function to = compile({x, b}, {x[slice(none, b, step)]}, {.name = "to"});
    for (const std::int64_t n : {0, 1, 2, 5}) {
      const Array numbers = Array::arange(i64, n);
      for (std::int64_t start = -n - 2; start <= n + 2; ++start) {
        INFO(n << " " << start << " " << step);
        CHECK(from(numbers, start).single().same_values(Array::of(sliced(n, start, {}, step))));
        CHECK(to(numbers, start).single().same_values(Array::of(sliced(n, {}, start, step))));
        for (std::int64_t stop = -n - 2; stop <= n + 2; ++stop)
          CHECK(both(numbers, start, stop)
                    .single()
                    .same_values(Array::of(sliced(n, start, stop, step))));
      }
      for (const std::int64_t far : {kLeast, kLeast + 1, kMost})
        for (const std::int64_t stop : {kLeast, kMost})
          CHECK(
              both(numbers, far, stop).single().same_values(Array::of(sliced(n, far, stop, step))));
    }
  }
}

TEST_CASE("slice bounds of unsigned values, and steps beyond every extent") {
  Expr x = input("x", i64, {"n"}), k = input("k", u64, {});
  const Array numbers = Array::arange(i64, 5);
  Function f = compile({x, k}, {x[slice(none, k)], x[slice(k, none, -1)],
                                x[slice(none, none, kMost)], x[slice(none, none, kLeast)]});
  const Results r = f(numbers, std::uint64_t{1} << 63);
  CHECK(r[0].same_values(numbers));
  CHECK(r[1].same_values(Array::of<std::int64_t>({4, 3, 2, 1, 0})));
  CHECK(r[2].same_values(Array::of<std::int64_t>({0})));
  CHECK(r[3].same_values(Array::of<std::int64_t>({4})));
  Array most = Array::uninitialized(u64, {});
  most.data<std::uint64_t>()[0] = ~std::uint64_t{0};
  Function known = compile({x}, {x[slice(none, constant(most))]}, {.name = "known"});
  CHECK(known(numbers).single().same_values(numbers));
}

TEST_CASE("slice bounds that are dims count from the end when they are negative") {
  Expr x = input("x", i64, {"n"});
  const Dim n("n");
  for (const std::int64_t step : {1, 2, -1, -2}) {
    Function f = compile({x}, {x[slice(n - 3, none, step)], x[slice(none, n - 3, step)],
                               x[slice(n - 1, none, step)], x[slice(none, n - 1, step)],
                               x[slice(1 - n, n - 2, step)], x[slice(n * 2, 0 - n, step)]});
    for (const std::int64_t count : {0, 1, 2, 3, 4, 7}) {
      INFO(count << " " << step);
      const Results r = f(Array::arange(i64, count));
      const auto is = [&](std::size_t k, std::optional<std::int64_t> a,
                          std::optional<std::int64_t> b) {
        CHECK(r[k].same_values(Array::of(sliced(count, a, b, step))));
      };
      is(0, count - 3, {});
      is(1, {}, count - 3);
      is(2, count - 1, {});
      is(3, {}, count - 1);
      is(4, 1 - count, count - 2);
      is(5, count * 2, -count);
    }
  }
}

TEST_CASE("slices as they are written need no check when the function is called") {
  Expr x = input("x", f64, {"n"}), k = input("k", i64, {}), m = input("m", f64, {"m"});
  const Dim n("n");
  std::vector<Expr> outputs;
  for (const std::int64_t step : {1, 2, 3, -1, -2, -3})
    for (const Slice& s :
         {slice(none, none, step), slice(1, none, step), slice(none, 1, step), slice(1, -1, step),
          slice(-3, -1, step), slice(k, none, step), slice(none, k, step), slice(k, k + 10, step),
          slice(n - 1, none, step), slice(none, Dim("m"), step)})
      outputs.push_back(x[s]);
  for (const Expr& output : outputs) {
    const ir::Module module = detail::module_of({x, k, m}, {output}, {.allow_unused = true}, {});
    INFO(output.text());
    CHECK(runtime::prepare(module).module.requires_.empty());
  }
  // Slices of slices stay short.
  Expr inner = x;
  for (int i = 0; i < 9; ++i) inner = inner[slice(1, -1)];
  CHECK(inner.shape()[0].text() == "max(0, n - 18)");
  CHECK(x[slice(none, none, 2)].shape()[0].text() == "floordiv(n + 1, 2)");
  CHECK(x[slice(1, none)].shape()[0].text() == "max(0, n - 1)");
}

TEST_CASE("set and increment of slices with run-time bounds, and their gradients") {
  Expr x = input("x", f64, {"n"}), k = input("k", i64, {});
  Function f =
      compile({x, k}, {set(x, {slice(k, none)}, 0.0), increment(x, {slice(none, k, -1)}, 1.0),
                       grad(sum(sqr(x[slice(k, none)])), x)});
  for (std::int64_t count : {0, 1, 4})
    for (std::int64_t at = -count - 1; at <= count + 1; ++at) {
      const Array numbers = Array::normal(f64, {count}, 3);
      std::vector<double> zeroed, raised, slope(static_cast<std::size_t>(count), 0.0);
      for (std::int64_t i = 0; i < count; ++i) zeroed.push_back(numbers.data<double>()[i]);
      raised = zeroed;
      for (const std::int64_t i : sliced(count, at, {}, 1)) {
        slope[static_cast<std::size_t>(i)] = 2 * zeroed[static_cast<std::size_t>(i)];
        zeroed[static_cast<std::size_t>(i)] = 0;
      }
      for (const std::int64_t i : sliced(count, {}, at, -1))
        raised[static_cast<std::size_t>(i)] += 1;
      const Results r = f(numbers, at);
      CHECK(r[0].same_values(Array::of(zeroed)));
      CHECK(r[1].same_values(Array::of(raised)));
      CHECK(r[2].same_values(Array::of(slope)));
    }
}

TEST_CASE("taking from an axis without elements is an error, unless nothing is taken") {
  Expr x = input("x", f64, {"n", 3}), i = input("i", i64, {"k"}), v = input("v", f64, {"k", 3});
  const Array none_of = Array::uninitialized(f64, {0, 3}), two = Array::of<std::int64_t>({0, 5}),
              nothing = Array::uninitialized(i64, {0});
  const std::string text =
      "every index is out of bounds for axis 0 with size 0: n is 0 and min(1, k) is 1, but it must "
      "not be less";
  check_refused(x[i], {x, i}, {none_of, two}, text);
  check_refused(set(x, {i}, v), {x, i, v}, {none_of, two, Array::zeros<double>({2, 3})}, text);
  check_refused(increment(x, {i}, 1.0), {x, i}, {none_of, two}, text);
  Function take = compile({x, i}, {x[i]}, {.name = "take"});
  CHECK(take(none_of, nothing).single().shape() == Extents{0, 3});
  const ArrayView null(static_cast<double*>(nullptr), {0, 3});
  CHECK(take(null, nothing).single().shape() == Extents{0, 3});
  CHECK_THROWS_WITH(take(null, two), Contains("axis 0 with size 0"));
  Expr fixed = input("fixed", f64, {0, 3});
  CHECK_THROWS_WITH((fixed[{constant(Array::of<std::int64_t>({1}))}]),
                    Contains("every index is out of bounds for axis 0 with size 0"));
  // A row of labels without classes.
  Expr scores = input("scores", f32, {"n", "c"}), labels = input("labels", i64, {"n"});
  Function loss =
      compile({scores, labels}, {mean(cross_entropy(scores, labels))}, {.name = "loss"});
  CHECK_THROWS_WITH(loss(Array::uninitialized(f32, {2, 0}), two),
                    Contains("loss: ") && Contains("c is 0"));
}

TEST_CASE("the largest of nothing is an error wherever there is a result, as in NumPy") {
  Expr x = input("x", f64, {"n", "m"});
  const Array rows = Array::uninitialized(f64, {2, 0}), columns = Array::uninitialized(f64, {0, 2}),
              nothing = Array::uninitialized(f64, {0, 0});
  const std::string empty = "axis 1 is empty, and this reduction has no identity: m is 0";
  check_refused(max(x, axis(1)), {x}, {rows},
                empty + " and min(1, n) is 1, but it must not be less");
  check_refused(min(x, axis(1)), {x}, {rows},
                empty + " and min(1, n) is 1, but it must not be less");
  check_refused(max(x), {x}, {rows}, empty + ", not at least 1");
  check_refused(argmax(x, axis(1)), {x}, {rows}, empty + ", not at least 1");
  check_refused(argmin(x, axis(1)), {x}, {nothing}, empty + ", not at least 1");
  Function f = compile({x}, {max(x, axis(1)), sum(x, axis(1)), prod(x, axis(1))}, {.name = "f"});
  CHECK(f(columns)[0].shape() == Extents{0});
  CHECK(f(nothing)[0].shape() == Extents{0});
  Function sums = compile({x}, {sum(x), prod(x), any(cast(x, boolean)), all(cast(x, boolean))});
  CHECK(sums(rows)[0].item<double>() == 0);
  CHECK(sums(rows)[1].item<double>() == 1);
  CHECK(!sums(rows)[2].item<bool>());
  CHECK(sums(rows)[3].item<bool>());
  // What is written with sums has an answer, and keeps it when it is made stable.
  Function soft = compile({x}, {softmax(x), exp(x) / sum(exp(x), axis(1).keepdims())});
  for (const Array& given : {rows, columns, nothing})
    for (const Array& found : soft(given)) CHECK(found.shape() == given.shape());
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(compile({x}, {log(sum(exp(x)))})(rows).single().item<double>() == -infinity);
  CHECK(compile({x}, {grad(log(sum(exp(x))), x)})(rows).single().shape() == Extents{2, 0});
}

TEST_CASE("an extent that comes out negative is refused before anything runs") {
  Expr x = input("x", f64, {"n"}), k = input("k", i64, {});
  const Dim n("n");
  const Array two = Array::zeros<double>({2});
  check_refused(sum(full({n - 3}, 1, f64)), {x}, {two},
                "the extent n - 3 is negative: n - 3 is -1, not at least 0");
  check_refused(sum(reshape(x, {n - 3, n - 4})), {x}, {two},
                "the extent n - 3 is negative: n - 3 is -1, not at least 0");
  check_refused(sum(broadcast_to(constant(1, f64), {n - 3})), {x}, {two},
                "the extent n - 3 is negative: n - 3 is -1, not at least 0");
  check_refused(sum(eye(n - 3, f64)), {x}, {two},
                "the extent n - 3 is negative: n - 3 is -1, not at least 0");
  // NumPy's arange has no elements then.
  CHECK(compile({x}, {arange(n - 3)}, {.name = "f"})(two).single().shape() == Extents{0});
  CHECK(compile({x}, {sum(full({n - 2}, 1, f64))}, {.name = "f"})(two).item<double>() == 0);
}

TEST_CASE("a dim that divides by 0 is refused") {
  Expr x = input("x", f64, {"n"}), y = input("y", f64, {"m"});
  const Dim n("n"), m("m");
  const std::vector<Array> arrays{Array::zeros<double>({4}), Array::uninitialized(f64, {0})};
  check_refused(sum(ones({Dim::floordiv(n, m)}, f64)), {x, y}, arrays,
                "floordiv(n, m) divides by 0: m is 0");
  check_refused(sum(ones({Dim::mod(n, m) + 1}, f64)), {x, y}, arrays,
                "mod(n, m) + 1 divides by 0: m is 0");
  check_refused(reshape(x, {-1, m}), {x, y}, arrays, "floordiv(n, m) divides by 0: m is 0");
  CHECK_THROWS_WITH(compile({x}, {ones({Dim::floordiv(n, 0)}, f64)}, {.name = "f"}),
                    Contains("f: floordiv(n, 0) divides by 0") && Contains("bounds_test.cpp:"));
}

TEST_CASE("values in messages about dims are called after their inputs") {
  Expr x = input("x", f64, {"n"}), k = input("k", i32, {});
  Function f = compile({x, k}, {x + cast(arange(k * 2), f64)}, {.name = "f"});
  CHECK_THROWS_WITH(f(std::vector{1.0}, 1),
                    Contains("value(mul)") && Contains("n is 1") && Contains("bounds_test.cpp:"));
}

TEST_CASE("an extent may be told by a later argument or a variable, also to formulas before it") {
  const Array four = Array::of<double>({1, 2, 3, 4}), one = Array::of<double>({10});
  const Array square = Array::of<double>({1, 2, 3, 4}, {2, 2});
  const Expr x = input("x", f64, {Dim("k") + 3}), y = input("y", f64, {"k"});
  const Expr middle = x[slice(2, Dim("k") + 2)];
  CHECK(compile({x, y}, {middle + y})(four, one).single().same_values(Array::of<double>({13})));
  CHECK_THROWS_WITH(compile({x, y}, {middle + y}, {.name = "f"})(four, four),
                    Contains("f: argument x was given 4 along axis 0, but k + 3 is 7 elsewhere"));
  const Shared w = shared("w", one, {"k"});
  CHECK(compile({x}, {middle + w})(four).single().same_values(Array::of<double>({13})));
  const Expr flat = input("flat", f64, {Dim("p") * Dim("q")}), m = input("m", f64, {"p", "q"});
  CHECK(compile({flat, m}, {reshape(flat, {"p", "q"}) - m})(four, square)
            .single()
            .same_values(Array::zeros<double>({2, 2})));
  // A dim that is a value, computed from an extent that a variable tells.
  const Expr z = input("z", f64, {"n"});
  const Shared v = shared("v", Array::of<double>({1, 2, 3}), {"c"});
  const Results results =
      compile({z}, {sum(z[slice(0, sum(arange(Dim("c"))) - 1)]), v + 1.0})(four);
  CHECK(results[0].item<double>() == 3);
}

TEST_CASE("an extent that nothing tells is refused") {
  const Expr x = input("x", f64, {Dim("k") + 3}), y = input("y", f64, {"n"});
  const auto check = [](const Expr& given, const Expr& result) {
    CHECK_THROWS_WITH(compile({given}, {result}, {.name = "f"}),
                      Contains("f: no input or shared variable has an extent k\n") &&
                          Contains("bounds_test.cpp:"));
  };
  check(x, x * 2.0);
  check(y, sum(y) + cast(sum(arange(Dim("k"))), f64));
}

TEST_CASE("dims beyond 64 bits are errors, not other dims") {
  const std::int64_t huge = std::int64_t{1} << 62;
  Expr x = input("x", u8, {huge, 4});
  CHECK_THROWS_WITH(compile({x}, {sum(x)}), Contains("a dim exceeds 64 bits"));
  CHECK_THROWS_WITH(reshape(input("x", u8, {huge}), {2, 2, huge}),
                    Contains("a dim exceeds 64 bits"));
  CHECK_THROWS_WITH(input("x", f64, {~std::uint64_t{0}}), Contains("a dim exceeds 64 bits"));
  CHECK_THROWS_WITH(concatenate({input("x", u8, {huge}), input("y", u8, {huge})}),
                    Contains("exceeds 64 bits"));
}

TEST_CASE("a product of dims that grows without end is refused") {
  Dim product(1);
  const auto grow = [&] {
    for (int i = 0; i < 20; ++i) product = product * (Dim("n" + std::to_string(i)) + 1);
  };
  CHECK_THROWS_WITH(grow(),
                    "a product of dims has 8192 terms when it is multiplied out, and may "
                    "have 4096");
}

TEST_CASE("indices of u64 beyond i64 are out of range, and do not count from the end") {
  Expr x = input("x", f64, {"n"}), i = input("i", u64, {"k"});
  const Array three = Array::of<double>({1, 2, 3});
  const Array last = Array::of<std::uint64_t>({0, ~std::uint64_t{0}});
  Function f = compile({x, i}, {x[i]}, {.name = "f"});
  CHECK_THROWS_WITH(
      f(three, last),
      Contains("f: index 18446744073709551615 is out of bounds for axis 0 with size 3") &&
          Contains("bounds_test.cpp:"));
  for (const std::string& said : evaluated(x[i], {x, i}, {three, last}))
    CHECK(said == "index 18446744073709551615 is out of bounds for axis 0 with size 3");
}

TEST_CASE("an array without elements is not read, and needs no memory") {
  Expr x = input("x", f32, {"n", "k"}), y = input("y", f32, {"m", "k"});
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  const ArrayView none(static_cast<const float*>(nullptr), {0, 3}), some(numbers.data(), {2, 3});
  const auto found = [&](const Expr& e) {
    return compile({x, y}, {e}, {.allow_unused = true})(none, some).single();
  };
  const Array same = Array::of(numbers, {2, 3});
  CHECK(found(concatenate({x, y}, 0)).same_values(same));
  CHECK(found(concatenate({y, flip(x)}, 0)).same_values(same));
  CHECK(found(concatenate({x, y, x, y}, 0) + 0.0).shape() == Extents{4, 3});
  CHECK(found(transpose(concatenate({x, y}, 0))).same_values(found(transpose(y))));
  CHECK(found(sum(concatenate({exp(x), y}, 0), axis(0))).same_values(found(sum(y, axis(0)))));
  CHECK(found(cumsum(concatenate({x, y}, 0), 0)).same_values(found(cumsum(y, 0))));
  CHECK(found(set(y, {slice(0, x.dim(0))}, exp(x))).same_values(same));
  CHECK(found(increment(y, {slice(0, x.dim(0))}, x)).same_values(same));
}
