#include "tools/croton/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace croton::tool {

using namespace std::chrono_literals;

Progress::Progress(std::string what, std::size_t total) : what_(std::move(what)), total_(total) {
  if (isatty(STDERR_FILENO) == 1) thread_ = std::thread([this] { draw_until_stopped(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
  clear();
}

void Progress::step() {
  const std::lock_guard lock(mutex_);
  ++done_;
}

void Progress::print(const std::string& text) {
  const std::lock_guard lock(mutex_);
  clear();
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

void Progress::draw_until_stopped() {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  for (auto wait = 2000ms; !stop_.wait_for(lock, wait, [this] { return stopping_; }); wait = 100ms)
    draw(std::chrono::steady_clock::now() - start);
}

void Progress::draw(std::chrono::duration<double> spent) {
  constexpr std::size_t kWidth = 30, kMark = 5;
  std::string bar(kWidth, ' ');
  std::string count = fmt::format("{:.0f} s", spent.count());
  if (total_ > 0) {
    bar.replace(0, kWidth * std::min(done_, total_) / total_,
                kWidth * std::min(done_, total_) / total_, '#');
    count = fmt::format("{} of {}", done_, total_);
  } else {
    const auto at = static_cast<std::size_t>(spent.count() * 10) % (kWidth - kMark + 1);
    bar.replace(at, kMark, kMark, '#');
  }
  fmt::print(stderr, "\r{} [{}] {}\x1b[K", what_, bar, count);
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace croton::tool
