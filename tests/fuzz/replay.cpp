// Runs a target without libFuzzer: replay FOLDER [ROUNDS] runs every seed, and ROUNDS mutations of
// each (1000 unless told), seeded by its name.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>

#include "tests/fuzz/target.hpp"

void promise(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

namespace {

std::string mutated(std::string bytes, std::mt19937_64& random) {
  for (auto changes = 1 + random() % 4; changes > 0 && !bytes.empty(); --changes) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 2:
        bytes.erase(at, random() % 16);
        break;
      case 3:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 16));
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 1;
  const int rounds = count > 2 ? std::atoi(arguments[2]) : 1000;
  int seeds = 0;
  for (const auto& file : std::filesystem::directory_iterator(arguments[1])) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string seed(std::istreambuf_iterator<char>(in), {});
    run_target(seed);
    std::mt19937_64 random(std::hash<std::string>{}(file.path().filename().string()));
    for (int k = 0; k < rounds; ++k) run_target(mutated(seed, random));
    ++seeds;
  }
  std::printf("%d seeds, %d mutations of each\n", seeds, rounds);
  return seeds == 0;
}
