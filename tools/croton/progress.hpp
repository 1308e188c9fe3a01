// A bar on standard error for work that takes long: it appears after two seconds, only on a
// terminal, and leaves no trace.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace croton::tool {

class Progress {
 public:
  Progress(std::string what, std::size_t total) : what_(std::move(what)), total_(total) {}
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void step();

 private:
  std::string what_;
  std::size_t total_, done_ = 0;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now(), last_ = start_;
};

}  // namespace croton::tool
