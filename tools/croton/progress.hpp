// How far a command is, on standard error when that is a terminal and the work takes over two
// seconds; else nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace croton::tool {

/// A bar that is drawn by a thread of its own, so that one long step shows that it goes on. Gone
/// when this is destroyed, which comes before the command prints. Not for commands that fork.
class Progress {
 public:
  /// `total` steps; 0: their number is not known, so a mark wanders and the seconds are shown.
  explicit Progress(std::string what, std::size_t total = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void step();
  /// Writes to standard output, clear of the bar.
  void print(const std::string& text);

 private:
  void draw_until_stopped();
  void draw(std::chrono::duration<double> spent);
  void clear();

  std::string what_;
  std::size_t total_, done_ = 0;
  bool shown_ = false, stopping_ = false;
  std::mutex mutex_;
  std::condition_variable stop_;
  std::thread thread_;
};

}  // namespace croton::tool
