// What a library says about a caller's mistakes, and what writing one refuses.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "ir/text.hpp"
#include "tests/aot/library.hpp"

using namespace croton;
using namespace croton::testing;
using Catch::Contains;

namespace {

const AotLibrary& layer() {
  static const AotLibrary library([] {
    Expr x = input("x", f32, {"n", 8}), w = input("W", f32, {8, 4});
    Expr h = tanh(matmul(x, w));
    return std::vector{aot({x, w}, {h, sum(h * h)}).graph("layer")};
  }());
  return library;
}

std::vector<Array> layer_arrays(std::int64_t n = 5) {
  return {Array::normal(f32, {n, 8}, 1), Array::normal(f32, {8, 4}, 2), Array::zeros<float>({n, 4}),
          Array::zeros<float>({})};
}

// The code and text of a call that was spoilt.
template <class Spoil>
void check_refused(int code, const std::string& text, const Spoil& spoil) {
  AotCall call(layer_arrays());
  spoil(call);
  CHECK(call.run(layer()[0]) == code);
  CHECK(call.error.code == code);
  CHECK_THAT(std::string(call.error.text), Contains(text));
}

}  // namespace

TEST_CASE("arguments that do not fit are named with their numbers") {
  AotCall good(layer_arrays());
  CHECK(good.run(layer()[0]) == CROTON_AOT_OK);
  check_refused(CROTON_AOT_WRONG_COUNT, "layer takes 4 arguments, not 3",
                [](AotCall& c) { c.call.argument_count = 3; });
  check_refused(CROTON_AOT_WRONG_DTYPE,
                "layer: argument 1, W : f32[8, 4], was given f64\n  in  errors_test.cpp:",
                [](AotCall& c) { c.arguments[1].dtype = CROTON_AOT_F64; });
  check_refused(CROTON_AOT_WRONG_DTYPE, "was given no dtype",
                [](AotCall& c) { c.arguments[1].dtype = -7; });
  check_refused(CROTON_AOT_WRONG_SHAPE, "argument 0, x : f32[n, 8], was given 1 dim",
                [](AotCall& c) { c.arguments[0].rank = 1; });
  check_refused(CROTON_AOT_WRONG_SHAPE, "argument 0, x : f32[n, 8], axis 1 has 9 instead of 8",
                [](AotCall& c) { c.shapes[0][1] = 9; });
  check_refused(CROTON_AOT_WRONG_SHAPE, "axis 0 has -1", [](AotCall& c) { c.shapes[0][0] = -1; });
  check_refused(CROTON_AOT_WRONG_SHAPE, "out0 : f32[n, 4], axis 0 has 6, but n is 5",
                [](AotCall& c) { c.shapes[2][0] = 6; });
  check_refused(CROTON_AOT_WRONG_POINTER, "was given a null pointer for 32 elements",
                [](AotCall& c) { c.arguments[1].data = nullptr; });
  check_refused(
      CROTON_AOT_WRONG_POINTER, "must be aligned to 4 bytes, lies 1 beyond",
      [](AotCall& c) { c.arguments[1].data = static_cast<char*>(c.arguments[1].data) + 1; });
  check_refused(CROTON_AOT_OVERLAP, "out0 : f32[n, 4], shares memory with x",
                [](AotCall& c) { c.arguments[2].data = c.arguments[0].data; });
  const std::int64_t strides[] = {1, 8};
  check_refused(CROTON_AOT_WRONG_LAYOUT,
                "must be row-major, but the stride of axis 1 is 8 instead of 1",
                [&](AotCall& c) { c.arguments[0].strides = strides; });
}

TEST_CASE("an error record holds argument, axis, line and both numbers; it may be missing") {
  AotCall call(layer_arrays());
  call.shapes[0][1] = 9;
  CHECK(call.run(layer()[0]) == CROTON_AOT_WRONG_SHAPE);
  CHECK(call.error.argument == 0);
  CHECK(call.error.axis == 1);
  CHECK(call.error.wanted == 8);
  CHECK(call.error.given == 9);
  CHECK(call.error.line > 0);
  call.call.error = nullptr;
  CHECK(call.run(layer()[0]) == CROTON_AOT_WRONG_SHAPE);
}

