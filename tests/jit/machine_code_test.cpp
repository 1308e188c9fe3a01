// What the machine code of the kernels that tools/bench lists looks like: loops of packed
// instructions without a call. And how many kernels a training step launches.
#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "frontend/build.hpp"
#include "frontend/croton/croton.hpp"
#include "runtime/describe.hpp"
#include "runtime/toolchain.hpp"

using namespace croton;

namespace {

struct Loop {
  bool calls = false, packed = false;
  std::set<std::string> operations;  // of arithmetic on floating-point numbers: add, mul, fmadd213
};

// The innermost loops of a function's assembly: from a label back to which a jump leads.
std::vector<Loop> innermost_loops(const std::string& assembly) {
  std::vector<std::string> lines;
  std::istringstream in(assembly);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::map<std::string, std::size_t> labels;
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  const std::regex label("^(\\.L[A-Za-z0-9_]+):.*"), jump("^\\s+j[a-z]+\\s+(\\.L[A-Za-z0-9_]+).*");
  std::smatch match;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (std::regex_match(lines[i], match, label)) labels[match[1]] = i;
    if (std::regex_match(lines[i], match, jump))
      if (const auto at = labels.find(match[1]); at != labels.end())
        ranges.emplace_back(at->second, i);
  }
  // Divisions are left out: one by what a loop shares stands before it.
  // Copies of memory are no calls of the text's: the compiler makes them of loops that only copy.
  const std::regex call("^\\s+call[a-z]*\\s+(?!mem(cpy|set|move)\\b).*");
  const std::regex arithmetic("^\\s+v?(add|sub|mul|max|min|fn?m(?:add|sub)[0-9]+)([ps])[sd]\\s.*");
  std::vector<Loop> loops;
  for (const auto& [first, last] : ranges) {
    const bool outer = std::any_of(ranges.begin(), ranges.end(), [&, f = first, l = last](auto r) {
      return r.first >= f && r.second <= l && r != std::pair(f, l);
    });
    if (outer) continue;
    Loop loop;
    for (std::size_t i = first; i <= last; ++i) {
      loop.calls |= std::regex_match(lines[i], call);
      if (!std::regex_match(lines[i], match, arithmetic)) continue;
      loop.packed |= match[2] == "p";
      loop.operations.insert(match[1]);
    }
    loops.push_back(std::move(loop));
  }
  return loops;
}

// Why the loops are not what they should be; "" when they are. What is left of a packed loop may be
// a scalar one that does the same.
std::string fault(const std::vector<Loop>& loops) {
  int packed = 0;
  for (const Loop& loop : loops) {
    if (loop.calls) return "a loop calls a function";
    if (loop.packed) ++packed;
    if (loop.operations.empty() || loop.packed) continue;
    const bool rest = std::any_of(loops.begin(), loops.end(), [&](const Loop& other) {
      return other.packed && std::includes(other.operations.begin(), other.operations.end(),
                                           loop.operations.begin(), loop.operations.end());
    });
    if (!rest) return "a loop of scalar instructions has no packed one beside it";
  }
  return packed == 0 ? "no loop has packed arithmetic" : "";
}

std::string fault_of(const Exprs& inputs, const Exprs& outputs) {
  const ir::Module graph =
      detail::module_of(inputs, outputs, {.name = "kernel"}, site_of(Location::current()));
  const runtime::Target& target = runtime::host_target();
  runtime::Description about = runtime::describe(
      graph, {.origin = "", .pipeline = runtime::pipeline_options({}, target), .target = target});
  runtime::generate(about, runtime::Generated::assembly);
  std::string found;
  for (const auto& kernel : about.kernels) found += fault(innermost_loops(*kernel.assembly));
  return found;
}

int launches(const Exprs& inputs, const Expr& loss, const std::vector<Shared>& parameters) {
  std::vector<std::pair<Shared, Expr>> updates;
  const std::vector<Expr> wrt(parameters.begin(), parameters.end());
  const std::vector<Expr> gradients = grad(loss, wrt);
  for (std::size_t i = 0; i < wrt.size(); ++i)
    updates.emplace_back(parameters[i], wrt[i] - 0.1f * gradients[i]);
  return compile(inputs, {loss}, {.name = "step", .updates = updates}).counters().launches;
}

Expr loss_of(const Expr& x, const Expr& y, const Expr& scores) {
  return -mean(log(softmax(scores))[{arange(x.dim(0)), y}]);
}

}  // namespace

