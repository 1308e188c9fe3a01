// Every structured op on every dtype, compiled, against NumPy's results and the two evaluators, on
// arguments of several layouts; and the dtypes of mixed operands
// (tests/data/make_structured_table.py).
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "frontend/croton/croton.hpp"
#include "ir/builder.hpp"
#include "ir/evaluate.hpp"
#include "ir/functions.hpp"
#include "passes/pipeline.hpp"
#include "runtime/compile.hpp"
#include "runtime/module_file.hpp"
#include "runtime/npy.hpp"
#include "runtime/target.hpp"
#include "tests/layouts.hpp"

using namespace croton;
using namespace croton::test;
using nlohmann::json;

namespace {

struct Table {
  std::map<std::string, Array> arrays;
  json cases;
  Table() {
    for (auto& [name, array] : load_npz(CROTON_TEST_DATA "/structured_table.npz"))
      arrays.emplace(name, array);
    const Array& text = arrays.at("cases");
    const auto* begin = reinterpret_cast<const char*>(text.raw());
    cases = json::parse(begin, begin + text.count());
  }
};

const Table& table() {
  static const Table read;
  return read;
}

// ---- from data to expressions
NamedArgument argument_of(const std::string& name, const json& value) {
  if (value.is_boolean()) return {name, value.get<bool>()};
  if (value.is_number_integer()) return {name, value.get<std::int64_t>()};
  if (value.is_array()) return {name, value.get<std::vector<std::int64_t>>()};
  const auto text = value.get<std::string>();
  REQUIRE(text.starts_with("dtype:"));
  return {name, *dtype_named(text.substr(6))};
}

Bound bound_of(const json& entry, std::size_t i) {
  if (i >= entry.size() || entry[i].is_null()) return {};
  return Dim(entry[i].get<std::int64_t>());
}

std::vector<Index> indices_of(const json& list, const std::map<std::string, Expr>& inputs) {
  std::vector<Index> out;
  for (const json& entry : list) {
    if (entry.is_number()) {
      out.emplace_back(entry.get<std::int64_t>());
    } else if (entry.is_array()) {
      const std::int64_t step = entry.size() > 3 ? entry[3].get<std::int64_t>() : 1;
      out.emplace_back(Slice{bound_of(entry, 1), bound_of(entry, 2), step});
    } else if (entry == "newaxis") {
      out.emplace_back(newaxis);
    } else if (entry == "ellipsis") {
      out.emplace_back(ellipsis);
    } else {
      out.emplace_back(inputs.at(entry.get<std::string>().substr(1)));
    }
  }
  return out;
}

Expr at(const Expr& x, const std::vector<Index>& i) {
  switch (i.size()) {
    case 1:
      return x[{i[0]}];
    case 2:
      return x[{i[0], i[1]}];
    default:
      REQUIRE(i.size() == 3);
      return x[{i[0], i[1], i[2]}];
  }
}

Expr built(const json& c, const std::map<std::string, Expr>& inputs) {
  const auto op = c["op"].get<std::string>();
  std::vector<Expr> operands;
  for (const json& name : c["operands"]) operands.push_back(inputs.at(name.get<std::string>()));
  if (c.contains("index")) {
    const std::vector<Index> indices = indices_of(c["index"], inputs);
    if (op == "index") return at(operands[0], indices);
    const Expr& value = inputs.at(c["value"].get<std::string>());
    return op == "set" ? set(operands[0], indices, value) : increment(operands[0], indices, value);
  }
  std::vector<NamedArgument> arguments;
  for (const auto& [name, value] : c["attributes"].items())
    arguments.push_back(argument_of(name, value));
  return call(op, operands, arguments);
}

// Next elements of the results of a dtype.
class Expected {
 public:
  ir::Literal take(DType dtype, const Extents& shape) {
    const Array& all = table().arrays.at(fmt::format("results.{}", name(dtype)));
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    std::int64_t& next = next_[dtype];
    REQUIRE(next + count <= all.count());
    const std::size_t size = size_of(dtype);
    const std::byte* begin = all.raw() + static_cast<std::size_t>(next) * size;
    next += count;
    return {dtype, shape, {begin, begin + static_cast<std::size_t>(count) * size}};
  }
  void check_all_taken() const {
    for (const auto& [dtype, next] : next_)
      CHECK(next == table().arrays.at(fmt::format("results.{}", name(dtype))).count());
  }

