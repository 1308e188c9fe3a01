// Whole kernels against plain loops in double precision, over extents around every boundary of the
// contract of results.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>

#include "frontend/croton/croton.hpp"
#include "runtime/target.hpp"

using namespace croton;

namespace {

Array random_array(Extents shape, std::uint64_t seed) {
  return Array::normal(f32, std::move(shape), seed);
}

double at(const Array& a, std::int64_t i, std::int64_t j) {
  return a.data<float>()[i * a.shape()[1] + j];
}

const std::vector<std::int64_t> kExtents{0, 1, 3, 7, 8, 9, 63, 64, 65, 130, 511, 512, 513, 1100};

bool close(double a, double b, double scale) { return std::abs(a - b) <= 1e-6 * scale + 1e-6; }

}  // namespace

TEST_CASE("sums over every axis of every extent, symbolic and known") {
  Expr s = input("s", f32, {"m", "n"});
  Function symbolic = compile({s}, {sum(s), sum(s, axis(0)), sum(s, axis(1))}, {.name = "sums"});
  for (const std::int64_t m : kExtents)
    for (const std::int64_t n : {0, 1, 10, 64, 65, 257}) {
      const Array x = random_array({m, n}, static_cast<std::uint64_t>(m * 7919 + n));
      const Results r = symbolic(x);
      double total = 0;
      for (std::int64_t i = 0; i < m; ++i) {
        double row = 0;
        for (std::int64_t j = 0; j < n; ++j) row += at(x, i, j);
        total += row;
        REQUIRE(close(r[2].data<float>()[i], row, std::sqrt(static_cast<double>(n))));
      }
      for (std::int64_t j = 0; j < n; ++j) {
        double column = 0;
        for (std::int64_t i = 0; i < m; ++i) column += at(x, i, j);
        REQUIRE(close(r[1].data<float>()[j], column, std::sqrt(static_cast<double>(m))));
      }
      REQUIRE(close(r[0].item<float>(), total, std::sqrt(static_cast<double>(m * n))));
    }
  for (const std::int64_t n : {1, 10, 65, 513, 5000, 20000}) {
    Expr k = input("k", f32, {n, 3});
    const Array x = random_array({n, 3}, 5);
    const Results known =
        compile({k}, {sum(k), sum(k, axis(0)), sum(k, axis(1))}, {.name = "known"})(x);
    const Results open = symbolic(x);
    for (std::size_t i = 0; i < 3; ++i) CHECK(known[i].same_values(open[i]));
  }
}

