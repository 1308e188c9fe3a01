// Everyday programs of many kinds against NumPy, one thread, through the checked entry: chains on
// every kind of number, broadcasts, strides, reductions of any axes, positions, running sums,
// indexing, small products, norms and their gradients. NumPy writes into memory that exists
// wherever it can.
#include <croton/croton.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <memory>

#include "tools/benchmarks/bench.hpp"
#include "tools/benchmarks/peers.hpp"
#include "tools/benchmarks/wide_programs.hpp"

namespace bench {
namespace {

using namespace croton;

std::int64_t count_of(const Extents& extents) {
  std::int64_t count = 1;
  for (const std::int64_t extent : extents) count *= extent;
  return count;
}

/// As NumPy spells it: f8, i4, b1.
std::string numpy_dtype(DType dtype) { return fmt::format("{}{}", name(dtype)[0], size_of(dtype)); }

/// The case as numpy_peer.py reads it.
std::string numpy_case(const Program& program) {
  std::vector<std::string> arguments;
  for (const Argument& argument : program.arguments)
    arguments.push_back(fmt::format(R"(["{}",[{}],{},{}])", numpy_dtype(argument.dtype),
                                    fmt::join(argument.extents, ","), argument.scale,
                                    argument.shift));
  return fmt::format(R"({{"arguments":[{}],"out":["{}",[{}]],"text":"{}"}})",
                     fmt::join(arguments, ","), numpy_dtype(program.dtype),
                     fmt::join(program.extents, ","), program.numpy);
}

/// Memory that all programs use in turn, enough for any of them.
struct Memory {
  static constexpr std::size_t kBytes = std::size_t{16} << 20;
  std::vector<void*> parts{allocate(kBytes), allocate(kBytes), allocate(kBytes), allocate(kBytes)};

  [[nodiscard]] ArrayView filled(const Argument& argument, std::size_t part) const {
    const std::int64_t count = count_of(argument.extents);
    CROTON_CHECK(static_cast<std::size_t>(count) * size_of(argument.dtype) <= kBytes,
                 "a program of the wide rows needs more memory");
    void* const memory = parts.at(part);
    with_type(argument.dtype, [&](auto zero) {
      fill(static_cast<decltype(zero)*>(memory), count, static_cast<std::int64_t>(part),
           argument.scale, argument.shift);
    });
    return {argument.dtype, memory, argument.extents};
  }
};

double total_of(const ArrayView& view) {
  double total = 0;
  with_type(view.dtype(), [&](auto zero) {
    const auto* data = static_cast<const decltype(zero)*>(view.data());
    for (std::int64_t i = 0; i < view.count(); ++i) total += static_cast<double>(data[i]);
  });
  return total;
}

void measure(Runner& runner, NumPy& numpy, const Memory& memory, const Program& program) {
  std::vector<Expr> inputs;
  std::vector<ArrayView> arguments;
  for (const Argument& argument : program.arguments) {
    const std::string letter(1, static_cast<char>('a' + inputs.size()));
    const Shape shape(argument.extents.begin(), argument.extents.end());
    inputs.push_back(input(letter, argument.dtype, shape));
    arguments.push_back(memory.filled(argument, inputs.size()));
  }
  const Function f = compile(inputs, {program.build(inputs)}, {.name = "wide", .threads = 1});
  const std::vector<ArrayView> results{memory.filled({program.dtype, program.extents}, 0)};
  const std::string text = numpy_case(program);
  const Timed croton = timed([&] { f.call_into(results, arguments); });
  croton(1);
  if (numpy.present()) {
    const double own = total_of(results[0]), other = numpy.value(text, 0);
    const auto count = static_cast<double>(results[0].count());
    runner.check(program.name, std::abs(own - other) <= 1e-3 * (std::abs(other) + 1e-3 * count),
                 fmt::format("differs from NumPy: {} against {}", own, other));
  }
  runner.compare(program.name, kMicroseconds, croton, {{"NumPy", numpy.forms(text, 0), 1.0}});
}

}  // namespace

void wide_rows(Runner& runner) {
  if (runner.options().threads != 1 || runner.options().quick) return;
  std::unique_ptr<NumPy> numpy;
  std::unique_ptr<Memory> memory;
  for (const auto& programs : {elementwise_programs(), movement_programs(), reduction_programs(),
                               indexing_programs(), product_programs(), network_programs()})
    for (Program program : programs) {
      program.name = "wide: " + program.name;
      if (!runner.wanted(program.name)) continue;
      if (!numpy) numpy = std::make_unique<NumPy>(runner.options());
      if (!memory) memory = std::make_unique<Memory>();
      measure(runner, *numpy, *memory, program);
    }
}

}  // namespace bench
