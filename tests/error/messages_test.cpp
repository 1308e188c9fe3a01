// The text of every mistake a user can make: values, types, and the line that wrote them.
#include <catch2/catch.hpp>
#include <fstream>

#include "frontend/croton/croton.hpp"
#include "runtime/npy.hpp"

using namespace croton;
using Catch::Contains;

TEST_CASE("a product of shapes that do not fit names operands and lines") {
  Expr x = input("x", f32, {"n", 784}), w = input("W", f32, {748, 10});
  CHECK_THROWS_WITH(matmul(x, w), Contains("matmul: inner dimensions differ, 784 and 748") &&
                                      Contains("x : f32[n, 784]      messages_test.cpp:") &&
                                      Contains("in  matmul(x, W)"));
}

TEST_CASE("graph-building mistakes") {
  Expr x = input("x", f64, {3, 4}), i = input("i", i64, {5});
  CHECK_THROWS_WITH(x + input("y", f64, {3, 5}),
                    Contains("add: shapes [3, 4] and [3, 5] do not broadcast, 4 and 5 on axis -1"));
  CHECK_THROWS_WITH(sum(x, axis(2)), Contains("sum: axis 2 is out of range for rank 2"));
  CHECK_THROWS_WITH(sum(x, axes({0, -2})), Contains("axis 0 is given twice"));
  CHECK_THROWS_WITH(reshape(x, {5, 3}), Contains("reshape: [3, 4] has 12 elements, [5, 3] has 15"));
  CHECK_THROWS_WITH(x[7], Contains("index 7 is out of bounds for axis 0 with size 3"));
  CHECK_THROWS_WITH((x[{0, 0, 0}]), Contains("3 indices for an array of rank 2"));
  CHECK_THROWS_WITH(x & x, Contains("bitwise_and is defined on integers and bool, not on f64"));
  CHECK_THROWS_WITH(input("u", u8, {2}) + 300, Contains("the literal 300 does not fit u8"));
  CHECK_THROWS_WITH(max(zeros({0, 2}, f64), axis(0)),
                    Contains("axis 0 is empty, and this reduction has no identity"));
  CHECK_THROWS_WITH(input("h", f16, {2}), Contains("operations on f16 are not supported"));
  CHECK_THROWS_WITH(call("sofmax", {x}), Contains("did you mean \"softmax\"?"));
  CHECK_THROWS_WITH(
      call("softmax", {x}, {{"axs", 1}}),
      Contains("softmax has no attribute axs; its signature is softmax(x, axis = -1)"));
  CHECK_THROWS_WITH(squeeze(x, axis(0)), Contains("axis 0 has extent 3, not 1"));
  CHECK_THROWS_WITH(split(x, 3, 1),
                    Contains("axis 1 of extent 4 does not split into 3 equal parts"));
  CHECK_THROWS_WITH(cross_entropy(x, x),
                    Contains("cross_entropy: scores [3, 4] need one axis more than labels [3, 4]"));
}

TEST_CASE("gradients that cannot be") {
  Expr x = input("x", f64, {3}), y = input("y", f64, {3}), i = input("i", i64, {3});
  CHECK_THROWS_WITH(grad(x, x), Contains("grad: the cost must be a scalar, not f64[3]"));
  CHECK_THROWS_WITH(grad(sum(x), y), Contains("grad: the cost does not depend on y : f64[3]"));
  CHECK_THROWS_WITH(grad(sum(x), i), Contains("with respect to floating point, not i64[3]"));
  CHECK_NOTHROW(grad(sum(x), y, {.disconnected_inputs = Disconnected::ignore}));
  CHECK_THROWS_WITH(grad(sum(cast(argmax(x), f64) * y), x),
                    Contains("no derivative passes from x : f64[3] to the cost; the path ends at "
                             "argmax: positions are piecewise constant") &&
                        Contains("of x : f64[3]"));
  CHECK_THROWS_WITH(grad(sum(cast(x > 1.0, f64)), x),
                    Contains("the path ends at gt: comparisons are piecewise constant"));
  CHECK_THROWS_WITH(grad(sum(cast(cast(x, i64), f64)), x),
                    Contains("the path ends at cast: its result is no floating-point number"));
  CHECK_THROWS_WITH(grad(sum(sqr(x)), x, {.consider_constant = {sqr(x)}}),
                    Contains("grad: the cost does not depend on x : f64[3]"));
}

