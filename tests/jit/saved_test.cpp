// Graphs in files.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "frontend/croton/croton.hpp"
#include "runtime/npy.hpp"

using namespace croton;

namespace {

// In a directory of this process, which goes with it.
std::filesystem::path place(const std::string& name) {
  struct Directory {
    Directory() { std::filesystem::create_directories(path); }
    ~Directory() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("croton-saved-test-" + std::to_string(getpid()));
  };
  static const Directory directory;
  return directory.path / name;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("a saved training step goes on where it was, in the same bits") {
  Expr x = input("x", f32, {"n", 3}), y = input("y", f32, {"n"});
  Shared w = shared("w", Array::normal(DType::f32, {3}, 1));
  Expr loss = mean(sqr(matmul(x, w) - y));
  const CompileOptions options{.name = "step", .updates = {{w, w - 0.1f * grad(loss, w)}}};
  Function step = compile({x, y}, {loss}, options);
  const Array a = Array::normal(DType::f32, {5, 3}, 2), b = Array::normal(DType::f32, {5}, 3);
  (void)step(a, b);
  const auto path = place("step.ctir");
  save(path, {x, y}, {loss}, options);
  Saved saved = load(path);
  CHECK(saved.name == "step");
  CHECK(saved.variable("w").get().same_values(w.get()));
  Function again = compile(saved);
  const Array one = step(a, b), two = again(a, b);
  CHECK(one.same_values(two));
  CHECK(saved.variable("w").get().same_values(w.get()));
  CHECK_THROWS_WITH(saved.input("xs"), "there is no input xs; did you mean \"x\"?");
}

TEST_CASE("constants too large for text stand beside it") {
  const Array table = Array::normal(DType::f64, {100, 80}, 4);
  Expr x = input("x", f64, {80});
  const auto path = place("table.ctir");
  save(path, {x}, {matmul(constant(table), x)});
  CHECK(std::filesystem::exists(path.string() + ".npz"));
  const Array v = Array::normal(DType::f64, {80}, 5);
  const Array here = eval(matmul(constant(table), x), {{x, v}}), there = compile(load(path))(v);
  CHECK(here.same_values(there));
}

TEST_CASE("what is no module says where and why") {
  const auto path = place("bad.ctir");
  const std::string name = path.string();
  const auto error = [&](const std::string& text) -> std::string {
    write(path, text);
    std::filesystem::remove(name + ".npz");
    try {
      (void)load(path);
    } catch (const UserError& e) {
      return e.message();
    }
    return "nothing";
  };
  const std::string head =
      "ctir 1\nmodule @m : tensor {\n  %x = input {name = \"x\"} : f32[n, 3]\n";
  CHECK(error("") == name + ":1:1: a module begins with 'ctir 1'");
  CHECK(error("ctir 9\n") ==
        name + ":1:6: the text has version 9; this croton reads up to version 1");
  CHECK(error("ctir 1\nmodule @m : tensor {\n") ==
        name + ":3:1: expected '}' before the end of the text");
  CHECK(error("ctir 1\nmodule @m : tensors {\n}") ==
        name + ":2:13: unknown level tensors; levels are tensor, grouped, kernel and plan");
  CHECK(error(head + "  %y = tanj(%x)\n}") ==
        name + ":4:8: unknown op tanj; did you mean \"tanh\"?");
  CHECK(error(head + "  %y = tanh(%z)\n}") == name + ":4:13: %z is not defined here");
  CHECK(error(head + "  %y = tanh(%x) : f32[n, 4]\n}") ==
        name + ":4:8: tanh gives f32[n, 3], but f32[n, 4] is stated");
  CHECK(error(head + "  %y = sum(%x) {axis = [0]}\n}") ==
        name + ":4:17: sum has no attribute axis; did you mean \"axes\"?");
  CHECK(
      error(head + "  %y = sum(%x) {axes = [5]}\n}")
          .starts_with(name + ":4:8: axes must be ascending, distinct and within rank 2, not [5]"));
  CHECK(error(head + "  %y = constant {value = f32[1000000000000] bytes \"00\", shape = [1]}\n}")
            .starts_with(name + ":4:30: a literal this large stands beside the text"));
  CHECK(error(head + "  %y = constant {value = f32[2] {0x1p+0}, shape = [2]}\n}") ==
        name + ":4:40: the literal has 1 elements, its shape needs 2");
  CHECK(error(head + "  %y = constant {value = f32[2] beside 0, shape = [2]}\n}") ==
        "cannot read " + name + ".npz: No such file or directory");
  CHECK(
      error(
          "ctir 1\nmodule @m : tensor {\n  %w = shared {name = \"w\"} : f32[3]\n  output %w\n}") ==
      name + ": the shared variable w has no value in " + name + ".npz");
  CHECK(error("ctir 1\nmodule @m : tensor {\n  %x = input {name = \"x\"} : f32[n]\n  %y = "
              "exp(%x)\n  output %y\n}") ==
        name + ": module @m: the input x is used but not listed");
}
