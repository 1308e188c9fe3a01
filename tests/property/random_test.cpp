// Random graphs: after every tensor-level pass, and compiled, within the reference evaluator's
// bounds; compiled = exact evaluator, bit for bit; one and two threads, cold and warm.
//
// CROTON_RANDOM_GRAPHS: how many (default 300). CROTON_RANDOM_SEED: the first seed. A failure
// shrinks itself to one op where it can and is written to a .ctir file.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "ir/builder.hpp"
#include "ir/text.hpp"
#include "passes/pipeline.hpp"
#include "runtime/compile.hpp"
#include "runtime/target.hpp"
#include "tests/property/random_graph.hpp"

using namespace croton;
using namespace croton::test;
using ir::Literal;

namespace {

Array array_of(const Literal& l) {
  Array out = Array::uninitialized(l.dtype(), l.shape());
  if (!l.bytes().empty()) std::memcpy(out.raw(), l.bytes().data(), l.bytes().size());
  return out;
}

Literal literal_of(const Array& a) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(a.count()) * size_of(a.dtype()));
  if (!bytes.empty()) std::memcpy(bytes.data(), const_cast<Array&>(a).raw(), bytes.size());
  return {a.dtype(), {a.shape().begin(), a.shape().end()}, std::move(bytes)};
}

// Equal bits, all NaNs being equal; "" or what differs.
std::string bit_difference(const Literal& a, const Literal& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return "another type";
  return with_type(a.dtype(), [&](auto zero) -> std::string {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < a.count(); ++i) {
      const T x = a.at<T>(i), y = b.at<T>(i);
      const bool same = std::memcmp(&x, &y, sizeof(T)) == 0 || (x != x && y != y);
      if (!same) return fmt::format("element {}: {} instead of {}", i, x, y);
    }
    return "";
  });
}

// Which ops leave elements open whose operands were determined.
void report_open(const Sample& sample) {
  std::vector<ir::Value> values;
  for (const ir::NodePtr& node : ir::topological_order(sample.module.outputs))
    values.push_back({node, 0});
  const auto all = ir::evaluate_reference(values, sample.bindings());
  const auto open = [&](const ir::Value& v) {
    const auto at =
        static_cast<std::size_t>(std::find(values.begin(), values.end(), v) - values.begin());
    return std::count_if(all[at].elements.begin(), all[at].elements.end(),
                         [](const ir::Bounded& b) { return b.undetermined; });
  };
  for (const ir::Value& v : values) {
    const bool fresh = std::all_of(v.node->operands.begin(), v.node->operands.end(),
                                   [&](const ir::Value& o) { return open(o) == 0; });
    if (fresh && open(v) > 0)
      std::cout << fmt::format("open {} {} {}\n", ir::info(v.op()).name, ir::text(v.type()),
                               open(v));
  }
}

std::vector<Literal> run_compiled(const Sample& sample, int threads) {
  std::vector<Array> arrays;
  for (const Literal& l : sample.arguments) arrays.push_back(array_of(l));
  const std::vector<ArrayView> views(arrays.begin(), arrays.end());
  std::vector<Literal> out;
  const auto program = runtime::compile(sample.module, {.math = "standard", .threads = threads});
  for (const Array& a : program->call(views)) out.push_back(literal_of(a));
  return out;
}

// "" or how the sample fails. `undetermined` counts elements that the reference leaves open.
std::string failure_of(const Sample& sample, long* elements = nullptr,
                       long* undetermined = nullptr) {
  const std::vector<ir::Binding> leaves = sample.bindings();
  const auto reference = ir::evaluate_reference(sample.module.outputs, leaves);
  // A rewritten graph rounds elsewhere, and a mended overflow is right by the mended graph alone.
  std::vector<ir::ReferenceArray> rewritten = reference;
  const auto outside = [&](const std::vector<Literal>& got, const std::string& who) -> std::string {
    for (std::size_t k = 0; k < got.size(); ++k) {
      ir::Difference d = ir::compare(reference[k], got[k], &rewritten[k]);
      if (d.count > 0) d = ir::compare(rewritten[k], got[k]);
      if (d.count > 0)
        return fmt::format("{}: output {}, element {}: {} instead of {} within {}", who, k, d.worst,
                           d.actual, d.wanted, d.bound);
      if (elements && who == "compiled") {
        *elements += got[k].count();
        *undetermined += d.undetermined;
      }
    }
    return "";
  };
  if (std::getenv("CROTON_RANDOM_OPEN")) report_open(sample);
  const bool fma = runtime::host_target().fma;
  if (std::string bad =
          outside(ir::evaluate_exact(sample.module.outputs, leaves, {.fma = fma}), "graph");
      !bad.empty())
    return bad;
  ir::Module module = sample.module;
  passes::PipelineReport report;
  std::vector<Literal> exact;
  for (const std::string_view name : passes::default_pipeline()) {
    const passes::Pass& pass = passes::pass_named(name);
    if (pass.to != ir::Level::tensor) break;
    const std::string_view one[] = {name};
    passes::run_passes(module, one, {.fma = fma, .verify = true}, report);
    exact = ir::evaluate_exact(module.outputs, leaves, {.fma = fma});
    rewritten = ir::evaluate_reference(module.outputs, leaves);
    if (std::string bad = outside(exact, fmt::format("after {}", name)); !bad.empty()) return bad;
  }
  const std::vector<Literal> compiled = run_compiled(sample, 1);
  for (std::size_t k = 0; k < compiled.size(); ++k)
    if (const std::string bad = bit_difference(compiled[k], exact[k]); !bad.empty())
      return fmt::format("compiled and exact evaluator differ: output {}, {}", k, bad);
  if (std::string bad = outside(compiled, "compiled"); !bad.empty()) return bad;
  const std::vector<Literal> again = run_compiled(sample, 2);
  for (std::size_t k = 0; k < compiled.size(); ++k)
    if (const std::string bad = bit_difference(again[k], compiled[k]); !bad.empty())
      return fmt::format("two threads, warm cache: output {}, {}", k, bad);
  return "";
}

