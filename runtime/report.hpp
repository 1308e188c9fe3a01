// A description as one HTML file that needs no network: what dumps and `croton dump --html` write.
#pragma once

#include <string>
#include <vector>

#include "runtime/description.hpp"

namespace croton::runtime {

/// Limits of one core of this machine: multiply-adds of f32 in registers count as two operations;
/// bytes are read from an array far larger than the caches. Zero where nothing is known.
struct Machine {
  double operations_per_second = 0, bytes_per_second = 0;
};
/// Measured when it is first asked for, which takes some hundredths of a second.
[[nodiscard]] const Machine& this_machine();

/// Adds the texts of the files that sites name and that are not there yet: of this program's own
/// files, else of the first of `directories` that has one. What cannot be read is left out.
void add_sources(Description& description, const std::vector<std::string>& directories);

/// The page, with what it shows of the description: texts that differ from others in comments alone
/// are left out, and the nodes of kernels where the graph that they were made from has them.
[[nodiscard]] std::string html_report(Description description, const Machine& machine);

/// The page's name in the directory of a dump.
inline constexpr const char* kReportFile = "report.html";

}  // namespace croton::runtime