TEST_CASE("mistakes of compile") {
  Expr x = input("x", f64, {3}), y = input("y", f64, {3});
  Shared w = shared("w", Array::zeros<double>({3}));
  CHECK_THROWS_WITH(compile({x}, {x + y}),
                    Contains("compile: y is needed, but is not among the inputs"));
  CHECK_THROWS_WITH(compile({x, y}, {x}),
                    Contains("compile: an input is not used, not even for its shape"));
  CHECK_THROWS_WITH(compile({x, x}, {x}), Contains("compile: the input x is given twice"));
  CHECK_THROWS_WITH(compile({x, input("x", f64, {3})}, {x}), Contains("two inputs are named x"));
  CHECK_THROWS_WITH(compile({x + y}, {x}), Contains("an input must be made by input()"));
  CHECK_THROWS_WITH(compile({x}, {x}, {.updates = {{w, cast(x, f32)}}}),
                    Contains("an update changes the variable's type") && Contains("w : f64[3]"));
  CHECK_THROWS_WITH(compile({x}, {x}, {.givens = {{x, zeros({4}, f64)}}}),
                    Contains("a given changes the type"));
}

TEST_CASE("mistakes of a call") {
  Expr x = input("x", f32, {"n", 2}), y = input("y", f32, {"n"});
  Function f = compile({x, y}, {sum(x, axis(1)) + y}, {.name = "f"});
  const Array a = Array::zeros<float>({600, 2});
  CHECK_THROWS_WITH(f(a), Contains("f takes 2 arguments (x, y), not 1"));
  CHECK_THROWS_WITH(f(a, Array::zeros<double>({600})),
                    Contains("f: argument y was given f64; cast it to f32 first\n  y : f32[n]") &&
                        Contains("messages_test.cpp:"));
  CHECK_THROWS_WITH(f(a, Array::zeros<float>({599})),
                    Contains("f: argument y was given 599 along axis 0, but n is 600 elsewhere"));
  CHECK_THROWS_WITH(f(Array::zeros<float>({600, 3}), Array::zeros<float>({600})),
                    Contains("f: argument x was given shape [600, 3]\n  x : f32[n, 2]"));
  CHECK_THROWS_WITH(f(a, a),
                    Contains("f: argument y was given shape [600, 2], of rank 2 and not 1\n"));
  CHECK_THROWS_WITH(f(a, ArrayView(static_cast<float*>(nullptr), {600})),
                    Contains("was given a null pointer"));
  CHECK_THROWS_WITH(f({{"x", a}, {"z", a}}), Contains("there is no input named z; there are x, y"));
  Expr k = input("k", f32, {}), m = input("m", u8, {});
  Function g = compile({k, m}, {k * m}, {.name = "g"});
  CHECK(g(3, 7).item<float>() == 21);
  CHECK(g(2.5, 7L).item<float>() == 17.5f);
  CHECK_THROWS_WITH(g(0.1, 7), Contains("g: argument k was given a number of f64 that f32 does not "
                                        "hold exactly; cast it first\n  k : f32[]"));
  CHECK_THROWS_WITH(g(1, 256), Contains("a number of i32 that u8 does not hold exactly"));
  CHECK_THROWS_WITH(g(1, -1), Contains("a number of i32 that u8 does not hold exactly"));
  CHECK_THROWS_WITH(g(1, true), Contains("a number of bool that u8 does not hold exactly"));
  CHECK_THROWS_WITH(g(Array::zeros<double>({}), 1), Contains("was given f64; cast it to f32"));
  Array out = Array::zeros<float>({600}), y1 = Array::zeros<float>({600});
  CHECK_THROWS_WITH(f.into({y1}, a, y1), Contains("the memory of output 0 overlaps argument y"));
  CHECK_THROWS_WITH(f.into({a}, a, y1), Contains("overlaps argument x"));
  CHECK_THROWS_WITH(f.into({out}, a, y1, out), "f takes 2 arguments (x, y), not 3");
  CHECK_THROWS_WITH(f.into({ArrayView(static_cast<float*>(nullptr), {600})}, a, y1),
                    "f: output 0 was given a null pointer");
  CHECK_THROWS_WITH(
      f.into({ArrayView(2.5F)}, Array::zeros<float>({1, 2}), Array::zeros<float>({1})),
      "f: output 0 was given a number, not memory");
  // Bytes of a message, say: arguments are copied, outputs refused.
  std::vector<std::byte> bytes(600 * sizeof(float) + 1);
  const ArrayView odd(DType::f32, bytes.data() + 1, {600});
  CHECK(f(a, odd)[0].data<float>()[599] == 0);
  CHECK_THROWS_WITH(f.into({odd}, a, y1), "f: the memory for output 0 is not aligned to f32");
  // Strides that leave the address space: their sum is defined.
  CHECK_THROWS_WITH(f.into({ArrayView(out.data<float>(), {600}, {INT64_MAX})}, a, y1),
                    Contains("output 0"));
  f.into({out}, a, y1);
  // Nothing overlaps nothing, wherever it lies.
  Expr v = input("v", f32, {"n"});
  const Function ends = compile({v}, {v + 1, v[slice(0, 0)]}, {.name = "ends"});
  ends.into({out, ArrayView(y1.data<float>() + 300, {0})}, y1);
  CHECK(out.data<float>()[599] == 1);
  CHECK_THROWS_WITH(f(a, y1).item<float>(), Contains("item: the array has 600 elements"));
}

