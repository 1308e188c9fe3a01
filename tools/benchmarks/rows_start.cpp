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

double run_process(std::vector<std::string> command) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {1, 2})
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t process = 0;
  int status = 0;
  const auto start = Clock::now();
  const int error =
      posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  if (error == 0) waitpid(process, &status, 0);
  const double seconds = seconds_since(start);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0 || status != 0) throw std::runtime_error(command[0] + " failed");
  return seconds;
}

void process_row(Runner& runner, const std::string& name, const Timed& croton, double limit) {
  const std::string empty = runner.options().folder + "/bench_empty";
  const std::vector<Sample> samples = runner.measure({croton, [&](int count) {
                                                        double total = 0;
                                                        for (int i = 0; i < count; ++i)
                                                          total += run_process({empty});
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

void rate_row(Runner& runner, const std::string& name, const Timed& croton, int cases,
              double least) {
  const std::string empty = runner.options().folder + "/bench_empty";
  const std::vector<Sample> samples =
      runner.measure({croton, timed([&] { (void)run_process({empty}); })});
  const auto rate = [&](double seconds) { return 60 * cases / seconds; };
  runner.report({.name = name,
                 .unit = "/min",
                 .peer = "empty process",
                 .croton = rate(samples[0].best),
                 .peer_value = 60 / samples[1].best,
                 .ratio = samples[1].best / samples[0].best * cases,
                 .croton_median = rate(samples[0].median),
                 .peer_median = 60 / samples[1].median,
                 .target = fmt::format(">= {:g} a minute", least),
                 .ok = rate(samples[0].median) >= least,
                 .note = "in one process, each program once"});
}

void start_rows(Runner& runner) {
  if (runner.options().threads != 1) return;
  const std::string program = runner.options().folder + "/bench_first_result";
  const std::filesystem::path cache = runner.options().folder + "/first-result-cache";
  const auto before = [&] { std::filesystem::remove_all(cache); };
  const char* set = getenv("CROTON_CACHE_DIR");
  const std::string old = set ? set : "";
  setenv("CROTON_CACHE_DIR", cache.c_str(), 1);
  if (runner.wanted("first result, empty cache"))
    process_row(
        runner, "first result, empty cache",
        [&](int count) {
          double total = 0;
          for (int i = 0; i < count; ++i) {
            before();
            total += run_process({program});
          }
          return total;
        },
        100);
  if (runner.wanted("first result, warm cache")) {
    (void)run_process({program});
    process_row(
        runner, "first result, warm cache",
        [&](int count) {
          double total = 0;
          for (int i = 0; i < count; ++i) total += run_process({program});
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
