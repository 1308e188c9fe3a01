// Builders: this file becomes a program that runs when the example is built.
#include <croton/aot.hpp>
using namespace croton;

CROTON_AOT(predict) {
  Expr x = input("x", f32, {"n", 784});
  Expr W = input("W", f32, {784, 10}), b = input("b", f32, {10});
  return aot({x, W, b}, {softmax(matmul(x, W) + b, axis(-1))});
}

// Shared variables are arguments that a call replaces.
CROTON_AOT(average) {
  Shared mean_so_far = shared("mean", Array::zeros<double>({}));
  Shared count = shared("count", Array::zeros<double>({}));
  Expr x = input("x", f64, {"n"});
  Expr total = count + sum(ones_like(x));
  return aot({x}, {total},
             {.updates = {{mean_so_far, (mean_so_far * count + sum(x)) / total}, {count, total}}});
}
