// Users name their functions, inputs and dims as they please: no name of theirs may meet one of the
// library's source or headers, and what cannot be is refused.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "tests/aot/library.hpp"

using namespace croton;
using namespace croton::testing;
using Catch::Contains;

namespace {

// A compiler takes the headers without a warning.
void check_headers(const std::filesystem::path& directory) {
  std::ofstream(directory / "user.c")
      << "#include <complex.h>\n#include <math.h>\n#include <stdio.h>\n#include \"tested.h\"\n"
         "int main(void) { return 0; }\n";
  std::ofstream(directory / "user.cpp")
      << "#include <cmath>\n#include <cstdio>\n#include \"tested.hpp\"\nint main() {}\n";
  const std::string flags =
      " -Wall -Wextra -Werror -fsyntax-only -I" + directory.string() + " " + directory.string();
  CHECK(std::system(("gcc -std=c99" + flags + "/user.c").c_str()) == 0);
  CHECK(std::system(("g++ -std=c++17" + flags + "/user.cpp").c_str()) == 0);
}

}  // namespace

TEST_CASE("inputs and dims may be called as what the source and the headers use") {
  std::vector<runtime::AotGraph> graphs;
  const char* names[] = {
      "i",        "launch", "Checked", "Workspace", "Site",          "Size",
      "disagree", "site",   "f0_raw",  "f1_table",  "dims",          "int64_t",
      "float",    "exp",    "NULL",    "I",         "std",           "library",
      "min",      "n_dim",  "data",    "argument",  "CROTON_AOT_OK", "croton_aot_call"};
  for (const char* name : names) {
    Expr x = input(name, f64, {name, "m"}), y = input("y", f64, {"k", "m"});
    graphs.push_back(
        aot({x, y}, {sum(exp(x + y), axis(1))}).graph("f" + std::to_string(graphs.size())));
  }
  const AotLibrary library(graphs);
  const Array x = Array::normal(f64, {2, 3}, 1), y = Array::normal(f64, {2, 3}, 2);
  const Array expected = outputs_of(library[0], {x, y})[0];
  for (int i = 0; i < static_cast<int>(std::size(names)); ++i) {
    INFO(names[i]);
    CHECK(outputs_of(library[i], {x, y})[0].same_values(expected));
    AotCall call({x, Array::zeros<double>({3, 3}), Array::zeros<double>({2})});
    CHECK(call.run(library[i]) == CROTON_AOT_WRONG_SHAPE);
    CHECK_THAT(std::string(call.error.text), Contains(names[i]));
  }
  check_headers(library.directory());
}

TEST_CASE("a function beside the plan for another's dims") {
  Expr k = input("k", i64, {}), x = input("x", i64, {"n"});
  const AotLibrary library({aot({k}, {arange(k) * 2}).graph("f"),
                            aot({x}, {x + 1}).graph("f_values"), aot({x}, {x + 2}).graph("f_raw")});
  CHECK(outputs_of(library[0], {Array::full(i64, {}, 3)})[0].same_values(
      Array(ArrayView(std::vector<std::int64_t>{0, 2, 4})).copy()));
  CHECK(
      outputs_of(library[1], {Array::full(i64, {2}, 3)})[0].same_values(Array::full(i64, {2}, 4)));
  CHECK(
      outputs_of(library[2], {Array::full(i64, {2}, 3)})[0].same_values(Array::full(i64, {2}, 5)));
}

TEST_CASE("names that C has for itself are refused") {
  Expr x = input("x", f32, {"n"});
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("croton-aot-names-" + std::to_string(getpid()));
  const auto refused = [&](const std::string& text, const char* library, const char* function) {
    CHECK_THROWS_WITH(
        runtime::write_aot({aot({x}, {exp(x)}).graph(function)}, {.name = library,
                                                                  .targets = {"x86-64-v2"},
                                                                  .emit = {"header", "hpp"},
                                                                  .directory = directory,
                                                                  .linker = ""}),
        Contains(text));
    CHECK_FALSE(std::filesystem::exists(directory));
  };
  refused("exp cannot name a function: C's library has one of that name, and lib.hpp", "lib",
          "exp");
  refused("sinf cannot name a function", "lib", "sinf");
  refused("std cannot name a function", "lib", "std");
  refused("math cannot name a library: programs already include a math.h", "math", "f");
  refused("croton_aot cannot name a library", "croton_aot", "f");
}