TEST_CASE("workspaces: their size is known, and too small a one is refused") {
  const croton_aot_function& f = layer()[0];
  REQUIRE(f.workspace_kind == CROTON_AOT_BOUNDED);
  Expr x = input("x", f64, {"n"});
  Expr total = sum(x);
  const AotLibrary library({aot({x}, {sum(sqrt(abs(x - total)))}).graph("spread")});
  const croton_aot_function& spread = library[0];
  const std::int64_t dims[] = {100000};
  const std::int64_t bytes = spread.workspace(dims);
  REQUIRE(bytes > 0);
  void* memory = std::aligned_alloc(64, static_cast<std::size_t>(bytes + 64) / 64 * 64);
  AotCall call({Array::normal(f64, {100000}, 1), Array::zeros<double>({})});
  CHECK(spread.run(&call.call) == CROTON_AOT_WORKSPACE);
  CHECK_THAT(std::string(call.error.text),
             Contains("spread needs a workspace of " + std::to_string(bytes) +
                      " bytes aligned to 64, was given none and no allocator"));
  call.call.workspace = memory;
  call.call.workspace_bytes = bytes - 1;
  CHECK(spread.run(&call.call) == CROTON_AOT_WORKSPACE);
  CHECK_THAT(std::string(call.error.text),
             Contains("was given one of " + std::to_string(bytes - 1)));
  CHECK(call.error.wanted == bytes);
  call.call.workspace = static_cast<char*>(memory) + 8;
  call.call.workspace_bytes = bytes;
  CHECK(spread.run(&call.call) == CROTON_AOT_WORKSPACE);
  CHECK_THAT(std::string(call.error.text), Contains("was given one that lies 8 bytes beyond"));
  call.call.workspace = memory;
  CHECK(spread.run(&call.call) == CROTON_AOT_OK);
  const croton_aot_allocator broke = {
      nullptr, [](void*, std::int64_t, std::int64_t) -> void* { return nullptr; },
      [](void*, void*, std::int64_t) {}};
  call.call.workspace = nullptr;
  call.call.allocator = &broke;
  CHECK(spread.run(&call.call) == CROTON_AOT_MEMORY);
  CHECK_THAT(std::string(call.error.text), Contains("the allocator has not given"));
  std::free(memory);
}

TEST_CASE("sizes beyond what numbers hold are refused, before anything is read or written") {
  // No memory is behind these pointers: a refusal comes from the extents alone.
  const auto far = [](AotCall& c, std::size_t i, std::vector<std::int64_t> shape) {
    c.shapes[i] = std::move(shape);
    c.arguments[i].shape = c.shapes[i].data();
    c.arguments[i].data = reinterpret_cast<void*>(64);
  };
  Expr x = input("x", f64, {"n", "m"}), y = input("y", f64, {"k", "l"});
  Expr columns = sum(exp(x), axis(0)), others = sum(exp(y), axis(0));
  Expr table = reshape(columns, {x.dim(1), 1}) * reshape(others, {1, y.dim(1)});
  const AotLibrary library({aot({x, y}, {sum(table - sum(table))}).graph("wide")});
  const auto given = [&] {
    return AotCall(
        {Array::zeros<double>({2, 3}), Array::zeros<double>({2, 3}), Array::zeros<double>({})});
  };
  AotCall fine = given();
  CHECK(fine.run(library[0]) == CROTON_AOT_OK);
  const std::int64_t large = std::int64_t{1} << 32;
  for (const std::int64_t rows : {large, std::int64_t{0}}) {
    AotCall call = given();
    far(call, 0, {rows, rows == 0 ? large << 28 : large});
    CHECK(call.run(library[0]) == CROTON_AOT_WRONG_SHAPE);
    CHECK_THAT(
        std::string(call.error.text),
        Contains("argument 0, x : f64[n, m], has more bytes than a number of 63 bits counts"));
  }
  // Each array is empty; a temporary of m * l elements is what does not fit.
  AotCall call = given();
  far(call, 0, {0, large});
  far(call, 1, {0, large});
  const std::int64_t dims[] = {0, large, 0, large};
  REQUIRE(library[0].workspace(dims) == INT64_MAX);
  CHECK(call.run(library[0]) == CROTON_AOT_WORKSPACE);
  CHECK_THAT(std::string(call.error.text),
             Contains("wide needs a workspace of more bytes than a number of 63 bits counts"));
}