 private:
  std::map<DType, std::int64_t> next_;
};

bool keeps_elements(const std::string& op) {
  const std::optional<ir::Op> known = ir::op_named(op);
  return op == "index" || op == "set" || (ir::find_function(op) && op != "dot" && op != "matmul") ||
         (known && ir::info(*known).kind == ir::OpKind::movement);
}

// What moves elements keeps every bit of them, the signs of zeros among them.
std::string moved_difference(const ir::Literal& a, const ir::Literal& b) {
  for (std::int64_t i = 0; i < a.count(); ++i) {
    const double x = a.as_double(i), y = b.as_double(i);
    if (std::isnan(x) && std::isnan(y)) continue;
    if (x != y || std::signbit(x) != std::signbit(y))
      return fmt::format("element {}: {} instead of {}", i, x, y);
  }
  return "";
}

// What the kernels compute: the graph after every pass that rewrites it.
std::vector<ir::Value> rewritten(ir::Module module) {
  std::vector<std::string_view> names;
  for (const std::string_view name : passes::default_pipeline())
    if (passes::pass_named(name).to == ir::Level::tensor) names.push_back(name);
  passes::PipelineReport report;
  passes::run_passes(module, names, {.fma = runtime::host_target().fma, .verify = true}, report);
  return module.outputs;
}

}  // namespace

TEST_CASE("compiled structured ops agree with NumPy and both evaluators, in every layout") {
  Expected expected;
  std::map<std::string, std::set<std::string>> covered;
  int count = 0;
  for (const json& program : table().cases["programs"]) {
    const auto dtype = program["dtype"].get<std::string>(),
               topic = program["name"].get<std::string>();
    INFO(topic << " on " << dtype);
    std::vector<Expr> inputs;
    std::map<std::string, Expr> by_name;
    std::vector<Array> values;
    for (const json& row : program["inputs"]) {
      const auto input_name = row["name"].get<std::string>();
      values.push_back(table().arrays.at("inputs." + row["array"].get<std::string>()));
      Shape shape;
      for (const std::int64_t extent : values.back().shape())
        shape.push_back(row["symbolic"].get<bool>() ? Dim(fmt::format("n{}", extent))
                                                    : Dim(extent));
      inputs.push_back(input(input_name, values.back().dtype(), shape));
      by_name.emplace(input_name, inputs.back());
    }
    std::vector<Expr> outputs;
    for (const json& c : program["cases"]) {
      INFO(c.dump());
      outputs.push_back(built(c, by_name));
      covered[c["op"].get<std::string>()].insert(dtype);
    }
    count += static_cast<int>(outputs.size());
    ir::Module module;
    module.name = "structured";
    std::vector<ir::Binding> leaves;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      module.inputs.push_back({inputs[i].node(), 0});
      leaves.emplace_back(module.inputs[i], runtime::literal_of(values[i]));
    }
    for (const Expr& output : outputs) module.outputs.push_back({output.node(), output.result()});
    const auto reference = ir::evaluate_reference(module.outputs, leaves);
    const auto compiled = runtime::compile(module, {.math = "standard"});
    const auto exact =
        ir::evaluate_exact(rewritten(module), leaves, {.fma = runtime::host_target().fma});
    for (const Layout layout : kLayouts) {
      std::vector<Kept> kept;
      std::vector<ArrayView> arguments;
      for (const Array& value : values) kept.push_back(kept_as(value, layout));
      for (const Kept& k : kept) arguments.push_back(k.view);
      const std::vector<Array> found = compiled->call(arguments);
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        const json& c = program["cases"][i];
        INFO(c.dump() << ", layout " << static_cast<int>(layout));
        const ir::Literal got = runtime::literal_of(found[i]);
        if (layout == Layout::row_major) {
          const ir::Literal wanted = expected.take(*dtype_named(c["result"].get<std::string>()),
                                                   c["shape"].get<Extents>());
          REQUIRE(got.dtype() == wanted.dtype());
          REQUIRE(got.shape() == wanted.shape());
          const ir::Difference theirs = ir::compare(reference[i], wanted),
                               ours = ir::compare(reference[i], got);
          INFO("element " << theirs.worst << " NumPy " << theirs.actual << ", element "
                          << ours.worst << " compiled " << ours.actual << ", reference "
                          << theirs.wanted << " within " << theirs.bound);
          CHECK(theirs.count == 0);
          CHECK(ours.count == 0);
          // A variance of 0 may come out a little below it; infinity times what rounds to 0.
          if (c["op"] != "std" && c["op"] != "prod") CHECK(ours.undetermined == 0);
          if (keeps_elements(c["op"].get<std::string>()))
            CHECK(moved_difference(got, wanted).empty());
        }
        CHECK(runtime::array_of(exact[i]).same_values(found[i]));
      }
    }
  }
  expected.check_all_taken();
  // Whatever is structured, on every dtype that it is defined on. The first line is reached by
  // indexing and the last by what is composed of it, under other names.
  const std::set<std::string> by_index{
      "slice", "set_slice", "add_slice", "gather", "scatter_set",       "scatter_add", "cast",
      "fma",   "broadcast", "contract",  "gelu",   "product_of_others", "supremum"};
  for (const std::string& name : operation_names()) {
    const std::optional<ir::Op> op = ir::op_named(name);
    if ((op && ir::is_elementwise(*op)) || name == "clip" || by_index.contains(name)) continue;
    INFO(name);
    CHECK(covered[name].size() >= (name == "layer_norm" ? 2u : name == "arange" ? 10u : 11u));
  }
  for (const char* name : {"index", "set", "increment"}) CHECK(covered[name].size() == 11);
  std::cout << count << " structured cases, each in " << std::size(kLayouts) << " layouts\n";
}

