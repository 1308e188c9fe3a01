// Positions of extremes against plain loops, over extents around every way they are looked for, and
// indices that are checked before the loops that use them.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "frontend/croton/croton.hpp"

using namespace croton;

namespace {

// The first largest, or the first NaN.
template <class T>
std::int64_t first_largest(const std::vector<T>& values) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    const bool is_nan = values[i] != values[i], best_is_nan = values[best] != values[best];
    if (!best_is_nan && (is_nan || values[i] > values[best])) best = i;
  }
  return static_cast<std::int64_t>(best);
}

// Few different values, so that there are ties everywhere; `kind` puts special ones between.
template <class T>
Array numbers(std::int64_t rows, std::int64_t columns, int kind) {
  Array a = Array::uninitialized(dtype_of<T>, {rows, columns});
  std::uint64_t state = static_cast<std::uint64_t>(rows * 1009 + columns * 31 + kind);
  for (std::int64_t i = 0; i < a.count(); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto random = static_cast<int>(state >> 33 & 1023);
    T value = static_cast<T>(random % 7);
    if constexpr (std::is_floating_point_v<T>) {
      if (kind == 1 && random < 20) value = std::numeric_limits<T>::quiet_NaN();
      if (kind == 2) value = random < 4 ? T(-0.0) : -std::numeric_limits<T>::infinity();
      if (kind == 3) value = random % 2 ? T(0.0) : T(-0.0);
    } else if (kind == 2) {
      value = std::numeric_limits<T>::lowest();
    }
    a.data<T>()[i] = value;
  }
  return a;
}

template <class T>
void check_positions() {
  const Expr x = input("x", dtype_of<T>, {"m", "n"});
  const Function f =
      compile({x}, {argmax(x, axis(1)), argmax(x, axis(0)), argmax(x), argmin(T(0) - x, axis(1))},
              {.name = "positions"});
  for (const std::int64_t rows : {1, 3, 300})
    for (const std::int64_t columns : {1, 2, 31, 63, 64, 65, 127, 128, 129, 256, 257, 700})
      for (const int kind : {0, 1, 2, 3}) {
        const Array a = numbers<T>(rows, columns, kind);
        const Results r = f(a);
        INFO(name(dtype_of<T>) << "[" << rows << ", " << columns << "], kind " << kind);
        for (std::int64_t i = 0; i < rows; ++i) {
          const T* const row = a.data<T>() + i * columns;
          const std::int64_t wanted = first_largest(std::vector<T>(row, row + columns));
          REQUIRE(r[0].template data<std::int64_t>()[i] == wanted);
          // Negated, the largest is the smallest; the lowest integer is its own negative.
          if (std::is_floating_point_v<T> || (std::is_signed_v<T> && kind != 2))
            REQUIRE(r[3].template data<std::int64_t>()[i] == wanted);
        }
        for (std::int64_t j = 0; j < columns; ++j) {
          std::vector<T> column;
          for (std::int64_t i = 0; i < rows; ++i) column.push_back(a.data<T>()[i * columns + j]);
          REQUIRE(r[1].template data<std::int64_t>()[j] == first_largest(column));
        }
        const std::vector<T> all(a.data<T>(), a.data<T>() + a.count());
        REQUIRE(r[2].template item<std::int64_t>() == first_largest(all));
      }
}

}  // namespace

TEST_CASE("positions of extremes are those of a plain loop, with ties, NaNs and infinities") {
  check_positions<float>();
  check_positions<double>();
  check_positions<std::int8_t>();
  check_positions<std::uint16_t>();
  check_positions<std::int64_t>();
}

TEST_CASE("positions among axes that are not neighbours") {
  const Expr x = input("x", f32, {"a", "b", "c"});
  const Function f = compile({x}, {argmax(x, axes({0, 2})), argmax(x, axes({1, 2}))});
  const Array a = numbers<float>(30, 70, 0).reshape({6, 5, 70});
  const Results r = f(a);
  for (std::int64_t b = 0; b < 5; ++b) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < 6; ++i)
      for (std::int64_t c = 0; c < 70; ++c) values.push_back(a.data<float>()[(i * 5 + b) * 70 + c]);
    CHECK(r[0].data<std::int64_t>()[b] == first_largest(values));
  }
  for (std::int64_t i = 0; i < 6; ++i) {
    const float* const part = a.data<float>() + i * 350;
    CHECK(r[1].data<std::int64_t>()[i] == first_largest(std::vector<float>(part, part + 350)));
  }
}

TEST_CASE("an index that serves a loop is checked before it, if the loop takes a step") {
  const Expr x = input("x", f32, {"n", "k"}), i = input("i", i64, {"m"});
  const Function rows = compile({x, i}, {x[i]}, {.name = "rows"});
  const Function sums = compile({x, i}, {sum(x[i], axis(1))}, {.name = "sums"});
  const Function both = compile({x, i}, {softmax(x[i])}, {.name = "both"});
  for (const std::int64_t columns : {0, 1, 5, 64, 65, 200, 5000}) {
    const Array table = Array::normal(f32, {4, columns}, 1);
    const Array good = Array::of<std::int64_t>({3, -4, 1}, {3});
    const Array bad = Array::of<std::int64_t>({3, 4, -9}, {3});
    INFO(columns << " columns");
    const Array picked = rows(table, good).single();
    for (std::int64_t r = 0; r < 3; ++r)
      for (std::int64_t c = 0; c < columns; ++c)
        REQUIRE(picked.data<float>()[r * columns + c] == table.data<float>()[(r == 0   ? 3
                                                                              : r == 1 ? 0
                                                                                       : 1) *
                                                                                 columns +
                                                                             c]);
    for (const Function* f : {&rows, &sums, &both}) {
      if (columns == 0)
        CHECK_NOTHROW((*f)(table, bad));  // no element is read
      else
        CHECK_THROWS_WITH((*f)(table, bad),
                          Catch::Contains("index 4 is out of bounds for axis 0 with size 4"));
    }
  }
}

TEST_CASE("sums over neighbouring outer axes are those of one axis of the same rows") {
  const Expr x = input("x", f32, {"a", "b", "c"}), y = input("y", f32, {"r", "c"});
  const Function three = compile({x}, {sum(x, axes({0, 1})), max(x, axes({0, 1}))});
  const Function two = compile({y}, {sum(y, axis(0)), max(y, axis(0))});
  for (const std::int64_t b : {1, 7, 8, 300}) {
    const Array a = Array::normal(f32, {5, b, 33}, 3);
    const Results left = three(a), right = two(a.reshape({5 * b, 33}));
    for (const std::size_t k : {0u, 1u}) CHECK(left[k].same_values(right[k]));
  }
}
