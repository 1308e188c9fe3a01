// Every public operation by its name, decided at run time.
#include <croton/croton.hpp>
#include <iostream>
using namespace croton;

int main() {
  Expr x = input("x", f64, {3});
  for (const char* name : {"softmax", "tanh", "exp"}) {
    Function f = compile({x}, {call(name, {x})}, {.name = name});
    std::cout << name << " " << f(std::vector<double>{1, 2, 3}).single() << "\n";
  }
}
