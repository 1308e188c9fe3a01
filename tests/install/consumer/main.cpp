#include <croton/croton.hpp>
#include <iostream>

int main() {
  using namespace croton;
  Expr x = input("x", f32, {"n"});
  std::cout << compile({x}, {x * x})(std::vector<float>{1, 2, 3}).single() << " with croton "
            << version() << "\n";
}
