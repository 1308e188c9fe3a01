// The program croton: what each command that compiles nothing costs over an empty process, and how
// many small cases it answers in a minute.
#include <fmt/format.h>
#include <stdlib.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "tools/benchmarks/bench.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

// Its output is what the cases are given.
constexpr const char* kNumbers =
    "ctir 1\nmodule @numbers : tensor {\n  %x = iota {dtype = f64, shape = [4], axis = 0}\n"
    "  output %x\n}\n";
// A graph that every command can be asked about, and which is in the cache.
constexpr const char* kModule =
    "ctir 1\nmodule @layer : tensor {\n"
    "  %x = input {name = \"x\"} : f32[n, 30]\n  %W = input {name = \"W\"} : f32[30, 20]\n"
    "  %0 = contract(%x, %W) {a = [0, 2], b = [2, 1], out = [0, 1]}\n  %h = tanh(%0)\n"
    "  input %x, %W\n  output %h\n}\n";

// Programs that have no kernel in common: chains of ops whose digits the number is.
std::string program_text(int number) {
  constexpr std::array kOps{"sin", "exp", "tanh", "cos", "sqrt", "neg"};
  std::string text = fmt::format("ctir 1\nmodule @p{} : tensor {{\n", number);
  text += "  %x = input {name = \"x\"} : f64[n]\n";
  std::string last = "%x";
  for (int digit = 0; digit < 5; ++digit, number /= static_cast<int>(kOps.size())) {
    const std::string next = fmt::format("%v{}", digit);
    text += fmt::format("  {} = {}({})\n", next, kOps[number % kOps.size()], last);
    last = next;
  }
  return text + fmt::format("  input %x\n  output {}\n}}\n", last);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '\n' ? "\\n" : c == '"' ? "\\\"" : std::string(1, c);
  return out + "\"";
}

void start_row(Runner& runner, const std::string& program, std::vector<std::string> arguments) {
  std::string name = "croton";
  for (const std::string& argument : arguments)
    name += " " + fs::path(argument).filename().string();
  if (!runner.wanted(name)) return;
  arguments.insert(arguments.begin(), program);
  process_row(runner, name, timed([arguments] { (void)run_process(arguments); }), 10);
}

}  // namespace

void tool_rows(Runner& runner) {
  if (runner.options().threads != 1) return;
  const std::string program = runner.options().folder + "/../croton/croton";
  const fs::path folder = runner.options().folder + "/tool";
  const std::string module = (folder / "layer.ctir").string();
  const char* set = getenv("CROTON_CACHE_DIR");
  const std::string old = set ? set : "";
  setenv("CROTON_CACHE_DIR", (folder / "cache").c_str(), 1);
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::ofstream(module) << kModule;
  (void)run_process({program, "run", module, "--dim", "n=3"});
  const std::string numbers = (folder / "numbers.ctir").string();
  std::ofstream(numbers) << kNumbers;
  (void)run_process({program, "run", numbers, "--output", (folder / "x.npz").string()});
  start_row(runner, program, {"--version"});
  start_row(runner, program, {"dump", "--help"});
  start_row(runner, program, {"ops"});
  start_row(runner, program, {"opt", module, "--run", "all"});
  start_row(runner, program, {"dump", module, "--stage", "plan"});
  start_row(runner, program, {"dump", "layer", "--stage", "cpp"});
  start_row(runner, program, {"run", module, "--dim", "n=3"});
  start_row(runner, program, {"cache", "path"});
  start_row(runner, program, {"cache", "ls"});
  start_row(runner, program, {"cache", "stats"});
  start_row(runner, program, {"cache", "why", "layer"});
  start_row(runner, program, {"cache", "verify"});
  start_row(runner, program, {"completion", "bash"});
  for (const bool warm : {false, true}) {
    const std::string name = warm ? "cases, warm cache" : "cases, cold cache";
    if (!runner.wanted(name)) continue;
    const int count = warm ? 300 : 60;
    const std::string file = (folder / (warm ? "warm.jsonl" : "cold.jsonl")).string();
    std::ofstream lines(file);
    for (int i = 0; i < count; ++i)
      lines << fmt::format("{{\"id\": {}, \"program\": {}, \"inputs\": \"x.npz\"}}\n", i,
                           quoted(program_text(i)));
    lines.close();
    const std::vector<std::string> command{program,  "run", "--cases", file,
                                           "--jobs", "1",   "--cache", warm ? "warm" : "cold"};
    if (warm) (void)run_process(command);
    rate_row(runner, name, timed([command] { (void)run_process(command); }), count,
             warm ? 3000 : 1000);
  }
  fs::remove_all(folder);
  if (set)
    setenv("CROTON_CACHE_DIR", old.c_str(), 1);
  else
    unsetenv("CROTON_CACHE_DIR");
}

}  // namespace bench
