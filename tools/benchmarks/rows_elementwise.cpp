// Elementwise expressions of f64 arrays at three sizes, against C and NumPy. The smallest size goes
// through the raw entry, the others through the checked one.
#include <croton/croton.hpp>

#include <fmt/format.h>

#include "tools/benchmarks/bench.hpp"
#include "tools/benchmarks/hand_kernels.h"
#include "tools/benchmarks/peers.hpp"

namespace bench {
namespace {

using namespace croton;
using Kernel = void (*)(long, const double*, const double*, double*);

struct Expression {
  std::string name, numpy;
  Kernel plain, stream;
  bool two_inputs;
  std::function<Expr(const Expr&, const Expr&)> build;
};

const Expression kExpressions[] = {
    {"a+1", "plus_one", hand_plus_one, hand_plus_one_stream, false,
     [](const Expr& a, const Expr&) { return a + 1; }},
    {"2a+3b", "linear", hand_linear, hand_linear_stream, true,
     [](const Expr& a, const Expr& b) { return 2 * a + 3 * b; }},
    {"a^2+b^2+2ab", "square", hand_square, hand_square_stream, true,
     [](const Expr& a, const Expr& b) { return pow(a, 2) + pow(b, 2) + 2 * a * b; }},
    {"2a+b^10", "power", hand_power, hand_power_stream, true,
     [](const Expr& a, const Expr& b) { return 2 * a + pow(b, 10); }},
};

}  // namespace

void elementwise_rows(Runner& runner) {
  if (runner.options().threads != 1) return;
  constexpr std::int64_t kLargest = 10'000'000;
  double *a = nullptr, *b = nullptr, *out = nullptr, *expected = nullptr;
  std::unique_ptr<NumPy> numpy;
  for (const Expression& expression : kExpressions)
    for (const std::int64_t n : {std::int64_t{1000}, std::int64_t{100'000}, kLargest}) {
      const std::string name = fmt::format("{} f64 n={}", expression.name, n);
      if (!runner.wanted(name)) continue;
      if (!a) {
        a = allocate_array<double>(kLargest), b = allocate_array<double>(kLargest);
        out = allocate_array<double>(kLargest), expected = allocate_array<double>(kLargest);
        fill(a, kLargest, 1), fill(b, kLargest, 2);
        numpy = std::make_unique<NumPy>(runner.options());
      }
      const Expr x = input("a", f64, {"n"}), y = input("b", f64, {"n"});
      const Exprs inputs = expression.two_inputs ? Exprs{x, y} : Exprs{x};
      const auto compiled = [&](std::optional<std::int64_t> stream_bytes) {
        return compile(inputs, {expression.build(x, y)},
                       {.name = expression.numpy, .stream_bytes = stream_bytes, .threads = 1});
      };
      const Function f = compiled({});
      const ArrayView result(f64, out, {n}), first(f64, a, {n}), second(f64, b, {n});
      void* const both[] = {a, b, out};
      void* const single[] = {a, out};
      const auto timed_call = [&](const Function& function) {
        if (n == 1000)
          return timed([&, pointers = expression.two_inputs ? both : single] {
            function.raw(pointers, &n);
          });
        if (expression.two_inputs) return timed([&] { function.into({result}, first, second); });
        return timed([&] { function.into({result}, first); });
      };
      const Timed croton = timed_call(f);
      const auto hand = [&](Kernel kernel) { return timed([&, kernel] { kernel(n, a, b, out); }); };

      expression.plain(n, a, b, expected);
      croton(1);
      runner.check(name, largest_difference(out, expected, n) < 1e-12, "differs from C");
      // What fits the last cache is compared with C whose results stay there, too; C that writes
      // past the caches, with a function that was told to.
      std::vector<Timed> forms{hand(expression.plain)};
      if (n == kLargest) forms.push_back(hand(expression.stream));
      runner.compare(name, kMicroseconds, croton,
                     {{"C", forms, 0.95}, {"NumPy", numpy->forms(expression.numpy, n), 1.0}});
      if (n == 100'000) {
        const Function past = compiled(1);
        runner.compare(name + ", past the caches", kMicroseconds, timed_call(past),
                       {{"C", {hand(expression.stream)}, 0.95}});
      }
      if (numpy->present()) {
        double total = 0;
        for (std::int64_t i = 0; i < n; ++i) total += expected[i];
        runner.check(name, std::abs(numpy->value(expression.numpy, n) / total - 1) < 1e-9,
                     "differs from NumPy");
      }
    }
}

}  // namespace bench
