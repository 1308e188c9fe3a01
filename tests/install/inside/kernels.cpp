#include <croton/aot.hpp>
using namespace croton;

CROTON_AOT(predict) {
  Expr x = input("x", f32, {"n", 3}), w = input("W", f32, {3});
  return aot({x, w}, {matmul(x, w)});
}
