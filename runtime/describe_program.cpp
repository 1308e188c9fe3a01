// What a compiled function tells about itself, and what it leaves in a directory.
#include <fmt/format.h>

#include "ir/spelling.hpp"
#include "runtime/describe.hpp"
#include "runtime/description_json.hpp"
#include "runtime/description_text.hpp"
#include "runtime/file.hpp"
#include "runtime/program.hpp"
#include "runtime/report.hpp"

namespace croton::runtime {

Description describe(const Program& program) {
  const Target& target = host_target();
  Description out =
      describe(program.graph(), {.origin = "a running program",
                                 .pipeline = pipeline_options(program.settings(), target),
                                 .target = target});
  if (program.prologue())
    out.notes.push_back(
        ir::counted(static_cast<std::size_t>(program.prologue()->counters().kernels), "kernel") +
        " before the others, to compute sizes");
  return out;
}

std::string source(const Program& program) {
  Description about = describe(program);
  return view(about, "cpp");
}

std::string explain(const Program& program) {
  Description about = describe(program);
  const ProgramCounters& counters = program.counters();
  return fmt::format("{}: {} for {}, {} from the cache, {} compiled; {:.1f} ms\n", about.name,
                     ir::counted(static_cast<std::size_t>(counters.kernels), "kernel"),
                     about.target, counters.cache_hits, counters.compiled,
                     1e3 * counters.compile_seconds) +
         view(about, "explain");
}

void dump(const Program& program, const std::filesystem::path& directory) {
  Description description = describe(program);
  add_sources(description, {"."});
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw UserError(fmt::format("dump: cannot write {}: {}", directory.string(), error.message()));
  const auto write = [&](const std::string& name, const std::string& text) {
    try {
      write_file(directory / name, text);
    } catch (const UserError& failure) {
      throw UserError("dump: " + failure.message());
    }
  };
  // A directory with this file is complete.
  std::filesystem::remove(directory / kDescriptionFile, error);
  for (std::size_t i = 0; i < description.stages.size(); ++i)
    write(fmt::format("{:02}-{}.ctir", i, description.stages[i].name), stage_text(description, i));
  write("kernels.cpp", view(description, "cpp"));
  write("kernels.cu", view(description, "cuda"));
  write("memory.txt", view(description, "memory"));
  write("explain.txt", view(description, "explain"));
  write(kReportFile, html_report(description, this_machine()));
  write(kDescriptionFile, to_json(description));
}

}  // namespace croton::runtime
