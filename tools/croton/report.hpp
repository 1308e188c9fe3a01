// A description as one HTML file that needs no network: `croton dump --html`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/description.hpp"

namespace croton::tool {

/// Limits of one core of this machine, measured in some hundredths of a second: multiply-adds of
/// f32 in registers count as two operations; bytes are read from an array far larger than the
/// caches.
struct Machine {
  double operations_per_second = 0, bytes_per_second = 0;
};
[[nodiscard]] Machine measure_machine();

/// The files that the description's sites name, by their base names, as far as `directories` (first
/// match) hold them.
[[nodiscard]] std::map<std::string, std::string> source_texts(
    const runtime::Description& description, const std::vector<std::string>& directories);

[[nodiscard]] std::string html_report(const runtime::Description& description,
                                      const std::map<std::string, std::string>& sources,
                                      const Machine& machine);

}  // namespace croton::tool
