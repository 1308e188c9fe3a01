// What a call costs: x * x + 1 of one double.
#include <croton/croton.hpp>

#include <fmt/format.h>

#include "bench_kernels.hpp"
#include "tools/benchmarks/bench.hpp"
#include "tools/benchmarks/hand_kernels.h"

namespace bench {

void call_rows(Runner& runner) {
  if (runner.options().threads != 1) return;
  using namespace croton;
  struct Entry {
    std::string name;
    double limit;  // ns
    Timed run;
  };
  const Expr x = input("x", f64, {});
  const Function f = compile({x}, {x * x + 1}, {.name = "scalar", .threads = 1});
  double argument = 3, result = 0;
  void* const pointers[] = {&argument, &result};
  const Entry entries[] = {
      {"scalar call, checked, f(x)", 300, timed([&] { result = f(argument).item<double>(); })},
      {"scalar call, checked, into", 300,
       timed([&] { f.into({ArrayView(f64, &result, {})}, argument); })},
      {"scalar call, raw", 100, timed([&] { f.raw(pointers, nullptr); })}};
  const croton_aot_function& ahead = ::scalar::function();
  // As one call of a library that was written ahead of time, against the raw entry of the same
  // here.
  const Entry written[] = {{"scalar call, ahead of time, raw", 100, timed([&] {
                              ahead.raw(pointers, nullptr, nullptr, nullptr, nullptr);
                            })},
                           {"scalar call, ahead of time, checked", 300,
                            timed([&] { ::scalar::run(argument, result); })}};
  double (*volatile function)(double) = hand_scalar;
  volatile double hand_argument = 3, hand_result = 0;
  const auto row = [&](const Entry& entry, const char* peer, const Timed& other) {
    if (!runner.wanted(entry.name)) return;
    result = 0;
    entry.run(1);
    runner.check(entry.name, result == 10, "not 10");
    const std::vector<Sample> samples = runner.measure({entry.run, other});
    runner.report({.name = entry.name,
                   .unit = "ns",
                   .peer = peer,
                   .croton = samples[0].best * 1e9,
                   .peer_value = samples[1].best * 1e9,
                   .ratio = samples[1].best / samples[0].best,
                   .croton_median = samples[0].median * 1e9,
                   .peer_median = samples[1].median * 1e9,
                   .target = fmt::format("<= {:g} ns", entry.limit),
                   .ok = samples[0].best * 1e9 <= entry.limit,
                   .note = ""});
  };
  for (const Entry& entry : entries)
    row(entry, "C", timed([&] { hand_result = function(hand_argument); }));
  for (const Entry& entry : written) row(entry, "compiled, raw", entries[2].run);
}

}  // namespace bench
