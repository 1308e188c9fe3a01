#include "tests/golden/compilers.hpp"

#include <sys/wait.h>

#include <cstdio>
#include <iostream>
#include <set>

namespace croton::test {

std::pair<int, std::string> run_command(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "cannot run " + command};
  std::string out;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;)
    out.append(buffer, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out};
}

std::vector<std::string> cpp_compilers() {
  std::vector<std::string> here;
  for (const char* name : {"g++", "clang++-14", "clang++-19"}) {
    if (run_command(std::string("command -v ") + name).first == 0)
      here.emplace_back(name);
    else
      skip(std::string("no ") + name);
  }
  return here;
}

void skip(const std::string& why) {
  static std::set<std::string> said;
  if (said.insert(why).second) std::cout << "SKIPPED: " << why << "\n";
}

}  // namespace croton::test