TEST_CASE("the loops of elementwise kernels are packed and call nothing") {
  const Expr a = input("a", f64, {"n"}), b = input("b", f64, {"n"});
  CHECK(fault_of({a}, {a + 1}).empty());
  CHECK(fault_of({a, b}, {2 * a + 3 * b}).empty());
  CHECK(fault_of({a, b}, {pow(a, 2) + pow(b, 2) + 2 * a * b}).empty());
  CHECK(fault_of({a, b}, {2 * a + pow(b, 10)}).empty());
}

TEST_CASE("the loops of sums and softmax are packed and call nothing") {
  const Expr x = input("x", f32, {"n"}), m = input("m", f32, {"m", "n"});
  CHECK(fault_of({x}, {sum(x)}).empty());
  CHECK(fault_of({m}, {sum(m, axis(0))}).empty());
  CHECK(fault_of({m}, {sum(m, axis(1))}).empty());
  CHECK(fault_of({m}, {softmax(m, axis(-1))}).empty());
}

TEST_CASE("a loop that writes forty arrays is packed") {
  const Expr x = input("x", f64, {"n"}), y = input("y", f64, {"n"});
  std::vector<Expr> outputs;
  for (int i = 0; i < 40; ++i) outputs.push_back(exp(x) + y * double(i));
  CHECK(fault_of({x, y}, outputs).empty());
}

TEST_CASE("a loop that is not packed is noticed") {
  const Expr x = input("x", f64, {"n"});
  CHECK(fault_of({x}, {cumsum(x, 0)}) != "");
}

TEST_CASE("explain shows what the vectoriser said, from a cache as well") {
  const Expr x = input("x", f64, {"n"}), y = input("y", f64, {"n"});
  for (int time = 0; time < 2; ++time) {
    const std::string text = compile({x, y}, {exp(x) + y / 7}, {.name = "remarked"}).explain();
    INFO(text);
    // A kernel with a sanitizer's checks in its loop has nothing to say.
    CHECK((text.find("loops vectorised") != std::string::npos) == !runtime::kSanitized);
    const std::string other = compile({x, y}, {x * 3 + y / 7}, {.name = "written"}).explain();
    INFO(other);
    CHECK(other.find("written as vectors") != std::string::npos);
  }
}

TEST_CASE(
    "a product over several labels counts with one position, and divides once where it must") {
  const auto count = [](const std::string& text, const std::string& part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  // The slope of a layer over steps in time: batch and time lie next to each other in both.
  const Expr x = input("x", f32, {"n", "t", "f"}), w = input("w", f32, {"f", "h"});
  const Expr slope = grad(sum(sqr(matmul(x, w))), w);
  const std::string together = compile({x, w}, {slope}, {.name = "slope"}).source();
  INFO(together);
  CHECK(count(together, "for (i64 k = ") > 0);
  CHECK(count(together, "floordiv(k, ") == 0);
  // Time comes first in one of them: the quotient is computed once a step.
  const Expr u = input("u", f32, {"t", "n", "f"});
  const Expr moved = grad(sum(sqr(matmul(permute(u, {1, 0, 2}), w))), w);
  const std::string apart = compile({u, w}, {moved}, {.name = "slope"}).source();
  INFO(apart);
  CHECK(count(apart, "floordiv(k, ") > 0);
  CHECK(count(apart, "floordiv(k, ") == count(apart, "n*t); ++k)"));
}

TEST_CASE("training steps launch few kernels beside their products") {
  const auto zeros = [](const std::string& name, Extents extents) {
    return shared(name, Array::zeros(f32, std::move(extents)));
  };
  const Expr x = input("x", f32, {"n", 784}), y = input("y", i64, {"n"});
  const std::vector<Shared> logistic{zeros("W", {784, 10}), zeros("b", {10})};
  CHECK(launches({x, y}, loss_of(x, y, matmul(x, logistic[0]) + logistic[1]), logistic) <= 3 + 2);
  const std::vector<Shared> network{zeros("W1", {784, 500}), zeros("b1", {500}),
                                    zeros("W2", {500, 10}), zeros("b2", {10})};
  const Expr hidden = tanh(matmul(x, network[0]) + network[1]);
  CHECK(launches({x, y}, loss_of(x, y, matmul(hidden, network[2]) + network[3]), network) <= 6 + 5);
}
