#include "runtime/reproducer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "ir/spelling.hpp"
#include "ir/text.hpp"
#include "runtime/config.hpp"
#include "runtime/file.hpp"

namespace croton::runtime {
namespace {

std::string written(const std::string& name, const std::string& what, const std::string& command,
                    const std::string& text) {
  static std::atomic<int> count{0};
  std::filesystem::path directory = setting("CROTON_DUMP").value_or("");
  std::error_code ignored;
  if (!directory.empty())
    std::filesystem::create_directories(directory, ignored);
  else if (directory = system_variable("TMPDIR"); directory.empty())
    directory = "/tmp";
  std::string safe = name;
  for (char& c : safe)
    if (c == '/' || static_cast<unsigned char>(c) < 0x20) c = '_';
  const std::string path =
      (directory / fmt::format("croton-{}-{}-{}-{}.ctir", safe, what, getpid(), count++)).string();
  const std::string repeat = fmt::format("{} {}", command, ir::shell_word(path));
  try {
    write_file(path, fmt::format("// {}\n{}", repeat, text));
  } catch (const UserError& error) {
    return fmt::format("\n  (a file to repeat it from: {})", error.what());
  }
  return "\n  repeat it with: " + repeat;
}

}  // namespace

std::string pass_reproducer(const passes::PassError& error, const std::string& name,
                            const passes::PipelineOptions& options) {
  // What passes know of a target is the width of its vectors.
  std::string command = fmt::format("croton opt --run {} --math {}", error.pass(), options.math);
  for (const char* level : {"x86-64-v2", "x86-64-v3", "x86-64-v4"})
    if (const auto target = target_named(level);
        target && target->vector_bytes == options.vector_bytes && target->fma == options.fma)
      command += fmt::format(" --target {}", level);
  if (options.rewrite_limit >= 0) command += fmt::format(" --rewrites {}", options.rewrite_limit);
  return written(name, error.pass(), command, error.before());
}

std::string compiler_reproducer(const ir::Module& module, const Target& target) {
  return written(module.name, "compiler",
                 fmt::format("croton opt --emit asm --target {}", target.name), ir::print(module));
}

}  // namespace croton::runtime
