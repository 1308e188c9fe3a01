// Functions of one expression under several options: how far results may differ from the program as
// written, how many threads, under which name.
#include <croton/croton.hpp>
#include <cstdio>
using namespace croton;

int main() {
  Expr x = input("x", f32, {"n"});
  Expr y = sum(x * x + 0.3f * x);
  const Array points = Array::uniform(f32, {10000}, 7);
  for (const Math math : {strict, standard, fast}) {
    const char* names[] = {"strict", "standard", "fast"};
    for (const int threads : {1, 2}) {
      Function f = compile({x}, {y}, {.math = math, .name = "sum", .threads = threads});
      std::printf("%-8s  %d thread%s  %.9g\n", names[static_cast<int>(math)], threads,
                  threads == 1 ? " " : "s", f(points).item<float>());
    }
  }
  std::printf("threads never change a bit; fused multiply-adds may\n");
}