TEST_CASE("a dim that was assumed is checked when the function is called") {
  Expr x = input("x", f32, {"n"}), y = input("y", f32, {"m"});
  Function f = compile({x, y}, {x + y}, {.name = "f"});
  CHECK_THROWS_WITH(
      f(Array::zeros<float>({3}), Array::zeros<float>({4})),
      Contains("m is 4 and n is 3, but they must be equal") && Contains("messages_test.cpp:"));
}

TEST_CASE("an index out of range fails with its value, and shared state stays as it was") {
  Expr i = input("i", i64, {"k"});
  Shared w = shared("w", Array::zeros<double>({4}));
  Expr picked = sum(w[i]);
  Function f = compile({i}, {picked}, {.name = "step", .updates = {{w, w + picked + 1.0}}});
  CHECK_THROWS_WITH(f(std::vector<std::int64_t>{0, 3, 9, 1, -7}),
                    Contains("step: index") &&
                        Contains("is out of bounds for axis 0 with size 4; it stands in i\n"));
  CHECK(w.get().same_values(Array::zeros<double>({4})));
  CHECK_NOTHROW(f(std::vector<std::int64_t>{0, -4}));
  CHECK(w.get().same_values(Array::full(f64, {4}, 1)));
  // A name is never filled with values.
  Expr j = input("j{0}", i64, {"k"});
  Function g = compile({j}, {w[j]}, {.name = "g"});
  CHECK_THROWS_WITH(g(std::vector<std::int64_t>{9}),
                    Contains("g: index 9 is out of bounds for axis 0 with size 4\n"));
}

TEST_CASE("a value that a shared variable cannot hold") {
  Shared w = shared("w", Array::zeros<float>({3, 4})), any = shared("v", std::vector{1.0}, {"n"});
  CHECK_THROWS_WITH(w.set(Array::zeros<float>({3, 5})),
                    Contains("the shared variable w cannot hold f32[3, 5]: axis 1 has 4 elements, "
                             "not 5\n  w : f32[3, 4]     messages_test.cpp:"));
  CHECK_THROWS_WITH(w.set(Array::zeros<double>({3, 4})),
                    Contains("cannot hold f64[3, 4]: it holds f32; cast the value first"));
  CHECK_THROWS_WITH(w.set(std::vector<float>{1}), Contains("cannot hold f32[1]: its rank is 2"));
  CHECK_THROWS_WITH(
      shared("u", std::vector{1.0, 2.0}, {3}),
      Contains("the shared variable u cannot hold f64[2]: axis 0 has 3 elements, not 2") &&
          Contains("messages_test.cpp:"));
  any.set(std::vector{1.0, 2.0, 3.0});
  CHECK(any.get().count() == 3);
  CHECK(w.get().same_values(Array::zeros<float>({3, 4})));
  Expr x = input("x", f64, {5}), y = input("y", f64, {4});
  CHECK_THROWS_WITH(set(x, {slice(0, 3)}, y),
                    Contains("set: cannot broadcast [4] to [3]\n  x : f64[5]") &&
                        Contains("y : f64[4]") && Contains("messages_test.cpp:"));
  CHECK_THROWS_WITH(increment(x, {slice(0, 3)}, y),
                    Contains("increment: cannot broadcast [4] to [3]"));
}

