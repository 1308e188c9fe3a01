#include "runtime/config.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "ir/error.hpp"

namespace croton::runtime {
namespace {

// clang-format off
constexpr Setting kSettings[] = {
  {"CROTON_BISECT", "only so many rewrites fire in each compile; to find the one that changes a result, halve it"},
  {"CROTON_CACHE", "`off`, `ro` or `rw` (default)"},
  {"CROTON_CACHE_DIR", "where kernels are kept; else `$XDG_CACHE_HOME/croton`, else `~/.cache/croton`, else memory only"},
  {"CROTON_CACHE_MAX", "bytes, or `200M`, `1G`; above it the entries used longest ago go until 80 % is left (default 1 GiB)"},
  {"CROTON_CACHE_PATH", "read-only caches to look in as well, separated by colons"},
  {"CROTON_COMPILER", "path of `libcroton-compiler.so`, when it is not beside `libcroton.so`"},
  {"CROTON_CPU", "`x86-64-v2`, `-v3` or `-v4`: what the CPU has beyond that level is not used"},
  {"CROTON_DUMP", "a directory: every function that is compiled writes its stages and kernels into `<name>-<number>/`"},
  {"CROTON_LINES", "kernels are compiled with debug information; their lines are those of an emitted file in the cache's folder `source`"},
  {"CROTON_LOG", "topics to log to standard error, separated by commas: `cache`, `pass`, `jit`, or `all`"},
  {"CROTON_MATH", "`strict`, `standard` or `fast`, for functions whose options say nothing"},
  {"CROTON_NVRTC", "path of `libnvrtc.so`, when the system does not find it"},
  {"CROTON_PERF", "write the addresses and names of kernels to `/tmp/perf-PID.map`, where perf looks for them"},
  {"CROTON_THREADS", "threads of the pool; else the smaller of the affinity mask and the container's quota"},
  {"CROTON_VERIFY", "check the graph and its text form after every pass"},
};
// clang-format on

}  // namespace

std::span<const Setting> all_settings() { return kSettings; }

std::optional<std::string> setting(std::string_view name) {
  bool known = false;
  for (const Setting& row : kSettings) known |= row.name == name;
  CROTON_CHECK(known, "a switch without a row in the table");
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string system_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::int64_t> byte_count(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty() || unit == "B") return value;
  const auto power = std::string_view("KMGT").find(unit[0] & ~0x20);  // of either case
  unit.remove_prefix(1);
  if (power == std::string_view::npos || !(unit.empty() || unit == "B" || unit == "iB"))
    return std::nullopt;
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(value, std::int64_t{1024} << (10 * power), &bytes))
    return std::nullopt;
  return bytes;
}

bool flag(std::string_view name) {
  const std::optional<std::string> value = setting(name);
  return value && *value != "0" && *value != "off" && *value != "no";
}

bool is_logged(std::string_view topic) {
  const std::optional<std::string> wanted = setting("CROTON_LOG");
  if (!wanted) return false;
  std::string_view rest = *wanted;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    if (word == topic || word == "all") return true;
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
  }
  return false;
}

void log(std::string_view topic, std::string_view text) {
  if (!is_logged(topic)) return;
  const std::string line = "croton " + std::string(topic) + ": " + std::string(text) + "\n";
  std::fputs(line.c_str(), stderr);
}

}  // namespace croton::runtime
