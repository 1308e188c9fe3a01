// The CPU that kernels are compiled for: one of the x86-64 levels, so that entries of the cache
// serve every host of that level.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace croton::runtime {

struct Target {
  std::string name;  // "x86-64-v2", "x86-64-v3", "x86-64-v4"
  int level = 2;
  bool fma = false;
  int vector_bytes = 16;
};

/// What this machine's cpuid and CROTON_CPU allow.
[[nodiscard]] const Target& host_target();
[[nodiscard]] std::optional<Target> target_named(std::string_view name);
/// UserError with the nearest name when there is no such target.
[[nodiscard]] Target required_target(std::string_view name);

}  // namespace croton::runtime
