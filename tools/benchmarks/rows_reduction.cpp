// Sums and softmax of f32 arrays, against C and NumPy, through the checked entry.
#include <croton/croton.hpp>

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "tools/benchmarks/bench.hpp"
#include "tools/benchmarks/hand_kernels.h"
#include "tools/benchmarks/peers.hpp"

namespace bench {
namespace {

using namespace croton;
constexpr std::int64_t kRows = 4096, kColumns = 1024;

struct Reduction {
  std::string name, numpy;
  std::int64_t size;         // as numpy_peer.py takes it
  Extents extents, results;  // of the operand and of the result
  double scale, shift;       // of the operand's numbers
  std::function<Expr(const Expr&)> build;
  std::vector<std::function<void(const float*, float*)>> hand;
};

std::vector<Reduction> reductions() {
  std::vector<Reduction> list;
  for (const std::int64_t n : {100'000, 10'000'000})
    list.push_back({fmt::format("sum f32 n={}", n),
                    "sum_all",
                    n,
                    {n},
                    {},
                    1,
                    0,
                    [](const Expr& x) { return sum(x); },
                    {[n](const float* x, float* out) { *out = hand_sum(n, x); }}});
  list.push_back({"sum over axis 0, f32 4096x1024",
                  "sum_axis_0",
                  kRows,
                  {kRows, kColumns},
                  {kColumns},
                  1,
                  0,
                  [](const Expr& x) { return sum(x, axis(0)); },
                  {[](const float* x, float* out) { hand_sum_axis_0(kRows, kColumns, x, out); }}});
  list.push_back({"sum over axis 1, f32 4096x1024",
                  "sum_axis_1",
                  kRows,
                  {kRows, kColumns},
                  {kRows},
                  1,
                  0,
                  [](const Expr& x) { return sum(x, axis(1)); },
                  {[](const float* x, float* out) { hand_sum_axis_1(kRows, kColumns, x, out); }}});
  list.push_back(
      {"softmax f32 4096x1024",
       "softmax",
       kRows,
       {kRows, kColumns},
       {kRows, kColumns},
       8,
       -4,
       [](const Expr& x) { return softmax(x, axis(-1)); },
       {[](const float* x, float* out) { hand_softmax(kRows, kColumns, x, out); },
        [](const float* x, float* out) { hand_softmax_stream(kRows, kColumns, x, out); }}});
  return list;
}

std::int64_t count_of(const Extents& extents) {
  std::int64_t count = 1;
  for (const std::int64_t extent : extents) count *= extent;
  return count;
}

}  // namespace

void reduction_rows(Runner& runner) {
  if (runner.options().threads != 1) return;
  float* const x = allocate_array<float>(10'000'000);
  float* const out = allocate_array<float>(kRows * kColumns);
  float* const expected = allocate_array<float>(kRows * kColumns);
  std::unique_ptr<NumPy> numpy;
  for (const Reduction& reduction : reductions()) {
    if (!runner.wanted(reduction.name)) continue;
    if (!numpy) numpy = std::make_unique<NumPy>(runner.options());
    fill(x, count_of(reduction.extents), 1, reduction.scale, reduction.shift);
    const Expr operand =
        reduction.extents.size() == 1 ? input("x", f32, {"n"}) : input("x", f32, {"m", "n"});
    const Function f =
        compile({operand}, {reduction.build(operand)}, {.name = reduction.numpy, .threads = 1});
    const ArrayView argument(f32, x, reduction.extents), result(f32, out, reduction.results);
    const Timed croton = timed([&] { f.into({result}, argument); });
    std::vector<Timed> hand;
    for (const auto& form : reduction.hand) hand.push_back(timed([&] { form(x, out); }));

    const std::int64_t count = count_of(reduction.results);
    reduction.hand[0](x, expected);
    croton(1);
    runner.check(reduction.name, largest_difference(out, expected, count) < 2e-5, "differs from C");
    runner.compare(
        reduction.name, kMicroseconds, croton,
        {{"C", hand, 0.95}, {"NumPy", numpy->forms(reduction.numpy, reduction.size), 1.0}});
    if (numpy->present()) {
      double total = 0;
      for (std::int64_t i = 0; i < count; ++i) total += expected[i];
      const double other = numpy->value(reduction.numpy, reduction.size);
      runner.check(reduction.name, std::abs(other / total - 1) < 1e-4, "differs from NumPy");
    }
  }
}

}  // namespace bench
