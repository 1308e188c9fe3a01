// Writes the whole prelude of one variant into a file, at build time: croton-write-prelude
// fma|plain FILE
#include <fstream>
#include <string_view>

#include "ir/prelude.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  std::ofstream file(argv[2]);
  file << croton::ir::prelude_whole({.fma = std::string_view(argv[1]) == "fma"});
  return file.flush() ? 0 : 1;
}