TEST_CASE("empty arrays may lie anywhere, and a call may lack what it does not need") {
  AotCall call(layer_arrays(0));
  call.arguments[0].data = nullptr;
  call.arguments[2].data = static_cast<char*>(call.arguments[1].data) + 4;
  CHECK(call.run(layer()[0]) == CROTON_AOT_OK);
  CHECK(layer()[0].run(nullptr) == CROTON_AOT_WRONG_POINTER);
  const croton_aot_threads none = {nullptr, nullptr};
  CHECK(AotCall(layer_arrays()).run(layer()[0], &none) == CROTON_AOT_OK);
}

TEST_CASE("what fails while running names the value and the line, and changes no state") {
  Shared counter = shared("counter", Array::zeros<float>({3}));
  Expr x = input("x", f32, {"n"}), i = input("i", i64, {"k"});
  Expr picked = x[i];
  const AotLibrary library(
      {aot({x, i}, {picked}, {.updates = {{counter, counter + 1.0f}}}).graph("pick")});
  std::vector<std::int64_t> indices(100000, 0);
  indices[99999] = 8;
  indices[70000] = -9;
  const Array state = Array::zeros<float>({3});
  AotCall call({Array::normal(f32, {4}, 1), Array(ArrayView(indices)).copy(), state,
                Array::zeros<float>({100000})});
  CHECK(call.run(library[0], &scattered_threads()) == CROTON_AOT_FAILED);
  CHECK_THAT(std::string(call.error.text), Contains("pick: ") && Contains("-9") && Contains("4") &&
                                               Contains("in  errors_test.cpp:"));
  CHECK(call.error.given == -9);
  CHECK(call.error.line > 0);
  CHECK(state.same_values(Array::zeros<float>({3})));
  const croton_aot_threads refusing = {
      nullptr,
      [](void*, std::int64_t, std::int64_t, void (*)(void*, std::int64_t, std::int64_t),
         void*) -> std::int32_t { return 1; }};
  CHECK(call.run(library[0], &refusing) == CROTON_AOT_THREADS);
  CHECK_THAT(std::string(call.error.text), Contains("the thread callback failed"));
}

TEST_CASE("dims that must be equal, and facts") {
  const std::filesystem::path file = layer().directory() / "facts.ctir";
  std::ofstream(file)
      << "ctir 1\nmodule @facts : tensor {\n  fact n % 8 == 0\n  fact n >= 16\n"
         "  %x = input {name = \"x\"} : f32[n]\n  %y = input {name = \"y\"} : f32[m]\n"
         "  %0 = add(%x, %y)\n  input %x, %y\n  output %0\n}\n";
  std::ifstream text(file);
  const ir::Module module = ir::parse(std::string(std::istreambuf_iterator<char>(text), {}));
  const AotLibrary library({{module, {}, "standard"}});
  const auto refused = [&](std::int64_t n, std::int64_t m) {
    AotCall call({Array::zeros<float>({n}), Array::zeros<float>({m}), Array::zeros<float>({n})});
    CHECK(call.run(library[0]) == CROTON_AOT_WRONG_SHAPE);
    return std::string(call.error.text);
  };
  CHECK_THAT(refused(12, 12), Contains("facts: n is 12, but n % 8 == 0 must hold"));
  CHECK_THAT(refused(8, 8), Contains("facts: n is 8, but n >= 16 must hold"));
  CHECK_THAT(refused(16, 24), Contains("but they must be equal"));
  AotCall good({Array::zeros<float>({16}), Array::zeros<float>({16}), Array::zeros<float>({16})});
  CHECK(good.run(library[0]) == CROTON_AOT_OK);
}

