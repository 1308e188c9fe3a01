// A program that compiles and calls: cache_user FIRST COUNT [UID]. Functions FIRST … FIRST + COUNT
// - 1 are distinct; their numbers are checked against plain loops. Prints what the cache did. Exit
// codes: 0, 2 for a wrong number, 3 for an exception.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "frontend/croton/croton.hpp"
#include "runtime/cache.hpp"
#include "runtime/toolchain.hpp"

using namespace croton;

int main(int, char** arguments) {
  const std::int64_t first = std::atoll(arguments[1]), count = std::atoll(arguments[2]);
  if (arguments[3] && (setgid(1) != 0 || setuid(static_cast<uid_t>(std::atoi(arguments[3]))) != 0))
    return 4;
  try {
    for (std::int64_t k = first; k < first + count; ++k) {
      Expr x = input("x", f64, {"n"}), i = input("i", i64, {"n"});
      const double factor = 1.25 + static_cast<double>(k);
      Function f = compile({x, i}, {x * factor, sum(i * k)}, {.name = "user"});
      const Array a = Array::normal(f64, {300}, 1), b = Array::arange(i64, 300);
      const Results r = f(a, b);
      for (std::int64_t j = 0; j < 300; ++j)
        if (r[0].data<double>()[j] != a.data<double>()[j] * factor) return 2;
      if (r[1].item<std::int64_t>() != 300 * 299 / 2 * k) return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
  const runtime::CacheStats stats = runtime::cache_stats();
  std::printf("compiled=%ld hits=%ld misses=%ld rejected=%ld\n", runtime::compile_count(),
              stats.hits, stats.misses, stats.rejected);
  return 0;
}