TEST_CASE("two arrays of one name are no archive") {
  Shared a = shared("w", std::vector{1.0}), b = shared("w", std::vector{2.0});
  CHECK_THROWS_WITH(save_npz("twice.npz", {a, b}), "twice.npz: two arrays are named w");
  CHECK_THROWS_WITH(save_npz("twice.npz", {{"w", a.get()}, {"w", b.get()}}),
                    "twice.npz: two arrays are named w");
  CHECK_THROWS_WITH(save_npz("long.npz", {{std::string(70000, 'w'), a.get()}}),
                    Contains("names of up to 65531 bytes"));
  CHECK_THROWS_WITH(save("twice.ctir", {}, {a + b}), Contains("two shared variables are named w"));
}

TEST_CASE("masks, literals and indices that no dtype has") {
  Expr x = input("x", f64, {5}), mask = input("m", boolean, {5}), b = input("b", i8, {5});
  CHECK_THROWS_WITH(x[mask],
                    Contains("indexing: a mask of bool has no known number of elements; use "
                             "where(mask, x, other)") &&
                        Contains("messages_test.cpp:"));
  CHECK_THROWS_WITH(x[x], Contains("indices must be integers, not f64"));
  CHECK_THROWS_WITH(set(x, {mask}, 0.0), Contains("a mask of bool"));
  CHECK_THROWS_WITH(b + 300, Contains("the literal 300 does not fit i8"));
  CHECK_THROWS_WITH(input("l", i64, {5}) + ~std::uint64_t{0},
                    Contains("the literal 18446744073709551615 does not fit i64"));
  CHECK_THROWS_WITH(x[~std::uint64_t{0}], Contains("is out of bounds for axis 0 with size 5"));
}

TEST_CASE("stated relations of dims are checked") {
  Expr x = input("x", f32, {"n"}), y = input("y", f32, {"m"});
  Function f = compile({x, y}, {sum(x) + sum(y)},
                       {.name = "f",
                        .requirements = {{"n", Relation::at_least, Dim("m") + 1},
                                         {Dim::mod("n", 2), Relation::equal, 0}}});
  const auto of = [](std::int64_t n) { return Array::zeros<float>({n}); };
  CHECK_NOTHROW(f(of(4), of(3)));
  CHECK_THROWS_WITH(f(of(4), of(4)), "f: n is 4 and m + 1 is 5, but it must not be less");
  CHECK_THROWS_WITH(f(of(5), of(3)), "f: mod(n, 2) is 1, not 0");
  CHECK_THROWS_WITH(
      compile({x}, {x}, {.requirements = {{"k", Relation::different, 0}}}),
      Contains("the requirement k != 0: no input or shared variable has an extent k"));
}

TEST_CASE("damaged array files are named with what is wrong") {
  const std::string path = "damaged.npy";
  save_npy(path, Array::arange(f64, 10));
  std::ifstream in(path, std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  const auto write = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  };
  for (std::size_t n = 0; n < good.size(); ++n) {
    write(good.substr(0, n));
    CHECK_THROWS_AS(load_npy(path), UserError);
  }
  std::string huge = good;
  huge.replace(huge.find("(10,)"), 5, "(9e9)");
  write(huge);
  CHECK_THROWS_WITH(load_npy(path), Contains("damaged.npy: the extent '9e9' is no number"));
  std::string big = good;
  big.replace(big.find("(10,), }"), 8, "(99999,)");
  write(big);
  CHECK_THROWS_WITH(load_npy(path),
                    Contains("the file holds 80 bytes of data, its shape needs more"));
  write(good);
  CHECK(load_npy(path).same_values(Array::arange(f64, 10)));
  CHECK_THROWS_WITH(load_npz(path), Contains("it is no .npz archive"));
  std::remove(path.c_str());
}
