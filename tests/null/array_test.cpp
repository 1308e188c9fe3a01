// Arrays: printing as NumPy prints, views, conversions, files.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <sstream>

#include "ir/error.hpp"
#include "runtime/array.hpp"
#include "runtime/npy.hpp"

using namespace croton;

namespace {

std::string printed(const Array& a) {
  std::ostringstream out;
  out << a;
  return out.str();
}

}  // namespace

TEST_CASE("an item converts only when its value is kept") {
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  CHECK_THROWS_WITH(Array::of<std::int64_t>({largest}).item<double>(),
                    Catch::Contains("the i64 value does not fit f64 exactly"));
  CHECK(Array::of<std::int64_t>({std::int64_t{1} << 62}).item<double>() == 0x1p62);
  CHECK_THROWS_WITH(Array::of<double>({0x1p63}).item<std::int64_t>(),
                    Catch::Contains("does not fit i64"));
  CHECK(std::isnan(Array::of<double>({std::nan("")}).item<float>()));
}

TEST_CASE("arrays print as NumPy prints them") {
  CHECK(printed(Array::of<double>({1, 2, 3})) == "[1. 2. 3.]");
  CHECK(printed(Array::of<double>({1, 2.5, -3.25})) == "[ 1.    2.5  -3.25]");
  CHECK(printed(Array::of<float>({0.1f, 1, 100}, {3})) == "[  0.1   1.  100. ]");
  CHECK(printed(Array::of<std::int64_t>({1, -20, 300, 4}, {2, 2})) == "[[  1 -20]\n [300   4]]");
  CHECK(printed(Array::of<double>({1, std::nan(""), INFINITY})) == "[ 1. nan inf]");
  CHECK(printed(Array::of<double>({1e-10, 1})) == "[1.e-10 1.e+00]");
  CHECK(printed(Array::arange(DType::i64, 1001)) == "[   0    1    2 ...  998  999 1000]");
  CHECK(printed(Array::zeros<double>({0})) == "[]");
  CHECK(printed(Array::full(DType::f64, {}, 2)) == "2.0");
}

TEST_CASE("views share memory, copies do not, and bounds are checked") {
  Array a = Array::arange(DType::f64, 12).reshape({3, 4});
  Array rows = a.rows(1, 3), backwards = a.slice(1, 3, 4, -1);
  a.data<double>()[4] = 100;
  CHECK(rows.at<double>({0, 0}) == 100);
  CHECK(backwards.at<double>({0, 0}) == 3);
  CHECK(backwards.copy().data<double>()[4] == 7);
  CHECK_THROWS_AS(a.rows(1, 4), UserError);
  CHECK_THROWS_WITH(a.data<float>(), "the array holds f64, not f32; use astype(f32)");
  CHECK_THROWS_WITH(Array::full(DType::f64, {}, 2.5).item<int>(),
                    "item: the f64 value does not fit i32 exactly");
  CHECK(Array::full(DType::i32, {}, 7).item<double>() == 7);
}

TEST_CASE("an array of nothing may have extents whose product is no number") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const Array none = Array::zeros(DType::f64, {0, most, most});
  CHECK(none.count() == 0);
  CHECK(none.is_contiguous());
  CHECK(none.transpose().is_contiguous());
  CHECK(none.copy().shape() == none.shape());
  CHECK(none.astype(DType::i8).shape() == none.shape());
  CHECK(none.slice(1, most - 1, 1).shape() == Extents{0, 1, most});
  CHECK(none.same_values(none.copy()));
  CHECK(ArrayView(static_cast<double*>(nullptr), {0, most, most}).count() == 0);
}

TEST_CASE("files keep every dtype and shape") {
  NamedArrays arrays;
  for (const DType d :
       {DType::boolean, DType::i8, DType::u16, DType::i64, DType::u64, DType::f32, DType::f64})
    arrays.emplace_back("a_" + std::string(name(d)), Array::arange(d, 24).reshape({2, 3, 4}));
  arrays.emplace_back("empty", Array::zeros<float>({0, 5}));
  arrays.emplace_back("scalar", Array::full(DType::f64, {}, -0.0));
  save_npz("round_trip.npz", arrays);
  const NamedArrays back = load_npz("round_trip.npz");
  REQUIRE(back.size() == arrays.size());
  for (std::size_t i = 0; i < back.size(); ++i) {
    CHECK(back[i].first == arrays[i].first);
    CHECK(back[i].second.same_values(arrays[i].second));
  }
  std::remove("round_trip.npz");
}

TEST_CASE("seeded random arrays are the same everywhere and look as they should") {
  const Array a = Array::normal(DType::f64, {20000}, 3), b = Array::uniform(DType::f64, {20000}, 3);
  CHECK(a.same_values(Array::normal(DType::f64, {20000}, 3)));
  double mean = 0, square = 0, middle = 0;
  for (int i = 0; i < 20000; ++i) {
    mean += a.data<double>()[i] / 20000;
    square += a.data<double>()[i] * a.data<double>()[i] / 20000;
    middle += b.data<double>()[i] / 20000;
  }
  CHECK(std::abs(mean) < 0.03);
  CHECK(std::abs(square - 1) < 0.05);
  CHECK(std::abs(middle - 0.5) < 0.01);
}

TEST_CASE(
    "arrays are not made of too few elements, nor of numbers that their dtype does not hold") {
  CHECK_THROWS_WITH(Array::of<double>({1, 2, 3, 4, 5, 6}, {4, 2}),
                    "Array::of: 6 elements do not fill the shape [4, 2]");
  CHECK_THROWS_WITH(Array::of<double>({1, 2, 3}, {2}),
                    "Array::of: 3 elements do not fill the shape [2]");
  CHECK_THROWS_WITH(Array::of<double>({1}, {-1, -1}),
                    "Array::of: 1 elements do not fill the shape [-1, -1]");
  CHECK(Array::of<double>({}, {0, 3}).count() == 0);
  CHECK_THROWS_WITH(Array::full(DType::u8, {2}, 300), "Array::full: u8 does not hold 300");
  CHECK_THROWS_WITH(Array::full(DType::i64, {}, 2.5), "Array::full: i64 does not hold 2.5");
  CHECK(Array::full(DType::f32, {}, 0.1).item<float>() == 0.1f);
  CHECK_THROWS_WITH(Array::integers(DType::u8, {3}, 1, 0, 257),
                    "integers: u8 does not hold all of the range [0, 257)");
  CHECK(Array::integers(DType::u8, {3}, 1, 0, 256).count() == 3);
  CHECK_THROWS_WITH(Array::uniform(DType::i64, {2}, 1),
                    "uniform draws real numbers, i64 does not hold them; use integers");
  CHECK_THROWS_WITH(Array::normal(DType::boolean, {2}, 1),
                    "normal draws real numbers, bool does not hold them; use integers");
}
