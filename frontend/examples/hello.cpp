// A function and its derivative: y = sum(exp(-x²)).
#include <croton/croton.hpp>
#include <iostream>
using namespace croton;

int main() {
  Expr x = input("x", f64, {"n"});
  Expr y = sum(exp(-x * x));
  Function f = compile({x}, {y, grad(y, x)});

  std::vector<double> points{0.0, 0.5, 1.0};
  auto [value, slope] = take<2>(f(points));
  std::cout << value << "\n" << slope << "\n\n" << f.source();
}
