#include "tools/croton/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "ir/error.hpp"
#include "runtime/config.hpp"

namespace croton::tool {

bool coloured(int stream) {
  return isatty(stream) != 0 && runtime::system_variable("NO_COLOR").empty() &&
         runtime::system_variable("TERM") != "dumb";
}

std::string heading(std::string_view text) {
  return coloured(STDOUT_FILENO) ? fmt::format("\x1b[1m== {}\x1b[0m\n", text)
                                 : fmt::format("== {}\n", text);
}

void write_output(const std::string& file, const std::string& text) {
  if (file.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::ofstream stream(file, std::ios::binary);
  if (!(stream << text) || !stream.flush()) throw UserError(fmt::format("cannot write {}", file));
}

}  // namespace croton::tool
