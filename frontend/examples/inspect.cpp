// See what a function does: its kernels, its stages, the code that ran.
//   inspect [DIRECTORY]     the directory gets every stage as text, and report.html; default:
//                         inspect-report
#include <croton/croton.hpp>
#include <iostream>
using namespace croton;

int main(int argc, char** argv) {
  Expr x = input("x", f32, {"n", 784});
  Expr y = input("y", i64, {"n"});
  Shared W = shared("W", Array::zeros<float>({784, 10}));
  Shared b = shared("b", Array::zeros<float>({10}));
  Expr p = softmax(matmul(x, W) + b);
  Expr loss = -mean(log(p)[{arange(x.dim(0)), y}]);
  auto [gW, gb] = take<2>(grad(loss, {W, b}));
  Function train = compile({x, y}, {loss},
                           {.name = "train", .updates = {{W, W - 0.1f * gW}, {b, b - 0.1f * gb}}});
  std::cout << train.explain() << "\n";
  const char* directory = argc > 1 ? argv[1] : "inspect-report";
  train.dump(directory);
  std::cout << "every stage, from the graph to the plan, is in " << directory
            << "; report.html shows them in a browser\n";
}