TEST_CASE("versions and CPUs: a refusal is a text") {
  const croton_aot_library* table = nullptr;
  croton_aot_error error{};
  CHECK(layer().query()(CROTON_AOT_VERSION + 1, &table, &error) == CROTON_AOT_WRONG_VERSION);
  CHECK(table == nullptr);
  CHECK(std::string(error.text) ==
        "the library tested speaks version 1 of croton's C interface, its caller version 2");
  const char* before = std::getenv("CROTON_CPU");
  const std::string kept = before ? before : "";
  const auto query_on = [&](const char* cpu) {
    setenv("CROTON_CPU", cpu, 1);
    return layer().query()(CROTON_AOT_VERSION, &table, &error);
  };
  CHECK(query_on("x86-64") == CROTON_AOT_WRONG_CPU);
  CHECK(std::string(error.text) ==
        "the library tested needs a CPU of at least x86-64-v2; this one is x86-64");
  CHECK(query_on("pentium") == CROTON_AOT_WRONG_CPU);
  CHECK_THAT(std::string(error.text), Contains("CROTON_CPU names no level: pentium"));
  CHECK(query_on("x86-64-v2") == CROTON_AOT_OK);
  CHECK(std::string(table->target) == "x86-64-v2");
  if (before)
    setenv("CROTON_CPU", kept.c_str(), 1);
  else
    unsetenv("CROTON_CPU");
}

TEST_CASE("what cannot be written is refused, and nothing is left") {
  const std::filesystem::path directory = layer().directory() / "refused";
  Shared w = shared("W", Array::zeros<float>({3}));
  Shared open = shared("open", Array::zeros<float>({3}), {"m"});
  Expr x = input("x", f32, {3});
  const auto definition = aot({x}, {x + w}, {.updates = {{w, w + x}}});
  const auto refused = [&](const std::string& text, runtime::AotGraph graph,
                           const runtime::AotRequest& change) {
    runtime::AotRequest request = change;
    request.directory = directory;
    CHECK_THROWS_WITH(runtime::write_aot({std::move(graph)}, request), Contains(text));
    CHECK_FALSE(std::filesystem::exists(directory));
  };
  const runtime::AotRequest fine{"lib", {"x86-64-v3"}, {"static"}, {}, ""};
  runtime::AotRequest request = fine;
  request.targets = {"x86-64-v5"};
  refused("unknown target x86-64-v5; did you mean \"x86-64-v2\"?", definition.graph("f"), request);
  request.targets = {"x86-64-v3", "x86-64-v3"};
  refused("aot: the target x86-64-v3 is given twice", definition.graph("f"), request);
  request = fine;
  request.emit = {"sharde"};
  refused("aot: cannot emit sharde; did you mean \"shared\"?", definition.graph("f"), request);
  request = fine;
  request.name = "no-name";
  refused("\"no-name\" cannot name a library", definition.graph("f"), request);
  refused("\"for\" cannot name a function", definition.graph("for"), fine);
  runtime::AotGraph graph = definition.graph("f");
  graph.freeze = {"W"};
  refused("f: W is updated, so it cannot be frozen", graph, fine);
  graph.freeze = {"V"};
  refused("f has no shared variable V", graph, fine);
  Expr y = input("y", f32, {"m"});
  refused("open : f32[m] cannot be frozen, its dim m is no number; give the variable the shape",
          aot({y}, {y + open}, {.freeze = {open}}).graph("f"), fine);
  request = fine;
  request.emit = {"shared", "header"};
  request.linker = "/nowhere/ld";
  refused("a shared library needs a linker, and there is no /nowhere/ld", definition.graph("f"),
          request);
  // A dim of elements of an array that has such a dim itself: what they are, and where.
  Expr k = input("k", i64, {});
  Expr inner = sum(arange(k));
  refused(
      "f: a dim depends on elements of an array whose own dims depend on elements; give one of "
      "them as a dim of an input",
      aot({k}, {arange(inner)}).graph("f"), fine);
  refused("a dim is the value of sum : i64[]", aot({k}, {arange(inner)}).graph("f"), fine);
  refused("which has a dim that is the value of ", aot({k}, {arange(inner)}).graph("f"), fine);
  std::ofstream(layer().directory() / "file") << "x";
  request = fine;
  request.directory = layer().directory() / "file" / "below";
  CHECK_THROWS_WITH(runtime::write_aot({definition.graph("f")}, request),
                    Contains("aot: cannot write "));
  // Of a list of files, one whose place is taken by a folder: those before it are as they were.
  const std::filesystem::path taken = layer().directory() / "taken";
  std::filesystem::create_directories(taken / "liblib.a" / "of");
  std::ofstream(taken / "lib.h") << "mine";
  request = {"lib", {"x86-64-v2"}, {"header", "static"}, taken, ""};
  CHECK_THROWS_WITH(runtime::write_aot({definition.graph("f")}, request),
                    Contains("liblib.a: Is a directory"));
  std::ifstream kept(taken / "lib.h");
  CHECK(std::string(std::istreambuf_iterator<char>(kept), {}) == "mine");
  CHECK(std::distance(std::filesystem::directory_iterator(taken), {}) == 2);
  // Folders that were made for it go.
  request = fine;
  request.directory = layer().directory() / "deep" / "er";
  request.emit = {"shared"};
  request.linker = "/nowhere/ld";
  CHECK_THROWS_WITH(runtime::write_aot({definition.graph("f")}, request),
                    Contains("no /nowhere/ld"));
  CHECK_FALSE(std::filesystem::exists(layer().directory() / "deep"));
}

