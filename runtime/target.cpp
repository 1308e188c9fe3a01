#include "runtime/target.hpp"

#include <array>

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
    if (__builtin_cpu_supports("x86-64-v4")) return levels()[2];
    if (__builtin_cpu_supports("x86-64-v3")) return levels()[1];
    return levels()[0];
  }());
  return host;
}

std::optional<Target> target_named(std::string_view name) {
  for (const Target& target : levels())
    if (target.name == name) return target;
  return std::nullopt;
}

}  // namespace croton::runtime
