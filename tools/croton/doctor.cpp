// croton doctor: what this machine has of what croton uses, and the command that mends what is
// missing.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "frontend/croton/function.hpp"
#include "ir/spelling.hpp"
#include "runtime/cache.hpp"
#include "runtime/config.hpp"
#include "runtime/nvrtc.hpp"
#include "runtime/pool.hpp"
#include "runtime/request.hpp"
#include "runtime/toolchain.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/progress.hpp"

extern char** environ;

namespace croton::tool {
namespace {

namespace fs = std::filesystem;

enum class State : std::uint8_t {
  ok,
  absent,   // croton does without
  problem,  // croton cannot do its work, or does it slowly
};

struct Check {
  State state;
  std::string what, found, mend;
};

constexpr const char* kStates[] = {"ok", "absent", "problem"};

Check cpu() {
  std::ifstream info("/proc/cpuinfo");
  std::string line, model = "a processor without a name";
  while (std::getline(info, line))
    if (line.starts_with("model name") && line.find(": ") != std::string::npos) {
      model = line.substr(line.find(": ") + 2);
      break;
    }
  try {
    const runtime::Target& target = runtime::host_target();
    return {State::ok, "cpu",
            fmt::format("{}; kernels are made for {}, vectors of {} bytes", model, target.name,
                        target.vector_bytes),
            ""};
  } catch (const UserError& error) {
    return {State::problem, "cpu", fmt::format("{}; {}", model, error.what()), "unset CROTON_CPU"};
  }
}

Check compiler() {
  std::string tried;
  const std::string path = runtime::compiler_component(&tried);
  if (!path.empty())
    return {State::ok, "compiler", fmt::format("{} in {}", runtime::compiler_identity(), path), ""};
  return {State::problem, "compiler", "the component cannot be loaded:\n" + tried,
          "export CROTON_COMPILER=/path/of/libcroton-compiler.so, or install croton again"};
}

Check nvrtc() {
  const std::string identity = runtime::nvrtc_identity();
  if (!identity.empty()) return {State::ok, "nvrtc", identity, ""};
  return {State::absent, "nvrtc", "CUDA text can be shown, not compiled to PTX",
          "apt-get install nvidia-cuda-toolkit, or export CROTON_NVRTC=/path/of/libnvrtc.so"};
}

Check driver() {
  const std::string identity = runtime::cuda_driver_identity();
  if (!identity.empty()) return {State::ok, "cuda driver", identity, ""};
  return {State::absent, "cuda driver", "libcuda.so.1 is not there, or there is no device",
          "apt-get install nvidia-driver"};
}

Check blas() {
  const std::string name = "libopenblas.so.0";
  if (runtime::library_loads(name))
    return {State::ok, "blas", name + "; products use croton's own kernels", ""};
  return {State::absent, "blas",
          "not needed: products use croton's own kernels; a peer of the benchmarks",
          "apt-get install libopenblas0"};
}

// The first directory of a path that exists.
fs::path existing(fs::path path) {
  std::error_code error;
  while (!path.empty() && !fs::exists(path, error) && path != path.parent_path())
    path = path.parent_path();
  return path.empty() ? fs::path(".") : path;
}

// Tried, since permissions tell neither of read-only file systems nor of quotas.
bool can_write_into(const fs::path& directory) {
  std::string name = (directory / ".croton-doctor-XXXXXX").string();
  return mkdtemp(name.data()) != nullptr && rmdir(name.c_str()) == 0;
}

Check cache() {
  const runtime::CacheSettings settings = runtime::cache_settings();
  constexpr const char* kName = "cache";
  if (!settings.read)
    return {State::problem, kName, "off: every function is compiled in every process",
            "unset CROTON_CACHE"};
  if (settings.directory.empty())
    return {State::problem, kName,
            "in memory only: none of CROTON_CACHE_DIR, XDG_CACHE_HOME and HOME is set",
            "export CROTON_CACHE_DIR=/some/directory"};
  const std::string& directory = settings.directory;
  struct stat s {};
  const bool there = stat(directory.c_str(), &s) == 0;
  const fs::path base = existing(directory);
  if (there && !S_ISDIR(s.st_mode))
    return {State::problem, kName, directory + " is no directory",
            "rm " + ir::shell_word(directory)};
  if (there && s.st_uid != geteuid() && s.st_uid != 0)
    return {
        State::problem, kName,
        fmt::format("{} belongs to user {}; entries of others are never run", directory, s.st_uid),
        "export CROTON_CACHE_DIR=/a/directory/of/your/own"};
  if (there && (s.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return {State::problem, kName,
            fmt::format("others may write into {} (mode {:o}), so it is not used", directory,
                        s.st_mode & 07777),
            "chmod go-w " + ir::shell_word(directory)};
  if (settings.write && !can_write_into(base))
    return {State::problem, kName, base.string() + " is not writable: nothing new is kept",
            there ? "chmod u+w " + ir::shell_word(directory)
                  : "export CROTON_CACHE_DIR=/some/directory"};
  struct statvfs space {};
  const bool known = statvfs(base.c_str(), &space) == 0;
  const auto available = static_cast<std::int64_t>(space.f_bavail * space.f_frsize);
  constexpr std::int64_t kLittle = std::int64_t{64} << 20;
  if (settings.write && known && available < kLittle)
    return {State::problem, kName,
            fmt::format("only {} are left where {} lies", bytes_text(available), directory),
            "croton cache prune --max 50M, or make room"};
  for (const std::string& layer : settings.layers)
    if (!fs::is_directory(layer) || !runtime::trusted_directory(layer))
      return {
          State::problem, kName,
          fmt::format("{} of CROTON_CACHE_PATH is {}, so it is not used", layer,
                      fs::is_directory(layer) ? "open to the writing of others" : "no directory"),
          "change CROTON_CACHE_PATH, or what stands there"};
  std::int64_t total = 0;
  std::size_t damaged = 0;
  {
    const std::vector<runtime::CacheFile> entries = runtime::list_entries(directory);
    Progress progress("verifying the cache", entries.size());
    for (const runtime::CacheFile& file : entries) {
      damaged += runtime::open_entry(file.path, false).damaged ? 1 : 0;
      progress.step();
    }
  }
  if (damaged > 0)
    return {State::problem, kName,
            fmt::format("{} of {} {} damaged and compiled again", ir::counted(damaged, "entry"),
                        directory, damaged == 1 ? "is" : "are"),
            "croton cache verify --delete"};
  const auto files = runtime::list_files(directory);
  for (const runtime::CacheFile& file : files) total += file.bytes;
  return {State::ok, kName,
          fmt::format("{}{}: {} entries, {} of {}; {} free", directory,
                      there ? fmt::format(" (yours, mode {:o}{})", s.st_mode & 07777,
                                          settings.write ? "" : ", read only")
                            : " (made when it is needed)",
                      files.size(), bytes_text(total), bytes_text(settings.max_bytes),
                      bytes_text(available)),
          ""};
}

Check threads() {
  return {State::ok, "threads",
          fmt::format("{}: {}", runtime::default_threads(),
                      runtime::setting("CROTON_THREADS")
                          ? "CROTON_THREADS"
                          : "the smaller of the affinity mask and the container's quota"),
          ""};
}

bool in_path(const std::string& program) {
  const std::string path = runtime::system_variable("PATH");
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    if (access((path.substr(at, end - at) + "/" + program).c_str(), X_OK) == 0) return true;
    at = end + 1;
  }
  return false;
}

Check program(const std::string& name, const std::string& use, const std::string& package) {
  if (in_path(name)) return {State::ok, name, use, ""};
  return {State::absent, name, use, "apt-get install " + package};
}

// A misspelt switch is silent everywhere else.
void environment(std::vector<Check>& out) {
  std::vector<std::string_view> known;
  for (const runtime::Setting& row : runtime::all_settings()) known.push_back(row.name);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with("CROTON_")) continue;
    const std::string name(text.substr(0, text.find('=')));
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end()) {
      out.push_back({State::problem, name,
                     fmt::format("no switch of croton{}", ir::suggestion(name, known)),
                     "unset " + name});
      continue;
    }
    const std::string problem = runtime::problem_with(
        runtime::all_settings()[static_cast<std::size_t>(at - known.begin())]);
    out.push_back({problem.empty() ? State::ok : State::problem, name,
                   problem.empty() ? std::string(text.substr(name.size() + 1)) : problem,
                   problem.empty() ? "" : "unset " + name});
  }
}

