#include <fmt/format.h>

#include <algorithm>

#include "ir/prelude.hpp"
#include "ir/spelling.hpp"
#include "ir/text.hpp"
#include "runtime/describe.hpp"
#include "runtime/request.hpp"

namespace croton::runtime {

Description describe_record(const AotRecord& record, const AotRecord::Function& function,
                            const std::string& target, const std::string& origin,
                            const std::map<std::string, std::int64_t>& dims) {
  const std::optional<Target> known = target_named(target);
  if (std::find(record.targets.begin(), record.targets.end(), target) == record.targets.end())
    throw UserError(fmt::format(
        "{} holds no variant of {} for {}{}; there are {}", origin, record.name, target,
        ir::suggestion(target,
                       std::vector<std::string_view>(record.targets.begin(), record.targets.end())),
        fmt::join(record.targets, ", ")));
  if (!known)
    throw UserError(fmt::format("{} is for {}, which this croton does not know", origin, target));
  const auto sites = [&](int line) {
    std::vector<Site> out;
    for (const AotRecord::Line& one : function.lines)
      if (one.line == line) out.push_back({one.file, one.number, one.scope});
    return out;
  };
  ir::Module graph = ir::parse(function.graph, {.file = origin, .sites = sites});
  graph.name = function.name;
  Description out = describe(graph, {.origin = origin,
                                     .pipeline = pipeline_options({.math = function.math}, *known),
                                     .target = *known,
                                     .dims = dims});
  out.compiler = record.compiler;
  out.request = {"", "none"};
  if (record.croton != out.library) {
    out.notes.push_back(
        fmt::format("written by another build of croton ({}); the stages are what this build does",
                    record.croton));
    out.library = record.croton;
  }
  for (Description::Kernel& kernel : out.kernels)
    for (const AotRecord::Kernel& own : function.kernels) {
      if (own.target != target || own.name != kernel.name || own.text == kernel.cpp_commented)
        continue;
      kernel.cpp = kernel.cpp_commented = own.text;
      kernel.canonical =
          ir::prelude_text(own.types + own.text, {.cuda = false, .fma = known->fma}) + own.types +
          own.text;
      out.notes.push_back(
          fmt::format("the C++ of {} is the library's; this build writes another", kernel.name));
    }
  return out;
}

}  // namespace croton::runtime
