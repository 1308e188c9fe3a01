// The same function in process: prints the bits of its results.
#include <cstdio>
#include <vector>

#include "network.hpp"

int main() {
  Network net;
  const auto f = croton::compile({net.x}, {net.p});
  std::vector<float> x(3 * 784);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 17) / 17.0f;
  const croton::Array out = f(croton::ArrayView(x.data(), {3, 784})).single();
  for (int i = 0; i < 30; ++i) {
    unsigned bits;
    __builtin_memcpy(&bits, out.data<float>() + i, 4);
    std::printf("%08x%c", bits, i % 10 == 9 ? '\n' : ' ');
  }
}
