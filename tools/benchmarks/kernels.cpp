// The scalar function of rows_call.cpp, written when the benchmarks are built.
#include <croton/aot.hpp>
using namespace croton;

CROTON_AOT(scalar) {
  const Expr x = input("x", f64, {});
  return aot({x}, {x * x + 1});
}
