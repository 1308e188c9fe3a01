// The entry that libFuzzer calls.
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/target.hpp"

void promise(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run_target({reinterpret_cast<const char*>(data), size});
  return 0;
}
