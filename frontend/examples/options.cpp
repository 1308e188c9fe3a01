// One expression under several options: how far results may differ from the program as written, and
// how many threads. x·x - square is rounding alone: zero when the product is rounded before the
// subtraction, the error of that rounding when both are one fused multiply-add.
#include <croton/croton.hpp>
#include <cstdio>
using namespace croton;

int main() {
  Expr x = input("x", f32, {"n"}), square = input("square", f32, {"n"});
  Expr y = sum(abs(x * x - square));
  const Array points = Array::uniform(f32, {100000}, 7);
  const Array squares = eval(x * x, {{x, points}});
  constexpr const char* kNames[] = {"strict", "standard", "fast"};
  for (const Math math : {strict, standard, fast})
    for (const int threads : {1, 2}) {
      Function f =
          compile({x, square}, {y}, {.math = math, .name = "rounding", .threads = threads});
      std::printf("%-8s  %d thread%s  %.9g\n", kNames[static_cast<int>(math)], threads,
                  threads == 1 ? " " : "s", f(points, squares).item<float>());
    }
  std::printf("threads never change a bit; fused multiply-adds may\n");
}
