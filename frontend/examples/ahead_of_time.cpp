// Calls kernels that were written when this program was built: it links neither croton nor LLVM.
#include <cstdio>
#include <vector>

#include "example_kernels.hpp"

int main() try {
  std::printf("%s\n", predict::function().signature);
  std::printf("on %s\n", croton_aot::library(croton_aot_query_example_kernels).target);

  const std::vector<float> x(2 * 784, 0.5f), W(784 * 10, 0.01f), b{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<float> p(2 * 10);
  predict::run(x, W, b, p);  // n is 2: told by x's size
  std::printf("%.4f of the last class\n", p[9]);

  double mean = 0, count = 0, total;
  average::run(std::vector<double>{1, 2, 3}, mean, count, total);
  average::run(std::vector<double>{6}, mean, count, total);
  std::printf("mean %g of %g\n", mean, count);

  predict::run({x.data(), {2, 700}}, W, b, p);
} catch (const croton_aot::Error& error) {
  std::printf("%s\n", error.what());
}