std::string guarded_failure(const Sample& sample) {
  try {
    return failure_of(sample);
  } catch (const std::exception& error) {
    return error.what();
  }
}

// The first value of the graph that fails alone; then its operands become inputs, if it still
// fails.
Sample shrunk(const Sample& sample) {
  for (const ir::NodePtr& node : ir::topological_order(sample.module.outputs)) {
    if (node->op == ir::Op::input) continue;
    Sample one = sample;
    one.module.outputs = {{node, 0}};
    if (guarded_failure(one).empty()) continue;
    try {
      Sample single;
      single.module.name = "shrunk";
      std::vector<ir::Value> operands;
      const std::vector<Literal> values = ir::evaluate_exact(node->operands, sample.bindings());
      for (std::size_t i = 0; i < node->operands.size(); ++i) {
        operands.push_back(ir::input(fmt::format("o{}", i), node->operands[i].type()));
        single.module.inputs.push_back(operands.back());
        single.arguments.push_back(values[i]);
      }
      single.module.outputs = {{ir::make_node(node->op, operands, node->attributes), 0}};
      const std::string why = guarded_failure(single);
      if (!why.empty() && why.find("is not known") == std::string::npos) return single;
    } catch (const std::exception&) {
      // Some values cannot stand alone; the larger graph tells as much.
    }
    return one;
  }
  return sample;
}

std::string written(const Sample& sample, std::uint64_t seed, const std::string& why) {
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("croton-random-{}.ctir", seed);
  std::ofstream file(path);
  file << "// " << why << "\n";
  for (std::size_t i = 0; i < sample.arguments.size(); ++i) {
    file << "// " << sample.module.inputs[i].node->attribute<std::string>("name") << " =";
    for (std::int64_t k = 0; k < std::min<std::int64_t>(sample.arguments[i].count(), 64); ++k)
      file << " " << sample.arguments[i].as_double(k);
    file << "\n";
  }
  file << ir::print(sample.module);
  return path.string();
}

long number(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atol(text) : otherwise;
}

}  // namespace

TEST_CASE("random graphs give the same bits compiled as evaluated, within the reference's bounds") {
  const long count = number("CROTON_RANDOM_GRAPHS", 300);
  const auto first = static_cast<std::uint64_t>(number("CROTON_RANDOM_SEED", 1));
  Coverage coverage;
  long elements = 0, undetermined = 0;
  int failures = 0;
  for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(count) && failures < 5;
       ++seed) {
    if (std::getenv("CROTON_RANDOM_TRACE")) std::cout << "seed " << seed << std::endl;
    const Sample sample = random_sample(seed, 14, coverage);
    std::string why;
    try {
      why = failure_of(sample, &elements, &undetermined);
    } catch (const std::exception& error) {
      why = error.what();
    }
    if (why.empty()) continue;
    ++failures;
    const Sample small = shrunk(sample);
    const std::string small_why = guarded_failure(small);
    FAIL_CHECK("seed " << seed << ": " << why << "\n  shrunk: " << written(small, seed, small_why)
                       << "\n"
                       << ir::print(small.module) << small_why);
  }
  const double open =
      elements == 0 ? 0 : 100.0 * static_cast<double>(undetermined) / static_cast<double>(elements);
  std::cout << fmt::format("{} random graphs, {} elements, {:.2f} % undetermined\n", count,
                           elements, open);
  CHECK(open <= 5);
  int missing = 0;
  for (const std::string& key : expected_coverage())
    if (coverage[key] == 0) {
      ++missing;
      std::cout << "not covered: " << key << "\n";
    }
  if (count >= 600) CHECK(missing == 0);
  if (std::getenv("CROTON_RANDOM_COVERAGE"))
    for (const auto& [key, times] : coverage) std::cout << fmt::format("{:<24} {}\n", key, times);
}
