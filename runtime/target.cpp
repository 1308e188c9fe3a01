#include "runtime/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "ir/error.hpp"
#include "ir/spelling.hpp"
#include "runtime/config.hpp"

namespace croton::runtime {
namespace {

const std::array<Target, 3>& levels() {
  static const auto& table = *new std::array<Target, 3>{Target{"x86-64-v2", 2, false, 16},
                                                        Target{"x86-64-v3", 3, true, 32},
                                                        Target{"x86-64-v4", 4, true, 64}};
  return table;
}

}  // namespace

const Target& host_target() {
  // Outlives every call: threads may be calling while static objects die.
  static const auto& host = *new Target([] {
    __builtin_cpu_init();
    const int own = __builtin_cpu_supports("x86-64-v4")   ? 4
                    : __builtin_cpu_supports("x86-64-v3") ? 3
                                                          : 2;
    const std::optional<std::string> hidden = setting("CROTON_CPU");
    const int limit = hidden ? required_target(*hidden).level : own;
    for (const Target& target : levels())
      if (target.level == std::min(own, limit)) return target;
    return levels()[0];
  }());
  return host;
}

Target required_target(std::string_view name) {
  if (const std::optional<Target> target = target_named(name)) return *target;
  std::vector<std::string_view> known;
  for (const Target& target : levels()) known.push_back(target.name);
  throw UserError(fmt::format("unknown target {}{}; targets are {}", name,
                              ir::suggestion(name, known), fmt::join(known, ", ")));
}

std::optional<Target> target_named(std::string_view name) {
  for (const Target& target : levels())
    if (target.name == name) return target;
  return std::nullopt;
}

}  // namespace croton::runtime
