#include "runtime/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#include "ir/error.hpp"
#include "ir/spelling.hpp"
#include "runtime/target.hpp"

namespace croton::runtime {
namespace {

bool one_of(std::string_view value, std::initializer_list<std::string_view> allowed) {
  return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

bool is_count(std::string_view v) { return natural(v).has_value(); }
bool is_thread_count(std::string_view v) {
  const std::optional<std::int64_t> n = natural(v);
  return n && *n >= 1 && *n <= 4096;
}
bool is_flag(std::string_view v) {
  return one_of(v, {"1", "on", "yes", "true", "0", "off", "no", "false"});
}
bool is_profile(std::string_view v) { return v == "jitdump" || is_flag(v); }
bool are_topics(std::string_view v) {
  for (const std::string& topic : ir::split_list(v))
    if (!one_of(topic, {"cache", "pass", "jit", "all"})) return false;
  return true;
}

constexpr std::string_view kFlag = "1, on, yes, true, 0, off, no or false";

// clang-format off
constexpr Setting kSettings[] = {
  {"CROTON_BISECT", "only so many rewrites fire in each compile; to find the one that changes a result, halve it",
   "a whole number, 0 or more", is_count},
  {"CROTON_CACHE", "`off`, `ro` or `rw` (default)", "off, ro or rw",
   [](std::string_view v) { return one_of(v, {"off", "ro", "rw"}); }},
  {"CROTON_CACHE_DIR", "where kernels are kept; else `$XDG_CACHE_HOME/croton`, else `~/.cache/croton`, else memory only"},
  {"CROTON_CACHE_MAX", "bytes, or `200M`, `1G`; above it the entries used longest ago go until 80 % is left (default 1 GiB)",
   "bytes, such as 4096, 200M or 1G", [](std::string_view v) { return byte_count(v).has_value(); }},
  {"CROTON_CACHE_PATH", "read-only caches to look in as well, separated by colons"},
  {"CROTON_COMPILER", "path of `libcroton-compiler.so`, when it is not beside `libcroton.so`"},
  {"CROTON_CPU", "`x86-64-v2`, `-v3` or `-v4`: what the CPU has beyond that level is not used",
   "x86-64-v2, x86-64-v3 or x86-64-v4", [](std::string_view v) { return target_named(v).has_value(); }, true},
  {"CROTON_DUMP", "a directory: every function that is compiled writes its stages, its kernels and `report.html` into `<name>-<number>/`; what cannot be written costs a line on standard error"},
  {"CROTON_LINES", "kernels are compiled with debug information; their lines are those of an emitted file in the cache's folder `source`",
   kFlag, is_flag},
  {"CROTON_LOG", "topics to log to standard error, separated by commas: `cache`, `pass`, `jit`, or `all`",
   "cache, pass, jit or all, separated by commas", are_topics},
  {"CROTON_MATH", "`strict`, `standard` or `fast`, for functions whose options say nothing", "strict, standard or fast",
   [](std::string_view v) { return one_of(v, {"strict", "standard", "fast"}); }, true},
  {"CROTON_NVRTC", "path of `libnvrtc.so`, when the system does not find it"},
  {"CROTON_PERF", "`1`: write the addresses and names of kernels to `/tmp/perf-PID.map`, where perf looks for them; `jitdump`: write code, names and, with `CROTON_LINES`, lines to `jit-PID.dump` for `perf inject --jit`",
   "jitdump, 1, on, yes, true, 0, off, no or false", is_profile},
  {"CROTON_THREADS", "threads of the pool; else the smaller of the affinity mask and the container's quota",
   "a whole number from 1 to 4096", is_thread_count},
  {"CROTON_VERIFY", "check the graph and its text form after every pass", kFlag, is_flag},
};
// clang-format on

// Once for each switch, from whichever thread comes first.
void say_once(const Setting& row, const std::string& problem) {
  static std::array<std::atomic<bool>, std::size(kSettings)> said{};
  if (said[static_cast<std::size_t>(&row - kSettings)].exchange(true)) return;
  const std::string line = "croton: " + problem + "; the value is ignored\n";
  std::fputs(line.c_str(), stderr);
}

const char* value_of(const Setting& row) {
  const char* value = std::getenv(std::string(row.name).c_str());
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

std::span<const Setting> all_settings() { return kSettings; }

std::string problem_with(const Setting& row) {
  const char* value = value_of(row);
  if (value == nullptr || row.fits == nullptr || row.fits(value)) return "";
  return fmt::format("{}={}: it may be {}", row.name, value, row.allowed);
}

std::optional<std::string> setting(std::string_view name) {
  const auto* row = std::find_if(std::begin(kSettings), std::end(kSettings),
                                 [&](const Setting& one) { return one.name == name; });
  CROTON_CHECK(row != std::end(kSettings), "a switch without a row in the table");
  const char* value = value_of(*row);
  if (value == nullptr) return std::nullopt;
  const std::string problem = problem_with(*row);
  if (problem.empty()) return value;
  if (row->is_refused) throw UserError(problem);
  say_once(*row, problem);
  return std::nullopt;
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

std::optional<std::int64_t> natural(std::string_view text) {
  std::int64_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  return error == std::errc{} && end == last && value >= 0 ? std::optional(value) : std::nullopt;
}

bool flag(std::string_view name) {
  const std::optional<std::string> value = setting(name);
  return value && one_of(*value, {"1", "on", "yes", "true"});
}

bool is_logged(std::string_view topic) {
  const std::optional<std::string> wanted = setting("CROTON_LOG");
  if (!wanted) return false;
  const std::vector<std::string> topics = ir::split_list(*wanted);
  return std::any_of(topics.begin(), topics.end(),
                     [&](const std::string& one) { return one == topic || one == "all"; });
}

void log(std::string_view topic, std::string_view text) {
  if (!is_logged(topic)) return;
  const std::string line = "croton " + std::string(topic) + ": " + std::string(text) + "\n";
  std::fputs(line.c_str(), stderr);
}

}  // namespace croton::runtime
