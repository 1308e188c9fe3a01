// What a mistake looks like, and how a gradient is checked.
#include <croton/croton.hpp>
#include <iostream>
using namespace croton;

int main() {
  Expr x = input("x", f32, {"n", 784});
  Shared W = shared("W", Array::zeros<float>({748, 10}));
  try {
    Expr scores = matmul(x, W);
  } catch (const UserError& error) {
    std::cout << error.what() << "\n\n";
  }
  Expr z = input("z", f64, {5});
  std::cout << verify_grad(sum(tanh(z) * z), {z}) << "\n";
}
