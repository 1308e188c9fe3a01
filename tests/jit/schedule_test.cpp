// Schedules are data: another tile is another text of the same numbers.
#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "frontend/build.hpp"
#include "frontend/croton/croton.hpp"
#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "ir/text.hpp"
#include "passes/pipeline.hpp"
#include "runtime/array.hpp"
#include "runtime/cache.hpp"
#include "runtime/compile.hpp"
#include "runtime/describe.hpp"
#include "runtime/request.hpp"
#include "runtime/target.hpp"

using namespace croton;

namespace {

// A graph as text at the grouped level with its schedule.
std::string scheduled(ir::Module module) {
  const runtime::Target& target = runtime::host_target();
  passes::PipelineReport report;
  const std::string_view names[] = {"canonicalize", "stabilize", "specialize",
                                    "form-fma",     "fuse",      "schedule"};
  passes::run_passes(module, names, {.fma = target.fma, .vector_bytes = target.vector_bytes},
                     report);
  return ir::print(module);
}

// A layer: tanh(x W + b).
std::string scheduled_layer(DType dtype, const Dim& columns = 130) {
  const ir::Value x = ir::input("x", ir::tensor(dtype, {"n", 75})),
                  w = ir::input("W", ir::tensor(dtype, {75, columns})),
                  b = ir::input("b", ir::tensor(dtype, {columns}));
  ir::Module module;
  module.name = "layer";
  module.inputs = {x, w, b};
  module.outputs = {ir::tanh(ir::apply(ir::Op::add, {ir::matmul(x, w), b}))};
  return scheduled(std::move(module));
}

std::string replaced(std::string text, const std::string& key, int value) {
  const auto at = text.find(key + " = ");
  REQUIRE(at != std::string::npos);
  const auto from = at + key.size() + 3, to = text.find_first_not_of("0123456789", from);
  return text.replace(from, to - from, std::to_string(value));
}

Array run(const std::string& text, DType dtype) {
  const auto program = runtime::compile(ir::parse(text), {});
  const Array x = Array::normal(dtype, {37, 75}, 1), w = Array::normal(dtype, {75, 130}, 2),
              b = Array::normal(dtype, {130}, 3);
  const ArrayView views[] = {x, w, b};
  return program->call(views)[0];
}

}  // namespace

TEST_CASE("an edited schedule of a product gives the same bits") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const std::string known = scheduled_layer(dtype), symbolic = scheduled_layer(dtype, "c");
    INFO(known);
    CHECK(known.find("product [n, 130] {columns = ") != std::string::npos);
    const Array whole = run(known, dtype);
    const int lanes = 64 / static_cast<int>(size_of(dtype));
    // Columns may be any number: also between one vector and two, and fewer than a vector has.
    const std::pair<int, int> tiles[] = {{8, 3 * lanes},     {6, 2 * lanes}, {4, lanes},
                                         {1, lanes},         {13, lanes},    {6, 2 * lanes - 5},
                                         {5, 3 * lanes / 2}, {7, lanes - 3}};
    for (const auto& [rows, columns] : tiles)
      for (const std::string& text : {known, symbolic}) {
        INFO(rows << " x " << columns);
        const std::string edited = replaced(
            replaced(replaced(text, "rows", rows), "columns", columns), "narrowest", lanes);
        CHECK(run(edited, dtype).same_values(whole));
      }
  }
}

TEST_CASE("a scheduled graph may have dims that depend on values") {
  const Expr x = input("x", i64, {"n"}), k = input("k", i64, {});
  const std::string text =
      scheduled(detail::module_of({x, k}, {x[slice(0, k)] + arange(k)}, {.name = "part"}, {}));
  const auto program = runtime::compile(ir::parse(text), {});
  const Array numbers = Array::of<std::int64_t>({5, 6, 7, 8}), three = Array::full(i64, {}, 3);
  const ArrayView views[] = {numbers, three};
  CHECK(program->call(views)[0].same_values(Array::of<std::int64_t>({5, 7, 9})));
}

TEST_CASE("a schedule that makes no sense is refused by name") {
  const std::string text = scheduled_layer(DType::f32);
  CHECK_THROWS_WITH(
      run(replaced(text, "rows", 0), DType::f32),
      Catch::Contains("schedule of layer_contract: rows must be an integer from 1 to 512"));
  std::string without = text;
  without.erase(without.find(", rows = "), std::string(", rows = 6").size());
  CHECK_THROWS_WITH(run(without, DType::f32),
                    Catch::Contains("schedule of layer_contract: rows is missing"));
  std::string unknown = text;
  unknown.replace(unknown.find("rows = "), 4, "row = 3, rows");
  CHECK_THROWS_WITH(run(unknown, DType::f32),
                    Catch::Contains("schedule of layer_contract: a product kernel has no row; did "
                                    "you mean \"rows\"?"));
}

