// Calls the library from C++: typed, with memory found by the wrapper; mistakes throw.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "classifier.hpp"

int main() {
  std::vector<float> x(3 * 784), out(3 * 10);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 17) / 17.0f;
  try {
    predict::run(x, out);
  } catch (const croton_aot::Error& error) {
    std::puts(error.what());
    return 1;
  }
  std::printf("classifier %s\n", croton_aot::library(croton_aot_query_classifier).target);
  for (int i = 0; i < 30; ++i) {
    unsigned bits;
    std::memcpy(&bits, &out[static_cast<std::size_t>(i)], 4);
    std::printf("%08x%c", bits, i % 10 == 9 ? '\n' : ' ');
  }
  // The same bits from several threads.
  croton_aot::Pool pool(3);
  std::vector<float> many(2000 * 784, 0.25f), one(2000 * 10), several(2000 * 10);
  predict::run(many, one);
  for (int i = 0; i < 3; ++i) {
    std::fill(several.begin(), several.end(), 0.0f);
    predict::run(many, several, {pool.threads()});
    if (std::memcmp(one.data(), several.data(), one.size() * sizeof(float)) != 0) {
      std::puts("threads have changed the results");
      return 1;
    }
  }
  const std::vector<double> values{1, 2, 3, 4.5};
  double total = 100, sum = 0;
  accumulate::run(values, total, sum);
  std::printf("%g %g\n", sum, total);
  try {
    std::vector<float> wrong(2 * 10);
    predict::run({x.data(), {3, 784}}, wrong);
  } catch (const croton_aot::Error& error) {
    std::printf("%d: %s\n", error.code(), error.what());
  }
}
