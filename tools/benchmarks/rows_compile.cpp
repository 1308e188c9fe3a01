// How compile time grows with the graph: building and compiling 10,000 nodes against 1,000, each in
// a process of its own, without a cache.
#include <croton/croton.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <thread>

#include "tools/benchmarks/bench.hpp"

extern char** environ;

namespace bench {
namespace {

using namespace croton;

Expr build(const std::string& form, int nodes, const Expr& x, const Expr& y) {
  if (form == "chain") {  // ((x + y) * x + y) * x …
    Expr value = x;
    for (int i = 0; i < nodes; ++i) value = i % 2 == 0 ? value + y : value * x;
    return value;
  }
  if (form == "wide") {  // half the nodes are independent products, the others add them in pairs
    std::vector<Expr> terms;
    for (int i = 0; i < nodes / 2; ++i) terms.push_back((i % 2 == 0 ? x : y) * (1 + i * 0.001));
    while (terms.size() > 1) {
      std::vector<Expr> sums;
      for (std::size_t i = 0; i + 1 < terms.size(); i += 2) sums.push_back(terms[i] + terms[i + 1]);
      if (terms.size() % 2 == 1) sums.push_back(terms.back());
      terms = std::move(sums);
    }
    return terms[0];
  }
  Expr older = x, value = y;  // sharing: every node is used by the next two
  for (int i = 0; i < nodes; ++i) {
    const Expr next = i % 2 == 0 ? older * value : older + value;
    older = value, value = next;
  }
  return value;
}

// Seconds, or nothing when the process was stopped after `limit` seconds.
std::optional<double> in_process(const Runner& runner, const std::string& form, int nodes,
                                 double limit) {
  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output[1], 1);
  std::string program = runner.options().folder + "/croton_bench", flag = "--graph", name = form,
              count = std::to_string(nodes);
  char* arguments[] = {program.data(), flag.data(), name.data(), count.data(), nullptr};
  pid_t process = 0;
  if (posix_spawn(&process, program.c_str(), &actions, nullptr, arguments, environ) != 0)
    throw std::runtime_error("cannot start " + program);
  posix_spawn_file_actions_destroy(&actions);
  close(output[1]);
  const auto start = Clock::now();
  int status = 0;
  bool stopped = false;
  while (waitpid(process, &status, WNOHANG) == 0) {
    if (!stopped && seconds_since(start) > limit) kill(process, SIGKILL), stopped = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  std::FILE* answer = fdopen(output[0], "r");
  double seconds = 0;
  const bool read = std::fscanf(answer, "%lf", &seconds) == 1;
  std::fclose(answer);
  if (stopped) return std::nullopt;
  if (!read || status != 0)
    throw std::runtime_error(fmt::format("compiling a {} graph of {} nodes failed", form, nodes));
  return seconds;
}

}  // namespace

int compile_graph(const std::string& form, int nodes) {
  setenv("CROTON_CACHE", "off", 1);
  const Expr x = input("x", f64, {"n"}), y = input("y", f64, {"n"});
  (void)compile({x}, {x + 2});  // the compiler component is loaded
  const auto start = Clock::now();
  const Function f = compile({x, y}, {build(form, nodes, x, y)}, {.name = form});
  std::printf("%.9f\n", seconds_since(start));
  return 0;
}

void compile_rows(Runner& runner) {
  if (runner.options().threads != 1) return;
  const double limit = runner.options().quick ? 10 : 30;
  for (const std::string form : {"chain", "wide", "sharing"}) {
    const std::string name = fmt::format("compile time, {} graph of 10000 nodes", form);
    if (!runner.wanted(name)) continue;
    std::vector<double> small, large;
    bool stopped = false;
    double spent = 0;
    for (int i = 0; i < 3 && !stopped && spent < limit / 3; ++i) {
      const auto start = Clock::now();
      const std::optional<double> one = in_process(runner, form, 1000, limit);
      const std::optional<double> ten = one ? in_process(runner, form, 10000, limit) : std::nullopt;
      if (one) small.push_back(*one);
      if (ten) large.push_back(*ten);
      stopped = !ten;
      spent += seconds_since(start);
    }
    std::sort(small.begin(), small.end()), std::sort(large.begin(), large.end());
    Row row{.name = name, .unit = "s", .peer = "1000 nodes", .target = "<= 12", .ok = false};
    if (small.empty())
      small.push_back(limit), row.note = fmt::format("1000 nodes stopped after {:g} s", limit);
    if (large.empty()) {
      large.push_back(limit);
      if (row.note.empty()) row.note = fmt::format("stopped after {:g} s", limit);
    }
    row.croton = large[0], row.croton_median = large[large.size() / 2];
    row.peer_value = small[0], row.peer_median = small[small.size() / 2];
    row.ratio = large[0] / small[0];
    if (row.note.empty()) row.ok = row.ratio <= 12;
    runner.report(row);
  }
}

}  // namespace bench
