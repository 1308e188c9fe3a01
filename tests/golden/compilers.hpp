// Compilers of the system, run as programs.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace croton::test {

/// Runs a shell command; its exit status and everything it printed.
[[nodiscard]] std::pair<int, std::string> run_command(const std::string& command);
/// g++, clang++-14 and clang++-19, as far as they are here; the others are skipped visibly.
[[nodiscard]] std::vector<std::string> cpp_compilers();
/// "SKIPPED: why", once for each reason.
void skip(const std::string& why);

}  // namespace croton::test
