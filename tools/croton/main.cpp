#include <cstdio>
#include <exception>
#include <iostream>
#include <system_error>

#include "frontend/croton/function.hpp"
#include "ir/error.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/words.hpp"

namespace {

int report(const char* kind, const std::exception& error, int code) {
  const bool colour = croton::tool::coloured(2);
  std::fprintf(stderr, "%scroton: %s%s%s\n", colour ? "\x1b[31m" : "", colour ? "\x1b[0m" : "",
               kind, error.what());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
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
  try {
    program.parse(argc, argv);
    std::cout.flush();
    if (!std::cout || std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw croton::UserError("standard output cannot be written");
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // --help, --version
    return report("", croton::UserError(croton::tool::what_is_wrong(program, error, argc, argv)),
                  1);
  } catch (const croton::UserError& error) {
    return report("", error, 1);
  } catch (const std::system_error& error) {  // an output that cannot be written
    return report("", error, 1);
  } catch (const croton::BackendError& error) {
    return report("the compiler: ", error, 2);
  } catch (const std::exception& error) {
    return report("", error, 2);
  }
}
