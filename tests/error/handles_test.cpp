// Handles that hold nothing: made without a value, or moved from. Every public member that needs
// one says so; none crashes.
#include <catch2/catch.hpp>
#include <sstream>

#include "frontend/croton/croton.hpp"
#include "runtime/npy.hpp"

using namespace croton;
using Catch::Contains;

// What is left of a handle that was moved from is what is tested.
// NOLINTBEGIN(bugprone-use-after-move, bugprone-unused-return-value, clang-analyzer-cplusplus.Move)

TEST_CASE("an array that was moved from or never made has no elements") {
  Array given = Array::arange(f64, 6).reshape({2, 3});
  const Array taken = std::move(given);
  CHECK(taken.count() == 6);
  const Array fresh;
  for (const Array* empty : std::initializer_list<const Array*>{&given, &fresh}) {
    const Array& a = *empty;
    const std::string text = "the array has no elements: it was made without any, or moved from";
    CHECK(a.rank() == 0);
    CHECK(a.shape().empty());
    CHECK(a.strides().empty());
    CHECK(a.raw() == nullptr);
    CHECK_THROWS_WITH(a.count(), text);
    CHECK_THROWS_WITH(a.data<double>(), text);
    CHECK_THROWS_WITH(a.item<double>(), text);
    CHECK_THROWS_WITH(a.at<double>({}), text);
    CHECK_THROWS_WITH(a.reshape({1}), text);
    CHECK_THROWS_WITH(a.reshape({}), text);
    CHECK_THROWS_WITH(a.transpose(), text);
    CHECK_THROWS_WITH(a.contiguous(), text);
    CHECK_THROWS_WITH(a.copy(), text);
    CHECK_THROWS_WITH(a.astype(f32), text);
    CHECK_THROWS_WITH(a.same_values(taken), text);
    CHECK_THROWS_WITH(taken.same_values(a), text);
    CHECK_THROWS_AS(a.rows(0, 1), UserError);
    CHECK_THROWS_AS(a.slice(0, 0, 1), UserError);
    CHECK_THROWS_WITH(ArrayView(a), text);
    CHECK_THROWS_WITH(save_npy("none.npy", a), text);
    CHECK_THROWS_WITH(shared("w", a), text);
    CHECK_THROWS_WITH(constant(a), text);
    std::ostringstream out;
    CHECK_THROWS_WITH(out << a, text);
    Array copied = a, assigned = taken;
    CHECK_NOTHROW(assigned = a);
    CHECK_THROWS_WITH(copied.count(), text);
    copied = taken;
    CHECK(copied.count() == 6);
  }
  CHECK_THROWS_AS(Dataset(fresh, fresh).batches(1).at(0), std::exception);
  Array self = taken;
  Array& alias = self;
  self = std::move(alias);
  CHECK(self.same_values(taken));
}

TEST_CASE("an expression that was moved from is an error wherever it is used") {
  Expr x = input("x", f64, {"n", 3});
  const Expr taken = std::move(x);
  const std::string text = "an expression is used that was moved from";
  CHECK_THROWS_WITH(x.dtype(), Contains(text));
  CHECK_THROWS_WITH(x.rank(), Contains(text));
  CHECK_THROWS_WITH(x.shape(), Contains(text));
  CHECK_THROWS_WITH(x.dim(0), Contains(text));
  CHECK_THROWS_WITH(x.named("y"), Contains(text));
  CHECK_THROWS_WITH(x.text(), Contains(text));
  CHECK_THROWS_WITH(x.transposed(), Contains(text));
  CHECK_THROWS_WITH(x[0], Contains(text));
  CHECK_THROWS_WITH((x[{0, 1}]), Contains(text));
  CHECK_THROWS_WITH(x + taken, Contains(text));
  CHECK_THROWS_WITH(-x, Contains(text));
  CHECK_THROWS_WITH(matmul(taken, x), Contains(text));
  CHECK_THROWS_WITH(sum(x), Contains(text));
  CHECK_THROWS_WITH(concatenate({taken, x}), Contains(text));
  CHECK_THROWS_WITH(set(taken, {0}, x), Contains(text));
  CHECK_THROWS_WITH(call("exp", {x}), Contains(text));
  CHECK_THROWS_WITH(same(x, taken), Contains(text));
  CHECK_THROWS_WITH(grad(x, taken), Contains(text));
  CHECK_THROWS_WITH(grad(sum(taken), x), Contains(text));
  CHECK_THROWS_WITH(compile({x}, {taken}), Contains(text));
  CHECK_THROWS_WITH(compile({taken}, {x}), Contains(text));
  CHECK_THROWS_WITH(compile({taken}, {taken}, {.givens = {{x, taken}}}), Contains(text));
  CHECK_THROWS_WITH(arange(x), Contains(text));
  CHECK_THROWS_WITH(taken[slice(x, none)], Contains(text));
  CHECK_THROWS_WITH(taken[x], Contains(text));
  CHECK_THROWS_WITH(eval(x, {}), Contains(text));
  x = taken;
  CHECK(x.rank() == 2);
}

