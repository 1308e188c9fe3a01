#include "tools/croton/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace croton::tool {

Progress::~Progress() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void Progress::step() {
  using namespace std::chrono_literals;
  constexpr std::size_t kWidth = 30;
  ++done_;
  const auto now = std::chrono::steady_clock::now();
  if (now - start_ < 2s || now - last_ < 100ms || isatty(STDERR_FILENO) == 0) return;
  last_ = now;
  shown_ = true;
  const std::size_t filled = total_ == 0 ? kWidth : kWidth * done_ / total_;
  const std::string line =
      fmt::format("\r{} [{}{}] {} of {}\x1b[K", what_, std::string(filled, '#'),
                  std::string(kWidth - filled, ' '), done_, total_);
  std::fputs(line.c_str(), stderr);
}

}  // namespace croton::tool
