// A library's numbers are the compiled function's, bit for bit, on every level of the CPU: this
// program is run once for each, with CROTON_CPU set.
#include <catch2/catch.hpp>
#include <cstring>

#include "runtime/target.hpp"
#include "tests/aot/library.hpp"

using namespace croton;
using namespace croton::testing;

namespace {

bool same_bits(const Array& a, const Array& b) {
  return a.dtype() == b.dtype() && std::ranges::equal(a.shape(), b.shape()) &&
         (a.count() == 0 ||
          std::memcmp(a.raw(), b.raw(), static_cast<std::size_t>(a.count()) * size_of(a.dtype())) ==
              0);
}

// Compiled and ahead of time, on one thread and on several.
void check_same(const Exprs& inputs, const Exprs& outputs,
                const std::vector<std::vector<Array>>& calls) {
  const Function compiled = compile(inputs, outputs);
  const AotLibrary library({aot(inputs, outputs).graph("f")});
  REQUIRE(std::string(library.table().target) == runtime::host_target().name);
  for (const std::vector<Array>& arguments : calls) {
    const std::vector<ArrayView> views(arguments.begin(), arguments.end());
    const Results expected = compiled.call(views);
    for (const croton_aot_threads* threads :
         {static_cast<const croton_aot_threads*>(nullptr), &scattered_threads()}) {
      const std::vector<Array> found = outputs_of(library[0], arguments, threads);
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(same_bits(found[i], expected[i]));
    }
  }
}

}  // namespace

TEST_CASE("a network's rows, at sizes from none to several grains") {
  Expr x = input("x", f32, {"n", 30}), w = input("W", f32, {30, 20}), b = input("b", f32, {20});
  std::vector<std::vector<Array>> calls;
  for (const std::int64_t n : {0, 1, 7, 600, 4000})
    calls.push_back({Array::normal(f32, {n, 30}, 1), Array::normal(f32, {30, 20}, 2),
                     Array::normal(f32, {20}, 3)});
  check_same({x, w, b}, {softmax(tanh(matmul(x, w) + b), axis(-1))}, calls);
}

TEST_CASE("reductions of every order, with temporaries and what follows the parallel loop") {
  Expr x = input("x", f64, {"n", "m"});
  std::vector<std::vector<Array>> calls;
  for (const std::int64_t n : {1, 5, 700})
    for (const std::int64_t m : {1, 33, 5000}) calls.push_back({Array::normal(f64, {n, m}, 7)});
  check_same({x}, {sum(x), sum(x, axis(0)), sum(exp(x), axis(1)), mean(x * x), argmax(x, axis(1))},
             calls);
}

TEST_CASE("dims with floor division, and gathers") {
  Expr x = input("x", f32, {"n"}), i = input("i", i64, {"k"});
  Expr evens = x[slice(0, none, 2)];
  check_same({x, i}, {evens * 2.0f, x[i], cumsum(x, 0)},
             {{Array::normal(f32, {9}, 1), Array::integers(i64, {4}, 2, 0, 9)},
              {Array::normal(f32, {10}, 3), Array::integers(i64, {0}, 4, 0, 9)}});
}

TEST_CASE("dims that depend on elements need an allocator") {
  Expr data = input("data", f32, {"rows", 3}), i = input("i", i64, {});
  Expr k = input("k", i64, {});
  const Exprs inputs{data, i, k};
  const Exprs outputs{sum(data[slice(i * 4, (i + 1) * 4)], axis(0)), arange(k) * 2};
  const auto scalar = [](std::int64_t value) {
    return Array::full(i64, {}, static_cast<double>(value));
  };
  std::vector<std::vector<Array>> calls;
  for (const std::int64_t at : {0, 2, 4})
    calls.push_back({Array::normal(f32, {18, 3}, 1), scalar(at), scalar(5 * at)});
  check_same(inputs, outputs, calls);
  const AotLibrary library({aot(inputs, outputs).graph("f")});
  CHECK(library[0].workspace_kind == CROTON_AOT_NEEDS_AN_ALLOCATOR);
}

TEST_CASE("training: state is an argument that a call replaces") {
  const auto parameters = [] {
    return std::vector<Shared>{shared("W", Array::normal(f32, {12, 4}, 1)),
                               shared("b", Array::zeros<float>({4}))};
  };
  const std::vector<Shared> own = parameters();
  Expr x = input("x", f32, {"n", 12}), y = input("y", i64, {"n"});
  Expr loss = mean(cross_entropy(matmul(x, own[0]) + own[1], y));
  const std::vector<Expr> g = grad(loss, {own[0], own[1]});
  const std::vector<std::pair<Shared, Expr>> updates{{own[0], own[0] - 0.1f * g[0]},
                                                     {own[1], own[1] - 0.1f * g[1]}};
  const AotLibrary library({aot({x, y}, {loss}, {.updates = updates}).graph("train")});
  REQUIRE(library[0].arguments[2].role == CROTON_AOT_STATE);
  std::vector<Array> state;
  for (int i = 2; i < 4; ++i)
    state.push_back(std::string(library[0].arguments[i].name) == "W" ? own[0].get() : own[1].get());
  const Function train = compile({x, y}, {loss}, {.name = "train", .updates = updates});
  for (int step = 0; step < 5; ++step) {
    const Array images = Array::normal(f32, {33, 12}, 10 + step),
                labels = Array::integers(i64, {33}, 20 + step, 0, 4);
    const Array expected = train(images, labels).single();
    const std::vector<Array> found =
        outputs_of(library[0], {images, labels, state[0], state[1]}, &scattered_threads());
    CHECK(same_bits(found[0], expected));
    for (int i = 2; i < 4; ++i)
      CHECK(same_bits(
          state[static_cast<std::size_t>(i - 2)],
          std::string(library[0].arguments[i].name) == "W" ? own[0].get() : own[1].get()));
  }
}

TEST_CASE("frozen variables and large literals are constants of the library, once for all levels") {
  Shared w = shared("W", Array::normal(f32, {300, 40}, 1));
  Expr table = constant(Array::normal(f32, {200, 40}, 2));
  Expr x = input("x", f32, {"n", 300}), i = input("i", i64, {"n"});
  const Exprs inputs{x, i}, outputs{matmul(x, w) + table[i]};
  const Function compiled = compile(inputs, outputs);
  const AotLibrary library({aot(inputs, outputs, {.freeze = {w}}).graph("f")});
  CHECK(library[0].argument_count == 3);
  const std::vector<Array> arguments{Array::normal(f32, {9, 300}, 3),
                                     Array::integers(i64, {9}, 4, 0, 200)};
  CHECK(same_bits(outputs_of(library[0], arguments)[0],
                  compiled(arguments[0], arguments[1]).single()));
  const auto constants = (300 + 200) * 40 * sizeof(float);
  const auto bytes = std::filesystem::file_size(library.directory() / "libtested.so");
  CHECK(bytes > constants);
  CHECK(bytes < constants + 300000);
}
