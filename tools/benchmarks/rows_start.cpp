// First results: whole processes, from spawn to exit, against a process that does nothing.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>
#include <stdexcept>

#include "tools/benchmarks/bench.hpp"

extern char** environ;

namespace bench {
namespace {

double run(const std::string& program) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  std::string path = program;
  char* arguments[] = {path.data(), nullptr};
  pid_t process = 0;
  int status = 0;
  const auto start = Clock::now();
  const int error = posix_spawn(&process, path.c_str(), &actions, nullptr, arguments, environ);
  if (error == 0) waitpid(process, &status, 0);
  const double seconds = seconds_since(start);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0 || status != 0) throw std::runtime_error(program + " failed");
  return seconds;
}

void row(Runner& runner, const std::string& name, const Timed& croton, double limit) {
  const std::string empty = runner.options().folder + "/bench_empty";
  const std::vector<Sample> samples = runner.measure({croton, [&](int count) {
                                                        double total = 0;
                                                        for (int i = 0; i < count; ++i)
                                                          total += run(empty);
                                                        return total;
                                                      }});
  const double over = (samples[0].best - samples[1].best) * 1e3;
  runner.report({.name = name,
                 .unit = "ms",
                 .peer = "empty process",
                 .croton = samples[0].best * 1e3,
                 .peer_value = samples[1].best * 1e3,
                 .ratio = samples[1].best / samples[0].best,
                 .croton_median = samples[0].median * 1e3,
                 .peer_median = samples[1].median * 1e3,
                 .target = fmt::format("<= {:g} ms over it", limit),
                 .ok = over <= limit,
                 .note = fmt::format("{:.2f} ms over it", over)});
}

}  // namespace

void start_rows(Runner& runner) {
  if (runner.options().threads != 1) return;
  const std::string program = runner.options().folder + "/bench_first_result";
  const std::filesystem::path cache = runner.options().folder + "/first-result-cache";
  const auto before = [&] { std::filesystem::remove_all(cache); };
  const char* set = getenv("CROTON_CACHE_DIR");
  const std::string old = set ? set : "";
  setenv("CROTON_CACHE_DIR", cache.c_str(), 1);
  if (runner.wanted("first result, empty cache"))
    row(
        runner, "first result, empty cache",
        [&](int count) {
          double total = 0;
          for (int i = 0; i < count; ++i) {
            before();
            total += run(program);
          }
          return total;
        },
        100);
  if (runner.wanted("first result, warm cache")) {
    run(program);
    row(
        runner, "first result, warm cache",
        [&](int count) {
          double total = 0;
          for (int i = 0; i < count; ++i) total += run(program);
          return total;
        },
        10);
  }
  before();
  if (set)
    setenv("CROTON_CACHE_DIR", old.c_str(), 1);
  else
    unsetenv("CROTON_CACHE_DIR");
}

}  // namespace bench
