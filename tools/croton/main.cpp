#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <nlohmann/json.hpp>
#include <string_view>

#include "frontend/croton/function.hpp"
#include "ir/error.hpp"
#include "runtime/temporary.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/words.hpp"

namespace {

// The descriptor of a closed stream would be the next file's, and what is said would go into it. In
// its place stands one on which reading or writing fails, as on the closed one.
void hold_standard_streams() {
  for (int file = 0; file < 3; ++file)
    if (fcntl(file, F_GETFD) < 0 && errno == EBADF)
      (void)open("/dev/null", file == 0 ? O_WRONLY : O_RDONLY);
}

// Names in messages come from files too: what would steer a terminal is shown.
std::string visible(std::string_view text) {
  std::string out;
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  return out;
}

struct Failure {
  const char* kind;  // as in the answers of cases
  std::string message;
  const char* prefix = "";
  int code = 1;
};

int report(const Failure& failure, bool as_json) {
  const bool colour = croton::tool::coloured(2);
  std::fprintf(stderr, "%scroton: %s%s%s\n", colour ? "\x1b[31m" : "", colour ? "\x1b[0m" : "",
               failure.prefix, visible(failure.message).c_str());
  if (as_json && !croton::tool::json_written()) {
    croton::tool::write_json({{"error", {{"kind", failure.kind}, {"message", failure.message}}}});
    std::fflush(stdout);
  }
  return failure.code;
}

std::string text_of(const std::filesystem::filesystem_error& error) {
  return error.path1().empty() ? error.what()
                               : error.path1().string() + ": " + error.code().message();
}

void run(CLI::App& program, int argc, char** argv) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    program.exit(asked);
  }
  std::cout.flush();
  if (!std::cout || std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw croton::UserError("standard output cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  croton::runtime::remove_temporaries_on_signals();
  CLI::App program("croton: see, run and explain kernels", "croton");
  program.require_subcommand(1);
  program.set_version_flag("--version", croton::version());
  program.footer("Every command has --help with an example.");
  croton::tool::add_aot(program);
  croton::tool::add_opt(program);
  croton::tool::add_dump(program);
  croton::tool::add_cache(program);
  croton::tool::add_doctor(program);
  croton::tool::add_run(program);
  croton::tool::add_bench(program);
  croton::tool::add_ops(program);
  croton::tool::add_precompile(program);
  croton::tool::add_completion(program);
  croton::tool::add_reference(program);
  char** const end = std::find(argv, argv + argc, std::string_view("--"));
  const bool as_json = std::find(argv, end, std::string_view("--json")) != end;
  try {
    run(program, argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return report({"user", croton::tool::what_is_wrong(program, error, argc, argv)}, as_json);
  } catch (const croton::UserError& error) {
    return report({"user", error.what()}, as_json);
  } catch (const std::filesystem::filesystem_error& error) {
    return report({"user", text_of(error)}, as_json);
  } catch (const std::system_error& error) {
    // fmt::print says so of standard output.
    const bool output = std::string_view(error.what()).starts_with("cannot write to file");
    return report({"user", output ? "standard output cannot be written: " + error.code().message()
                                  : error.what()},
                  as_json);
  } catch (const std::bad_alloc&) {
    return report({"user", "there is not enough memory"}, as_json);
  } catch (const croton::BackendError& error) {
    return report({"backend", error.what(), "the compiler: ", 2}, as_json);
  } catch (const std::exception& error) {
    return report({"internal", error.what(), "", 2}, as_json);
  }
}
