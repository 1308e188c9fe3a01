// Running another program and reading what it says.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace croton::runtime {

struct ProcessResult {
  int status = 0;      // its exit code; 128 + the signal that ended it
  std::string output;  // standard output and error
};

/// The program is looked for in PATH unless it has a slash; `environment` is added to ours. Nothing
/// when there is no such program.
[[nodiscard]] std::optional<ProcessResult> run_process(
    const std::vector<std::string>& command,
    const std::vector<std::pair<std::string, std::string>>& environment = {});

}  // namespace croton::runtime