void doctor(bool as_json) {
  std::vector<Check> checks{{State::ok, "croton", runtime::library_identity(), ""},
                            cpu(),
                            threads(),
                            compiler(),
                            cache(),
                            nvrtc(),
                            driver(),
                            blas(),
                            program("perf", "samples kernels by name", "linux-perf"),
                            program("gdb", "debugs kernels by line", "gdb"),
                            program("dot", "draws what croton dump --dot prints", "graphviz")};
  environment(checks);
  bool good = true;
  for (const Check& check : checks) good &= check.state != State::problem;
  if (as_json) {
    nlohmann::json rows = nlohmann::json::array();
    for (const Check& check : checks)
      rows.push_back({{"what", check.what},
                      {"state", kStates[static_cast<int>(check.state)]},
                      {"found", check.found},
                      {"mend", check.mend}});
    write_json({{"good", good}, {"checks", rows}});
  } else {
    constexpr const char* kColours[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};
    const bool colour = coloured(STDOUT_FILENO);
    std::string text;
    for (const Check& check : checks) {
      const auto state = static_cast<std::size_t>(check.state);
      text += fmt::format("{}{:<8}{} {:<12} {}\n", colour ? kColours[state] : "", kStates[state],
                          colour ? "\x1b[0m" : "", check.what, check.found);
      if (!check.mend.empty()) text += fmt::format("{:<21} mend: {}\n", "", check.mend);
    }
    write_output("", text);
  }
  if (!good)
    throw UserError("something that croton needs is missing; the lines above say what mends it");
}

}  // namespace

void add_doctor(CLI::App& program) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = program.add_subcommand(
      "doctor", "what this machine has of what croton uses, and what mends the rest");
  command->footer("Example: croton doctor --json");
  command->add_flag("--json", *as_json, "as JSON");
  command->callback([as_json] { doctor(*as_json); });
}

}  // namespace croton::tool