TEST_CASE("what dims must satisfy is refused in the words of the compiled function") {
  Expr x = input("x", f64, {"n"}), i = input("i", i64, {"k"}), at = input("at", i64, {});
  const Dim n("n");
  const std::vector<runtime::AotGraph> graphs{
      aot({x}, {argmax(x)}).graph("largest"), aot({x, i}, {x[i]}).graph("take"),
      aot({x}, {ones({n - 3}, f64)}).graph("shorter"),
      aot({x, at}, {x + cast(arange(at), f64)}).graph("counted")};
  const AotLibrary library(graphs);
  const Array none = Array::uninitialized(f64, {0}), two = Array::zeros<double>({2}),
              places = Array::of<std::int64_t>({0, 1});
  const auto said = [&](int number, const std::vector<Array>& arrays) {
    AotCall call(arrays);
    CHECK(call.run(library[number]) == CROTON_AOT_WRONG_SHAPE);
    return std::string(call.error.text);
  };
  const auto compiled = [](const Function& f, const std::vector<ArrayView>& arrays) {
    try {
      (void)f.call(arrays);
    } catch (const UserError& error) {
      return error.message();
    }
    return std::string("nothing");
  };
  const Array scalar = Array::zeros<std::int64_t>({}), one = Array::zeros<double>({1});
  CHECK_THAT(said(0, {none, scalar}),
             Contains(compiled(compile({x}, {argmax(x)}, {.name = "largest"}), {none})) &&
                 Contains("errors_test.cpp:"));
  CHECK_THAT(said(1, {none, places, two}),
             Contains(compiled(compile({x, i}, {x[i]}, {.name = "take"}), {none, places})));
  CHECK_THAT(said(2, {two, one}),
             Contains(compiled(compile({x}, {ones({n - 3}, f64)}, {.name = "shorter"}), {two})));
  CHECK_THAT(said(3, {two, scalar, two}),
             Contains(compiled(compile({x, at}, {x + cast(arange(at), f64)}, {.name = "counted"}),
                               {two, scalar})) &&
                 Contains("max(0, value(at)) is 0"));
}
