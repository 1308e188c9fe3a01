// Square products, plain and with one operand transposed: f32 against oneDNN, f64 against OpenBLAS.
// Dims are known when croton compiles.
#include <croton/croton.hpp>

#include <fmt/format.h>

#include "tools/benchmarks/bench.hpp"
#include "tools/benchmarks/peers.hpp"

namespace bench {
namespace {

using namespace croton;

template <class T, class Product>
void rows(Runner& runner, const std::string& peer, const Product& product) {
  constexpr std::int64_t kLargest = 1024;
  const DType dtype = dtype_of<T>;
  T *a = nullptr, *b = nullptr, *out = nullptr, *expected = nullptr;
  for (const std::int64_t n : {256, 257, 512, 1000, 1024})
    for (const std::string form : {"A B", "At B", "A Bt"}) {
      const bool transpose_a = form == "At B", transpose_b = form == "A Bt";
      const std::string name =
          fmt::format("product {} f{} n={}, {} thread{}", form, sizeof(T) * 8, n,
                      runner.options().threads, runner.options().threads == 1 ? "" : "s");
      if (!runner.wanted(name)) continue;
      if (!a) {
        a = allocate_array<T>(kLargest * kLargest), b = allocate_array<T>(kLargest * kLargest);
        out = allocate_array<T>(kLargest * kLargest);
        expected = allocate_array<T>(kLargest * kLargest);
        fill(a, kLargest * kLargest, 1), fill(b, kLargest * kLargest, 2);
      }
      const Expr x = input("a", dtype, {n, n}), y = input("b", dtype, {n, n});
      const Function f = compile(
          {x, y}, {matmul(transpose_a ? x.transposed() : x, transpose_b ? y.transposed() : y)},
          {.name = "product", .threads = runner.options().threads});
      const ArrayView first(dtype, a, {n, n}), second(dtype, b, {n, n}), result(dtype, out, {n, n});
      const Timed croton = timed([&] { f.into({result}, first, second); });
      std::vector<Timed> forms;
      if (product) {
        product(n, transpose_a, transpose_b, a, b, expected);
        croton(1);
        runner.check(name,
                     largest_difference(out, expected, n * n) < (sizeof(T) == 4 ? 1e-4 : 1e-12),
                     "differs from " + peer);
        forms.push_back(timed([&] { product(n, transpose_a, transpose_b, a, b, out); }));
      }
      const double size = static_cast<double>(n);
      runner.compare(name, gflops(2 * size * size * size), croton, {{peer, forms, 0.85}});
    }
}

}  // namespace

void product_rows(Runner& runner) {
  rows<float>(runner, "oneDNN", onednn_product());
  rows<double>(runner, "OpenBLAS", openblas_product());
}

}  // namespace bench
