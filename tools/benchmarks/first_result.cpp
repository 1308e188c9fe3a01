// From nothing to the first result of a scalar function.
#include <croton/croton.hpp>
#include <cstdio>
using namespace croton;

int main() {
  const Expr x = input("x", f64, {});
  const Function f = compile({x}, {x * x + 1});
  const double result = f(3.0).item<double>();
  std::printf("%g\n", result);
  return result == 10 ? 0 : 1;
}
