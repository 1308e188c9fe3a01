// Whatever inputs and dims are called, kernels compile and compute.
#include <catch2/catch.hpp>

#include "frontend/croton/croton.hpp"
#include "tests/hostile_names.hpp"

using namespace croton;

TEST_CASE("inputs and dims may have any name: one kernel reads them all") {
  std::vector<Expr> inputs;
  std::vector<Array> arrays;
  std::vector<ArrayView> views;
  std::vector<double> wanted;
  for (const std::string& name : test::hostile_names()) {
    const auto count = static_cast<std::int64_t>(inputs.size()) + 1;
    inputs.push_back(input(name, f64, {Dim(name)}));
    arrays.push_back(Array::full(f64, {count}, 0.5));
    for (std::int64_t i = 0; i < count; ++i) wanted.push_back(0.25);
  }
  for (const Array& array : arrays) views.emplace_back(array);
  const Expr joined = concatenate(inputs);
  Function f = compile(inputs, {joined * joined}, {.name = "int"});
  CHECK(f.call(views).single().same_values(Array::of(wanted)));
}

TEST_CASE("inputs and dims may have any name: products and rows") {
  const std::vector<std::string>& names = test::hostile_names();
  constexpr std::size_t kLast = 12;  // the vector types, and some keywords
  std::vector<Expr> inputs, outputs;
  std::vector<Array> arrays;
  std::vector<ArrayView> views;
  for (std::size_t i = 0; i + 3 <= kLast; i += 3) {
    inputs.push_back(input(names[i], i % 2 ? f64 : f32, {Dim(names[i + 1]), Dim(names[i + 2])}));
    inputs.push_back(input(names[i + 1], i % 2 ? f64 : f32, {Dim(names[i + 2]), Dim(names[i])}));
    const Expr product = matmul(inputs[inputs.size() - 2], inputs.back());
    outputs.push_back(max(softmax(product * 2.0), axis(1)));
    const auto at = static_cast<std::int64_t>(i);
    const DType dtype = inputs.back().dtype();
    arrays.push_back(Array::normal(dtype, {at + 2, at + 3}, 1));
    arrays.push_back(Array::normal(dtype, {at + 3, at + 1}, 2));
  }
  for (const Array& array : arrays) views.emplace_back(array);
  const Results results = compile(inputs, outputs, {.name = "for"}).call(views);
  // The same program with names that mean nothing.
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    Expr a = input("a", arrays[2 * k].dtype(), {"p", "q"}),
         b = input("b", arrays[2 * k].dtype(), {"q", "r"});
    const Array plain = compile({a, b}, {max(softmax(matmul(a, b) * 2.0), axis(1))})(
        arrays[2 * k], arrays[2 * k + 1]);
    CHECK(results[k].same_values(plain));
  }
}
