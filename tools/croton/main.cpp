#include <cstdio>
#include <exception>

#include "frontend/croton/function.hpp"
#include "ir/error.hpp"
#include "tools/croton/command.hpp"

namespace {

int report(const char* kind, const std::exception& error, int code) {
  std::fprintf(stderr, "croton: %s%s\n", kind, error.what());
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
  croton::tool::add_run(program);
  croton::tool::add_ops(program);
  try {
    program.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : 1;
  } catch (const croton::UserError& error) {
    return report("", error, 1);
  } catch (const croton::BackendError& error) {
    return report("the compiler: ", error, 2);
  } catch (const std::exception& error) {
    return report("", error, 2);
  }
}
