// The harness of the benchmarks: what a measurement is, how contenders take turns, how rows are
// reported. Every row compares croton with one named peer measured in the same run: contenders run
// in rounds, in alternating order, and the best and median of all samples are kept. Rows go to
// stdout, one JSON object a line; tools/bench makes the table.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <regex>
#include <string>
#include <vector>

namespace bench {

struct Options {
  int threads = 1;
  bool quick = false;
  bool list = false;
  std::string only;    // a regular expression on names
  std::string folder;  // where this program and its companions lie
  std::string python;  // an interpreter that has NumPy, or ""
  std::string numpy_program;
};

/// Makes `count` calls and returns the seconds they took.
using Timed = std::function<double(int count)>;

/// Seconds of one call.
struct Sample {
  double best = 0, median = 0;
};

using Clock = std::chrono::steady_clock;
[[nodiscard]] double seconds_since(Clock::time_point start);

template <class F>
[[nodiscard]] Timed timed(F call) {
  return [call](int count) {
    const auto start = Clock::now();
    for (int i = 0; i < count; ++i) call();
    return seconds_since(start);
  };
}

/// A peer may have several forms of the same program; its best one counts.
struct Peer {
  std::string name;
  std::vector<Timed> forms;  // none: the peer is missing here
  double target = 0;         // croton is to be at least this many times as fast; 0: no target
};

/// How seconds are shown: as time, or as work per second.
struct Unit {
  std::string name;
  double scale = 1;  // times seconds
  double work = 0;   // if not 0: work / seconds is shown instead
  [[nodiscard]] double of(double seconds) const {
    return work != 0 ? work / seconds : seconds * scale;
  }
};
inline const Unit kMicroseconds{"us", 1e6}, kNanoseconds{"ns", 1e9}, kMilliseconds{"ms", 1e3},
    kSeconds{"s", 1};
[[nodiscard]] inline Unit gflops(double operations) { return {"GFLOP/s", 1, operations * 1e-9}; }

struct Row {
  std::string name, unit, peer;
  double croton = 0, peer_value = 0, ratio = 0;
  double croton_median = 0, peer_median = 0;
  std::string target = {};  // "" when there is none
  bool ok = true;
  std::string note = {};
};

class Runner {
 public:
  explicit Runner(Options options);
  /// Whether a row is to be measured. With --list it prints the name and says no.
  [[nodiscard]] bool wanted(const std::string& name);
  /// Contenders take turns; one sample per contender, in their order.
  [[nodiscard]] std::vector<Sample> measure(const std::vector<Timed>& contenders) const;
  /// One row per peer: croton against the best form of each.
  void compare(const std::string& name, const Unit& unit, const Timed& croton,
               const std::vector<Peer>& peers);
  void report(const Row& row) const;
  /// A row that could not be measured because its peer is missing.
  void missing(const std::string& name, const std::string& peer) const;
  /// Reports results that differ, which makes the program fail at its end.
  void check(const std::string& name, bool equal, const std::string& what);
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  Options options_;
  std::regex only_;
  bool failed_ = false;
};

/// Page-aligned memory on large pages, never freed: all contenders use the same.
void* allocate(std::size_t bytes);
template <class T>
T* allocate_array(std::int64_t count) {
  return static_cast<T*>(allocate(static_cast<std::size_t>(count) * sizeof(T)));
}
/// The same numbers as in numpy_peer.py: between 0 and 1, times `scale`, plus `shift`.
template <class T>
void fill(T* data, std::int64_t count, std::int64_t seed, double scale = 1, double shift = 0) {
  for (std::int64_t i = 0; i < count; ++i)
    data[i] = static_cast<T>(static_cast<double>((i * 7919 + seed * 104729) % 2003) / 2003 * scale +
                             shift);
}
/// Largest |a - b| / (|b| + the largest of b / 100) of all elements.
double largest_difference(const float* a, const float* b, std::int64_t count);
double largest_difference(const double* a, const double* b, std::int64_t count);

// The groups of rows, one file each.
/// Runs a program without its output and returns the seconds from spawn to exit; an exception when
/// it fails.
double run_process(std::vector<std::string> command);
/// A row of whole processes against one that does nothing: at most `limit` ms over it.
void process_row(Runner& runner, const std::string& name, const Timed& croton, double limit);
/// A row of cases a minute, at least `least`, from a process that answers `cases`; the peer is as
/// many empty processes.
void rate_row(Runner& runner, const std::string& name, const Timed& croton, int cases,
              double least);
void start_rows(Runner& runner);
void tool_rows(Runner& runner);
void call_rows(Runner& runner);
void elementwise_rows(Runner& runner);
void reduction_rows(Runner& runner);
void product_rows(Runner& runner);
void training_rows(Runner& runner);
void compile_rows(Runner& runner);
void wide_rows(Runner& runner);

/// The other half of compile_rows: a process of its own for each graph.
int compile_graph(const std::string& form, int nodes);

}  // namespace bench