TEST_CASE("mixed operands have NumPy's dtypes") {
  const auto array = [](const json& dtype) {
    return ir::input("x", ir::tensor(*dtype_named(dtype.get<std::string>()), {Dim(2)}));
  };
  const auto checked = [](const json& row, const std::function<ir::Value()>& make) {
    INFO(row.dump());
    std::string found = "refused";
    try {
      found = name(make().dtype());
    } catch (const UserError&) {
    }
    CHECK(found == row.back().get<std::string>());
  };
  for (const json& row : table().cases["promotions"]) {
    const auto kind = row[0].get<std::string>();
    if (kind == "unary" || kind == "binary") {
      checked(row, [&] {
        std::vector<ir::Value> operands{array(row[2])};
        if (kind == "binary") operands.push_back(array(row[3]));
        const auto op = row[1].get<std::string>();
        ir::NamedAttributes attributes;
        if (op == "cumsum") attributes.emplace_back("axis", 0);
        return ir::named(op, operands, attributes);
      });
    } else if (kind == "literal") {
      checked(row, [&] {
        const auto text = row[3].get<std::string>();
        const ir::Operand literal = text == "true"  ? ir::Operand(true)
                                    : text == "2.5" ? ir::Operand(2.5)
                                                    : ir::Operand(3);
        return ir::apply(*ir::op_named(row[1].get<std::string>()), {array(row[2]), literal});
      });
    } else if (kind == "where") {
      checked(row, [&] {
        const ir::Value condition = ir::full(DType::boolean, {Dim(2)}, 1);
        return ir::where(condition, array(row[1]), array(row[2]));
      });
    } else {
      checked(row, [&] { return ir::concatenate_promoted({array(row[1]), array(row[2])}, 0); });
    }
  }
}
