// Random graphs: after every tensor-level pass, and compiled, within the reference evaluator's
// bounds; compiled = exact evaluator, bit for bit; one and two threads, cold and warm.
//
// CROTON_RANDOM_GRAPHS: how many (default 600). CROTON_RANDOM_SEED: the first seed. A failure
// shrinks itself to one op where it can and is written to a .ctir file.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include "ir/builder.hpp"
#include "ir/text.hpp"
#include "passes/fuse.hpp"
#include "passes/pipeline.hpp"
#include "passes/rule.hpp"
#include "runtime/compile.hpp"
#include "runtime/module_file.hpp"
#include "runtime/shared_state.hpp"
#include "runtime/target.hpp"
#include "tests/layouts.hpp"
#include "tests/property/random_graph.hpp"

using namespace croton;
using namespace croton::test;
using ir::Literal;

namespace {

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

// Kernels are kept in a directory of their own: what is compiled first is not found in any cache.
class FreshCache {
 public:
  FreshCache() {
    std::string made = (std::filesystem::temp_directory_path() / "croton-random-XXXXXX").string();
    if (mkdtemp(made.data()) == nullptr) throw std::runtime_error("no directory for a cache");
    place_ = made;
    if (const char* before = std::getenv(kName)) before_ = before;
    setenv(kName, made.c_str(), 1);
  }
  FreshCache(const FreshCache&) = delete;
  FreshCache& operator=(const FreshCache&) = delete;
  ~FreshCache() {
    if (before_)
      setenv(kName, before_->c_str(), 1);
    else
      unsetenv(kName);
    std::error_code ignored;
    std::filesystem::remove_all(place_, ignored);
  }