TEST_CASE("shared variables, functions and results that were moved from") {
  Shared w = shared("w", std::vector{1.0, 2.0});
  const Shared kept = std::move(w);
  CHECK_THROWS_WITH(w.get(), Contains("a shared variable is used that was moved from"));
  CHECK_THROWS_WITH(w.set(std::vector{1.0, 2.0}), Contains("moved from"));
  CHECK_THROWS_WITH(w + 1.0, Contains("moved from"));
  CHECK_THROWS_WITH(freeze(w), Contains("moved from"));
  CHECK_THROWS_WITH(save_npz("none.npz", {w}), Contains("moved from"));
  CHECK_THROWS_WITH(compile({}, {kept}, {.updates = {{w, kept}}}), Contains("moved from"));
  Function f = compile({}, {kept * 2.0}, {.name = "f"});
  const Function g = std::move(f);
  const std::string text = "a function is called that was moved from";
  CHECK_THROWS_WITH(f(), text);
  CHECK_THROWS_WITH(f({{"x", 1.0}}), text);
  CHECK_THROWS_WITH(f.into({}), text);
  CHECK_THROWS_WITH(f.raw(nullptr, nullptr), text);
  CHECK_THROWS_WITH(f.dim_names(), text);
  CHECK_THROWS_WITH(f.source(), text);
  CHECK_THROWS_WITH(f.explain(), text);
  CHECK_THROWS_WITH(f.dump("none"), text);
  CHECK_THROWS_WITH(f.copy({}), text);
  CHECK_THROWS_WITH(f.counters(), text);
  Results r = g();
  CHECK_THROWS_WITH(r[1], "result 1 of 1");
  const Results moved = std::move(r);
  CHECK_THROWS_WITH(r.single(), "there are 0 results, not one");
  CHECK_THROWS_WITH(r.item<double>(), Contains("0 results"));
  CHECK(moved.single().count() == 2);
}

// NOLINTEND(bugprone-use-after-move, bugprone-unused-return-value, clang-analyzer-cplusplus.Move)

TEST_CASE("a number that is no dtype's is refused wherever it is used") {
  const auto none = static_cast<DType>(99);
  const std::string refusal = "DType(99) is no dtype; the last, c128, is 14";
  CHECK_THROWS_WITH(name(none), refusal);
  CHECK_THROWS_WITH(size_of(none), refusal);
  CHECK_THROWS_WITH(is_supported(none), refusal);
  CHECK_THROWS_WITH(promote(none, DType::f32), refusal);
  CHECK_THROWS_WITH(sum_dtype(none), refusal);
  CHECK_THROWS_WITH(inexact(none), refusal);
  CHECK_THROWS_WITH(Array::zeros(none, {2}), refusal);
  CHECK_THROWS_WITH(Array::full(none, {2}, 1), refusal);
  CHECK_THROWS_WITH(Array::normal(none, {2}, 1), refusal);
  CHECK_THROWS_WITH(Array::full(DType::f32, {2}, 1).astype(none), refusal);
  CHECK_THROWS_WITH(input("x", none, {2}), Contains(refusal));
  CHECK_THROWS_WITH(cast(input("x", f32, {2}), none), Contains(refusal));
  CHECK_THROWS_WITH(constant(1, none), Contains(refusal));
  // Dtypes that arrive later have sizes of their own and no C++ type yet.
  CHECK_THROWS_WITH(Array::full(DType::f16, {2}, 1), "operations on f16 are not supported");
  CHECK_THROWS_WITH(Array::normal(DType::bf16, {2}, 1), "operations on bf16 are not supported");
  CHECK_THROWS_WITH(Array::zeros(f32, {2}).astype(DType::c64),
                    "operations on c64 are not supported");
  CHECK_THROWS_WITH(constant(1, DType::f16), Contains("operations on f16 are not supported"));
}