namespace {

// A function of a matrix, and what it is when all of its results go past the caches.
void check_streamed(const std::string& name, std::int64_t columns,
                    const std::function<ir::Value(const ir::Value&)>& build) {
  const ir::Value x = ir::input("x", ir::tensor(DType::f32, {"n", "m"}));
  ir::Module module;
  module.name = name;
  module.inputs = {x};
  module.outputs = {build(x)};
  const std::string text = scheduled(std::move(module));
  INFO(text);
  const auto plain = runtime::compile(ir::parse(text), {}),
             streamed = runtime::compile(ir::parse(replaced(text, "stream", 1)), {});
  const Array array = Array::normal(DType::f32, {31, columns}, 1);
  const ArrayView views[] = {array};
  const Array expected = plain->call(views)[0];
  CHECK(streamed->call(views)[0].same_values(expected));
  // Memory that begins no cache line.
  Array memory = Array::zeros(DType::f32, {31 * columns + 3});
  const ArrayView shifted[] = {ArrayView(memory.data<float>() + 3, {31, columns})};
  streamed->call_into(shifted, views);
  CHECK(Array(shifted[0]).same_values(expected));
}

}  // namespace

TEST_CASE("compile is told from how many bytes on results go past the caches") {
  const Expr x = input("x", f32, {"n"});
  const Function plain = compile({x}, {x * 3.0f + 1.0f}),
                 streamed = compile({x}, {x * 3.0f + 1.0f}, {.stream_bytes = 8000});
  CHECK(plain.source().find("n >= 3145728 &&") != std::string::npos);
  CHECK(streamed.source().find("n >= 1000 &&") != std::string::npos);
  CHECK(streamed.copy({}).source() == streamed.source());
  const Array a = Array::normal(f32, {1234}, 1);
  CHECK(streamed(a).single().same_values(plain(a).single()));
  const Function never =
      compile({x}, {x * 3.0f + 1.0f}, {.stream_bytes = std::numeric_limits<std::int64_t>::max()});
  CHECK(never(a).single().same_values(plain(a).single()));
  CHECK_THROWS_WITH(compile({x}, {x + 1.0f}, {.stream_bytes = 0}),
                    Catch::Contains("compile: .stream_bytes is 0; at least 1 is wanted") &&
                        Catch::Contains("schedule_test.cpp:"));
}

TEST_CASE("an entry of the cache tells from how many bytes on its results go past the caches") {
  const Expr x = input("x", f32, {"n"});
  const CompileOptions options{.name = "kept", .stream_bytes = 8000};
  (void)compile({x}, {x * 5.0f}, options);
  const ir::Module module =
      runtime::prepare(detail::module_of({x}, {x * 5.0f}, options, {})).module;
  const runtime::Target& target = runtime::host_target();
  const std::string material = runtime::request_material(
      module,
      runtime::settings_text(
          runtime::pipeline_options({.stream_bytes = *options.stream_bytes}, target), target));
  const runtime::Description entry = runtime::describe_entry(
      runtime::entry_path(runtime::cache_directory(), "request", runtime::cache_hash(material)),
      {});
  CHECK(entry.notes.empty());
  REQUIRE(entry.kernels.size() == 1);
  CHECK(entry.kernels[0].schedule == "{stream = 8000}");
}

TEST_CASE("results that go past the caches are the same bits") {
  for (const std::int64_t columns : {1, 16, 511, 512, 513, 1600, 4096, 5000}) {
    INFO(columns);
    check_streamed("elementwise", columns, [](const ir::Value& x) { return x * x + 1.0; });
    check_streamed("rows", columns, [](const ir::Value& x) {
      const std::vector<ir::Value> operands{x};
      return ir::call("softmax", operands);
    });
  }
}

// The index serves loops over two parts; before the second it is not read from inside of the first.
TEST_CASE("an index that is checked before loops over parts serves all of them") {
  const auto program = runtime::compile(ir::parse(R"(ctir 1
module @parts : tensor {
  %x = input {name = "x"} : i16[8]
  %0 = cast(%x) {dtype = i64} : i64[8]
  %1 = constant {value = i64 8, shape = [8]} : i64[8]
  %2 = mod(%0, %1) : i64[8]
  %3 = gather(%x, %2) {axis = 0} : i16[8]
  %4 = slice(%3) {starts = [0], sizes = [1], steps = [1]} : i16[1]
  %5 = add(%4, %4) : i16[1]
  %6 = add_slice(%3, %5) {starts = [7], steps = [1]} : i16[8]
  %7 = concatenate(%6, %6) {axis = 0} : i16[16]
  input %x
  output %7
}
)"),
                                        {});
  const Array x = Array::of<std::int16_t>({3, -1, 4, 1, -5, 9, 2, 6});
  const ArrayView views[] = {x};
  const Array y = program->call(views)[0];
  const std::vector<std::int16_t> once{1, 6, -5, -1, 1, -1, 4, 4};
  for (std::size_t i = 0; i < 16; ++i) CHECK(y.data<std::int16_t>()[i] == once[i % 8]);
}