 private:
  static constexpr const char* kName = "CROTON_CACHE_DIR";
  std::filesystem::path place_;
  std::optional<std::string> before_;
};

struct Results {
  // The outputs, then the new values of the shared variables, which get their first ones back.
  std::vector<Literal> values;
  runtime::ProgramCounters counters;
};

Results run_compiled(const Sample& sample, int threads, std::uint64_t layouts) {
  Random random(layouts);
  std::vector<Kept> kept;
  std::vector<ArrayView> views;
  for (const Literal& l : sample.arguments)
    kept.push_back(kept_as(runtime::array_of(l), kLayouts[random.below(std::size(kLayouts))]));
  for (const Kept& k : kept) views.push_back(k.view);
  const auto program = runtime::compile(sample.module, {.math = sample.math, .threads = threads});
  Results out{{}, program->counters()};
  for (const Array& a : program->call(views)) out.values.push_back(runtime::literal_of(a));
  for (std::size_t i = 0; i < sample.state.size(); ++i) {
    const auto state = runtime::state_of(sample.module.updates[i].variable);
    out.values.push_back(runtime::literal_of(state->value));
    state->value = runtime::array_of(sample.state[i]);
  }
  return out;
}

// What was seen over all samples.
struct Seen {
  long elements = 0, undetermined = 0, compiled = 0;
  std::map<std::string, int> rules;
};

// "" or how the sample fails.
std::string failure_of(const Sample& sample, Seen* seen = nullptr) {
  const std::vector<ir::Binding> leaves = sample.bindings();
  const auto reference = ir::evaluate_reference(sample.module.roots(), leaves);
  // A rewritten graph rounds elsewhere, and a mended overflow is right by the mended graph alone.
  std::vector<ir::ReferenceArray> rewritten = reference;
  const auto outside = [&](const std::vector<Literal>& got, const std::string& who) -> std::string {
    for (std::size_t k = 0; k < got.size(); ++k) {
      ir::Difference d = ir::compare(reference[k], got[k], &rewritten[k]);
      if (d.count > 0) d = ir::compare(rewritten[k], got[k]);
      if (d.count > 0)
        return fmt::format("{}: output {}, element {}: {} instead of {} within {}", who, k, d.worst,
                           d.actual, d.wanted, d.bound);
      if (seen && who == "compiled") {
        seen->elements += got[k].count();
        seen->undetermined += d.undetermined;
      }
    }
    return "";
  };
  if (std::getenv("CROTON_RANDOM_OPEN")) report_open(sample);
  const bool fma = runtime::host_target().fma;
  const ir::ExactOptions as_compiled{.fma = fma, .fused_products = sample.math != "strict"};
  if (std::string bad =
          outside(ir::evaluate_exact(sample.module.roots(), leaves, as_compiled), "graph");
      !bad.empty())
    return bad;
  ir::Module module = sample.module;
  passes::PipelineReport report;
  std::vector<Literal> exact;
  for (const std::string_view name : passes::default_pipeline()) {
    const passes::Pass& pass = passes::pass_named(name);
    if (pass.to != ir::Level::tensor) break;
    const std::string_view one[] = {name};
    passes::run_passes(module, one, {.math = sample.math, .fma = fma, .verify = true}, report);
    exact = ir::evaluate_exact(module.roots(), leaves, as_compiled);
    rewritten = ir::evaluate_reference(module.roots(), leaves);
    if (std::string bad = outside(exact, fmt::format("after {}", name)); !bad.empty()) return bad;
  }
  if (seen)
    for (const auto& [rule, times] : report.rules) seen->rules[rule] += times;
  const Results cold = run_compiled(sample, 1, 1);
  const std::vector<Literal>& compiled = cold.values;
  if (seen) seen->compiled += cold.counters.compiled;
  for (std::size_t k = 0; k < compiled.size(); ++k)
    if (const std::string bad = bit_difference(compiled[k], exact[k]); !bad.empty())
      return fmt::format("compiled and exact evaluator differ: output {}, {}", k, bad);
  if (std::string bad = outside(compiled, "compiled"); !bad.empty()) return bad;
  const Results warm = run_compiled(sample, 2, 2);
  if (warm.counters.compiled != 0) return "a kernel is compiled again";
  for (std::size_t k = 0; k < compiled.size(); ++k)
    if (const std::string bad = bit_difference(warm.values[k], compiled[k]); !bad.empty())
      return fmt::format("two threads, warm cache, other layouts: output {}, {}", k, bad);
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
  for (const ir::NodePtr& node : ir::topological_order(sample.module.roots())) {
    if (passes::is_leaf({node, 0})) continue;
    Sample one = sample;
    one.module.outputs = {{node, 0}};
    // Variables that the value reads stay; nothing writes them.
    for (ir::Update& update : one.module.updates) update.value = update.variable;
    if (guarded_failure(one).empty()) continue;
    try {
      Sample single;
      single.module.name = "shrunk";
      single.math = sample.math;
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
  file << "// " << why << "\n// math = " << sample.math << "\n";
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
  const long count = number("CROTON_RANDOM_GRAPHS", 600);
  const auto first = static_cast<std::uint64_t>(number("CROTON_RANDOM_SEED", 1));
  const FreshCache cache;
  Coverage coverage;
  Seen seen;
  int failures = 0;
  for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(count) && failures < 5;
       ++seed) {
    if (std::getenv("CROTON_RANDOM_TRACE")) std::cout << "seed " << seed << std::endl;
    const Sample sample = random_sample(seed, 14);
    sample.count(coverage);
    std::string why;
    try {
      why = failure_of(sample, &seen);
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
  const double open = seen.elements == 0 ? 0
                                         : 100.0 * static_cast<double>(seen.undetermined) /
                                               static_cast<double>(seen.elements);
  std::cout << fmt::format(
      "{} random graphs, {} kernels compiled, {} elements, {:.2f} % undetermined\n", count,
      seen.compiled, seen.elements, open);
  CHECK(open <= 5);
  CHECK(seen.compiled > 0);
  int missing = 0, silent = 0, kinds = 0, rules = 0;
  for (const Cell& cell : all_cells()) {
    ++kinds;
    if (coverage[cell.key()] == 0) {
      ++missing;
      std::cout << "not covered: " << cell.key() << "\n";
    }
  }
  for (const passes::RuleSet& set : passes::all_rule_sets())
    for (const passes::Rule& rule : set.rules) {
      ++rules;
      if (seen.rules[std::string(rule.name)] == 0) {
        ++silent;
        std::cout << "never fired: " << rule.name << "\n";
      }
    }
  std::cout << fmt::format("{} of {} kinds of op and dtype made, {} of {} rules fired\n",
                           kinds - missing, kinds, rules - silent, rules);
  if (count >= static_cast<long>(full_cycle())) {
    CHECK(missing == 0);
    CHECK(silent == 0);
  }
  if (std::getenv("CROTON_RANDOM_COVERAGE")) {
    for (const auto& [key, times] : coverage) std::cout << fmt::format("{:<24} {}\n", key, times);
    for (const auto& [rule, times] : seen.rules)
      std::cout << fmt::format("{:<24} {}\n", rule, times);
  }
}