TEST_CASE("sums of long rows combine their chunks in the pairwise tree of the contract") {
  constexpr std::int64_t kChunk = 4096, kLanes = 64;
  const auto chunk_sum = [](const float* x, std::int64_t count) {
    std::vector<float> lanes(kLanes, -0.0f);
    for (std::int64_t i = 0; i < count; ++i) lanes[i % kLanes] += x[i];
    for (std::int64_t half = kLanes / 2; half >= 1; half /= 2)
      for (std::int64_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    return lanes[0];
  };
  // The left part is the largest power of two below the number of chunks.
  const std::function<float(const float*, std::int64_t)> tree = [&](const float* x,
                                                                    std::int64_t count) {
    if (count <= kChunk) return chunk_sum(x, count);
    std::int64_t left = kChunk;
    while (2 * left < count) left *= 2;
    return tree(x, left) + tree(x + left, count - left);
  };
  Expr s = input("s", f32, {"m", "n"});
  Function f = compile({s}, {sum(s, axis(1))}, {.name = "rows"});
  for (const std::int64_t chunks : {1, 2, 3, 4, 5, 31, 32, 33, 62, 63, 64, 65, 127, 128, 129, 300})
    for (const std::int64_t beyond : {-4095, -1000, -1, 0}) {
      const std::int64_t n = kChunk * chunks + beyond;
      const Array x = random_array({2, n}, static_cast<std::uint64_t>(n));
      const Array sums = f(x)[0];
      INFO(n);
      for (std::int64_t i = 0; i < 2; ++i)
        CHECK(sums.data<float>()[i] == tree(x.data<float>() + i * n, n));
    }
}

TEST_CASE("transposed values of every extent around a block, alone and with others beside them") {
  const std::vector<std::int64_t> extents{0, 1, 15, 16, 17, 31, 32, 33, 50};
  Expr x = input("x", f32, {2, "m", "n"}), y = input("y", f32, {2, "n", "m"});
  const Expr turned = permute(x, {0, 2, 1});
  Function symbolic = compile({x, y}, {turned, turned * 2 + y, cast(turned > y, i64)});
  for (const std::int64_t m : extents)
    for (const std::int64_t n : extents) {
      const Array a = random_array({2, m, n}, static_cast<std::uint64_t>(m * 97 + n)),
                  b = random_array({2, n, m}, static_cast<std::uint64_t>(m * 89 + n));
      const Results r = symbolic(a, b);
      INFO(m << " " << n);
      bool right = true;
      for (std::int64_t i = 0; i < 2 * m * n; ++i) {
        const std::int64_t batch = i / (m * n), row = i / m % n, column = i % m;
        const float from = a.data<float>()[(batch * m + column) * n + row],
                    other = b.data<float>()[i];
        right = right && r[0].data<float>()[i] == from &&
                r[1].data<float>()[i] == std::fma(from, 2.0f, other) &&
                r[2].data<std::int64_t>()[i] == (from > other);
      }
      CHECK(right);
      if (m % 3 != 0) continue;
      Expr k = input("k", f32, {m, n});
      const Array first = random_array({m, n}, 7);
      CHECK(
          compile({k}, {transpose(k)}, {.name = "known"})(first)[0].same_values(first.transpose()));
    }
}

TEST_CASE("results do not depend on the number of threads") {
  Expr x = input("x", f32, {"m", "n"}), w = input("w", f32, {"n", 70});
  const std::vector<Expr> outputs{sum(tanh(x)), sum(x, axis(0)), softmax(matmul(x, w)),
                                  logsumexp(x, axis(1))};
  const Array a = random_array({700, 300}, 1), b = random_array({300, 70}, 2);
  const Results one = compile({x, w}, outputs, {.name = "threads", .threads = 1})(a, b);
  const Results two = compile({x, w}, outputs, {.name = "threads", .threads = 2})(a, b);
  for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(one[i].same_values(two[i]));
}

TEST_CASE("products of every small shape, plain and transposed, f32 and integers") {
  for (const std::int64_t m : {0, 1, 2, 6, 7, 13})
    for (const std::int64_t k : {0, 1, 5, 64})
      for (const std::int64_t n : {1, 3, 16, 63, 64, 65, 130}) {
        Expr a = input("a", f32, {"m", "k"}), b = input("b", f32, {"k", n});
        Expr c = input("c", f32, {n, "k"});
        static std::map<std::int64_t, Function> functions;
        if (!functions.contains(n))
          functions.emplace(
              n, compile({a, b, c}, {matmul(a, b), matmul(a, transpose(c))}, {.name = "product"}));
        const Array x = random_array({m, k}, 3), y = random_array({k, n}, 4);
        const Results r = functions.at(n)(x, y, y.transpose());
        CHECK(r[0].same_values(r[1]));
        for (std::int64_t i = 0; i < m; ++i)
          for (std::int64_t j = 0; j < n; ++j) {
            float chain = 0;  // the contract: one fused multiply-add chain, ascending
            for (std::int64_t p = 0; p < k; ++p)
              chain = std::fmaf(x.data<float>()[i * k + p], y.data<float>()[p * n + j], chain);
            REQUIRE(r[0].data<float>()[i * n + j] == chain);
          }
      }
  Expr a = input("a", i32, {2, 3}), b = input("b", i32, {3, 2});
  CHECK(compile({a, b}, {matmul(a, b)})(Array::of<std::int32_t>({1, 2, 3, 4, 5, 6}, {2, 3}),
                                        Array::of<std::int32_t>({1, 2, 3, 4, 5, 6}, {3, 2}))
            .single()
            .same_values(Array::of<std::int32_t>({22, 28, 49, 64}, {2, 2})));
}

TEST_CASE("small integer products of known extents are those of plain loops") {
  const auto check = [](DType dtype, auto zero) {
    using T = decltype(zero);
    for (const std::int64_t m : {2, 4, 7})
      for (const std::int64_t k : {2, 3})
        for (const std::int64_t n : {5, 7, 8}) {
          const Expr a = input("a", dtype, {m, k}), b = input("b", dtype, {n, k});
          const Function f = compile({a, b}, {matmul(a, transpose(b))}, {.name = "small"});
          const Array x = Array::integers(dtype, {m, k}, 1, 0, 100),
                      y = Array::integers(dtype, {n, k}, 2, 0, 100), z = f(x, y).single();
          for (std::int64_t i = 0; i < m; ++i)
            for (std::int64_t j = 0; j < n; ++j) {
              T sum = 0;
              for (std::int64_t p = 0; p < k; ++p)
                sum += x.data<T>()[i * k + p] * y.data<T>()[j * k + p];
              INFO(name(dtype) << " " << m << " x " << k << " x " << n << ", " << i << ", " << j);
              CHECK(z.data<T>()[i * n + j] == sum);
            }
        }
  };
  check(i64, std::int64_t{});
  check(i32, std::int32_t{});
  check(u64, std::uint64_t{});
}

TEST_CASE("batched products and vectors follow matmul") {
  Expr a = input("a", f64, {2, 3, 4}), b = input("b", f64, {4, 5}), v = input("v", f64, {4});
  Function f = compile({a, b, v}, {matmul(a, b), matmul(a, v), dot(v, v), matmul(v, b)});
  const Array x = Array::normal(f64, {2, 3, 4}, 1), y = Array::normal(f64, {4, 5}, 2),
              z = Array::normal(f64, {4}, 3);
  const Results r = f(x, y, z);
  for (std::int64_t i = 0; i < 6; ++i)
    for (std::int64_t j = 0; j < 5; ++j) {
      double s = 0;
      for (std::int64_t k = 0; k < 4; ++k)
        s += x.data<double>()[i * 4 + k] * y.data<double>()[k * 5 + j];
      CHECK(r[0].data<double>()[i * 5 + j] == Approx(s));
    }
  CHECK(r[1].shape() == Extents{2, 3});
  double s = 0;
  for (std::int64_t k = 0; k < 4; ++k) s += z.data<double>()[k] * z.data<double>()[k];
  CHECK(r[2].item<double>() == Approx(s));
  CHECK(r[3].shape() == Extents{5});
}

TEST_CASE("extremes, positions and logic over axes, with NaN") {
  Expr x = input("x", f64, {"m", "n"});
  Function f =
      compile({x}, {max(x, axis(1)), min(x, axis(0)), argmax(x, axis(1)), argmin(x), any(x > 2.0),
                    all(x > -10.0, axis(0)), prod(x, axis(1)), cumsum(x, 1)});
  const double nan = std::nan("");
  const Results r = f(Array::of<double>({1, 3, 3, -2, nan, 9}, {2, 3}));
  CHECK(r[0].same_values(Array::of<double>({3, nan})));
  CHECK(r[1].same_values(Array::of<double>({-2, nan, 3})));
  CHECK(r[2].same_values(Array::of<std::int64_t>({1, 1})));
  CHECK(r[3].item<std::int64_t>() == 4);
  CHECK(r[4].item<bool>());
  CHECK(r[6].data<double>()[0] == 9);
  CHECK(r[7].same_values(Array::of<double>({1, 4, 7, -2, nan, nan}, {2, 3})));
}

TEST_CASE("movement, slices, gathers and updates follow NumPy") {
  Expr x = input("x", f64, {"m", 4}), i = input("i", i64, {"k"});
  const Array a = Array::arange(f64, 12).reshape({3, 4});
  const Array at = Array::of<std::int64_t>({2, 0, -1, 2});
  Function f =
      compile({x, i}, {transpose(x), flip(x, axis(1)), x[{slice(none, none, -2), slice(1, 3)}],
                       x[i], x[{i, i}], concatenate({x, x[slice(0, 1)]}, 0), increment(x, {i}, 1.0),
                       set(x, {slice(1, none), 2}, -5.0), x[1], reshape(x, {-1, 2}),
                       one_hot(i, 3, f64), x[{ellipsis, newaxis, 0}]});
  const Results r = f(a, at);
  CHECK(r[0].same_values(a.transpose().contiguous()));
  CHECK(r[1].same_values(Array::of<double>({3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8}, {3, 4})));
  CHECK(r[2].same_values(Array::of<double>({9, 10, 1, 2}, {2, 2})));
  CHECK(r[3].same_values(
      Array::of<double>({8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11}, {4, 4})));
  CHECK(r[4].same_values(Array::of<double>({10, 0, 11, 10})));
  CHECK(r[5].shape() == Extents{4, 4});
  CHECK(r[5].data<double>()[12] == 0);
  CHECK(r[6].same_values(Array::of<double>({1, 2, 3, 4, 4, 5, 6, 7, 11, 12, 13, 14}, {3, 4})));
  CHECK(r[7].same_values(Array::of<double>({0, 1, 2, 3, 4, 5, -5, 7, 8, 9, -5, 11}, {3, 4})));
  CHECK(r[8].same_values(Array::of<double>({4, 5, 6, 7})));
  CHECK(r[9].shape() == Extents{6, 2});
  CHECK(r[10].same_values(Array::of<double>({0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1}, {4, 3})));
  CHECK(r[11].shape() == Extents{3, 1});
}

TEST_CASE("strided and negative-stride arguments give the same values") {
  Expr x = input("x", f32, {"m", "n"});
  Function f = compile({x}, {x * 2.0, sum(x, axis(0))});
  const Array a = random_array({40, 30}, 9);
  const Array views[] = {a.transpose(), a.slice(0, 1, 20, 2), a.slice(1, 29, 30, -1)};
  for (const Array& view : views) {
    const Results direct = f(view), copied = f(view.copy());
    CHECK(direct[0].same_values(copied[0]));
    CHECK(direct[1].same_values(copied[1]));
  }
}

TEST_CASE("gradients of a network agree with central differences") {
  Expr x = input("x", f64, {6, 5}), y = input("y", i64, {6});
  Shared w = shared("w", Array::normal(f64, {5, 7}, 1)),
         v = shared("v", Array::normal(f64, {7, 3}, 2));
  Shared b = shared("b", Array::normal(f64, {7}, 3));
  Expr p = softmax(matmul(tanh(matmul(x, w) + b), v));
  CHECK(verify_grad(-mean(log(p)[{arange(x.dim(0)), y}]), {w, v, b}).ok);
  Expr z = input("z", f64, {4, 3});
  CHECK(verify_grad(sum(logsumexp(z, axis(1)) * sum(sigmoid(z) * erf(z), axis(1))), {z}).ok);
  CHECK(verify_grad(sum(max(z, axis(0)) + prod(z, axis(0)) + sum(cumsum(z, 0), axis(0))), {z}).ok);
  CHECK(verify_grad(sum(layer_norm(z, ones({3}, f64), zeros({3}, f64)) * gelu(z)), {z}).ok);
  Expr first = grad(sum(sin(z) * exp(z)), z);
  CHECK(verify_grad(sum(first * first), {z}).ok);
}

TEST_CASE("a textbook loss is stable") {
  Expr s = input("s", f64, {"n", 3}), y = input("y", i64, {"n"});
  Expr loss = -mean(log(softmax(s))[{arange(s.dim(0)), y}]);
  Function f = compile({s, y}, {loss, grad(loss, s)});
  const Results r = f(Array::of<double>({1000, -1000, 0, -1000, 1000, 5}, {2, 3}),
                      Array::of<std::int64_t>({1, 1}));
  CHECK(r[0].item<double>() == Approx(1000));
  CHECK(r[1].same_values(Array::of<double>({0.5, -0.5, 0, 0, 0, 0}, {2, 3})));
}

TEST_CASE("an index made of a full reduction is checked where it is used") {
  Expr x = input("x", i64, {"n"}), w = input("w", f32, {"m"});
  Function f = compile({x, w}, {w[sum(x)]}, {.name = "pick"});
  const Array values = Array::of<float>({1, 2, 3}, {3});
  CHECK(f(Array::of<std::int64_t>({1, 0, 1}, {3}), values).single().item<float>() == 3);
  CHECK(f(Array::of<std::int64_t>({1, -2}, {2}), values).single().item<float>() == 3);
  CHECK_THROWS_WITH(f(Array::of<std::int64_t>({1, 2, 3}, {3}), values),
                    Catch::Contains("index 6 is out of bounds for axis 0 with size 3"));
}

TEST_CASE("products of few columns keep the order of the contract") {
  const bool fused = runtime::host_target().fma;
  const auto chained = [&](float a, float b, float c) {
    return fused ? std::fma(a, b, c) : a * b + c;
  };
  for (const std::int64_t columns : {2, 3, 5, 7, 8, 9, 10, 15, 16, 17})
    for (const std::int64_t inner : {0, 1, 2, 7, 4096, 4097}) {
      const Expr a = input("a", f32, {"m", "k"}), b = input("b", f32, {"k", columns});
      const Function f = compile({a, b}, {matmul(a, b)}, {.name = "narrow"});
      const Array x = random_array({13, inner}, 1), y = random_array({inner, columns}, 2);
      const Array z = f(x, y).single();
      for (std::int64_t i = 0; i < 13; ++i)
        for (std::int64_t j = 0; j < columns; ++j) {
          float total = 0;
          for (std::int64_t block = 0; block < inner; block += 4096) {
            float sum = 0;
            for (std::int64_t k = block; k < std::min(block + 4096, inner); ++k)
              sum = chained(x.data<float>()[i * inner + k], y.data<float>()[k * columns + j], sum);
            total = block == 0 ? sum : total + sum;
          }
          INFO(columns << " columns, " << inner << " inner, at " << i << ", " << j);
          REQUIRE(z.data<float>()[i * columns + j] == total);
        }
    }
}

// The last tile of a known number of columns begins with columns of the tile before it.
TEST_CASE("products of known and symbolic columns are the same bits, with epilogues and in place") {
  constexpr std::int64_t rows = 13, inner = 37;
  const Expr x = input("x", f32, {"m", inner}), g = input("g", f32, {"m", "c"});
  const Expr w = input("w", f32, {inner, "c"});
  const Function layer = compile({x, w}, {tanh(matmul(x, w))}, {.name = "symbolic_layer"});
  const Function step =
      compile({x, g, w}, {w - 0.1f * matmul(transpose(x), g)}, {.name = "symbolic_step"});
  for (const std::int64_t columns :
       {17, 20, 31, 32, 33, 47, 48, 49, 52, 63, 65, 79, 80, 81, 96, 100, 112, 113, 127, 129, 180}) {
    INFO(columns << " columns");
    const Array a = random_array({rows, inner}, 1), b = random_array({rows, columns}, 2),
                c = random_array({inner, columns}, 3);
    const Expr known_g = input("g", f32, {"m", columns});
    const Shared weights = shared("w", c);
    const Expr new_weights = weights - 0.1f * matmul(transpose(x), known_g);
    const Function known = compile({x, known_g}, {tanh(matmul(x, weights))},
                                   {.name = "known", .updates = {{weights, new_weights}}});
    CHECK(known(a, b).single().same_values(layer(a, c).single()));
    CHECK(weights.get().same_values(step(a, b, c).single()));
  }
}

// Rows of several axes fill tiles together; a matrix of all the rows is the same product.
TEST_CASE("products of sequences are those of their rows, whatever the epilogue reads") {
  constexpr std::int64_t inner = 19, columns = 35;
  const Expr w = input("w", f32, {inner, columns}), flat = input("flat", f32, {"m", inner});
  const Function rows = compile({flat, w}, {matmul(flat, w)}, {.name = "rows"});
  const Array weights = random_array({inner, columns}, 2);
  const std::pair<Extents, bool> shapes[] = {
      {{5, 1}, true}, {{4, 2}, true},    {{3, 5}, true},  {{2, 6}, true},    {{3, 7}, false},
      {{1, 1}, true}, {{2, 3, 4}, true}, {{2, 3}, false}, {{2, 1, 5}, false}};
  for (const auto& [leading, known] : shapes) {
    std::int64_t count = 1;
    Extents all = leading;
    Shape shape;
    for (std::size_t i = 0; i < leading.size(); ++i) {
      count *= leading[i];
      shape.push_back(known ? Dim(leading[i]) : Dim(std::string("d") + std::to_string(i)));
    }
    all.push_back(inner), shape.push_back(inner);
    const Expr x = input("x", f32, shape), product = matmul(x, w), sums = sum(x, axis(-1));
    const Function f = compile({x, w}, {product, product + expand_dims(sums, axis(-1)), sums},
                               {.name = "sequences"});
    const Array a = random_array(all, 3);
    const Results r = f(a, weights);
    INFO(count << " rows of " << leading.size() << " axes");
    const Array wanted = rows(a.reshape({count, inner}), weights).single();
    CHECK(r[0].reshape({count, columns}).same_values(wanted));
    for (std::int64_t i = 0; i < count; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        REQUIRE(r[1].data<float>()[i * columns + j] ==
                wanted.data<float>()[i * columns + j] + r[2].data<float>()[i]);
  }
}

TEST_CASE("remainders are exact, whatever the exponents") {
  std::vector<double> numbers{0x1p-1074,   0x1.8p-1073, 0x1p-1023,
                              0x1.fp-1030, 0x1p-1022,   0x1.3p-1000};
  for (const double x : {1.0, 3.0, 0x1.921fb54442d18p+1, 1e-300, 7e300, 0x1.fffffffffffffp+1023})
    numbers.push_back(x);
  std::vector<double> left, right;
  for (const double a : numbers)
    for (const double b : numbers)
      for (const double sign : {1.0, -1.0}) left.push_back(sign * a), right.push_back(b);
  Expr a = input("a", f64, {"n"}), b = input("b", f64, {"n"});
  const Results results = compile({a, b}, {a % b, a % -b})(left, right);
  for (std::size_t i = 0; i < left.size(); ++i)
    for (const int side : {0, 1}) {
      const double divisor = side == 0 ? right[i] : -right[i];
      const double r = std::fmod(left[i], divisor);
      const double wanted = r == 0                     ? std::copysign(0.0, divisor)
                            : (r < 0) != (divisor < 0) ? r + divisor
                                                       : r;
      INFO(left[i] << " % " << divisor);
      CHECK(results[static_cast<std::size_t>(side)].at<double>({static_cast<std::int64_t>(i)}) ==
            wanted);
    }
}

TEST_CASE("the parts of a concatenation meet anywhere, also within a block or at its border") {
  const Expr x = input("x", f64, {"n"}), y = input("y", f64, {"m"}), z = input("z", f64, {"k"});
  const Expr joined = concatenate({x, y, z});
  for (const int threads : {1, 2}) {
    const Function f = compile(
        {x, y, z},
        {joined, joined * 2.0 + concatenate({z, y, x}), flip(joined), flip(joined) - joined},
        {.name = "joined", .threads = threads});
    for (const auto& [n, m, k] : {std::tuple{0, 0, 0},
                                  {0, 1, 0},
                                  {1023, 1, 1},
                                  {1024, 1024, 1},
                                  {1, 1022, 3000},
                                  {5, 0, 200000},
                                  {100000, 3, 100001}}) {
      std::vector<double> parts[3];
      double next = 1;
      std::vector<double> whole, backwards;
      for (int p = 0; p < 3; ++p)
        for (int i = 0; i < (p == 0 ? n : p == 1 ? m : k); ++i) parts[p].push_back(next++);
      for (int p = 0; p < 3; ++p) {
        whole.insert(whole.end(), parts[p].begin(), parts[p].end());
        backwards.insert(backwards.end(), parts[2 - p].begin(), parts[2 - p].end());
      }
      const Results found = f(parts[0], parts[1], parts[2]);
      INFO(n << " " << m << " " << k);
      REQUIRE(found[0].count() == static_cast<std::int64_t>(whole.size()));
      bool same = true;
      for (std::size_t i = 0; i < whole.size(); ++i)
        same = same && found[0].data<double>()[i] == whole[i] &&
               found[1].data<double>()[i] == whole[i] * 2 + backwards[i] &&
               found[2].data<double>()[i] == whole[whole.size() - 1 - i] &&
               found[3].data<double>()[i] == whole[whole.size() - 1 - i] - whole[i];
      CHECK(same);
    }
  }
}
