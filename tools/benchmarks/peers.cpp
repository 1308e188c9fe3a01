#include "tools/benchmarks/peers.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include <initializer_list>
#include <stdexcept>

extern char** environ;

namespace bench {
namespace {

void* open_first(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  return nullptr;
}

}  // namespace

ProductF32 onednn_product() {
  // dnnl_sgemm, row-major, in every release since 1.0.
  using Sgemm = int (*)(char, char, std::int64_t, std::int64_t, std::int64_t, float, const float*,
                        std::int64_t, const float*, std::int64_t, float, float*, std::int64_t);
  void* library = open_first({"libdnnl.so.2", "libdnnl.so.3", "libdnnl.so"});
  if (!library) return {};
  const auto sgemm = reinterpret_cast<Sgemm>(dlsym(library, "dnnl_sgemm"));
  if (!sgemm) return {};
  return [sgemm](std::int64_t n, bool transpose_a, bool transpose_b, const float* a, const float* b,
                 float* c) {
    sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', n, n, n, 1, a, n, b, n, 0, c, n);
  };
}

ProductF64 openblas_product() {
  using Dgemm = void (*)(int, int, int, int, int, int, double, const double*, int, const double*,
                         int, double, double*, int);
  // The library reads its core type when it is loaded. NumPy's own copy must not see it.
  if (const char* core = getenv("BENCH_OPENBLAS_CORETYPE")) setenv("OPENBLAS_CORETYPE", core, 1);
  void* library = open_first({"libopenblas.so.0", "libopenblas.so"});
  unsetenv("OPENBLAS_CORETYPE");
  if (!library) return {};
  const auto dgemm = reinterpret_cast<Dgemm>(dlsym(library, "cblas_dgemm"));
  if (!dgemm) return {};
  return [dgemm](std::int64_t size, bool transpose_a, bool transpose_b, const double* a,
                 const double* b, double* c) {
    constexpr int kRowMajor = 101, kPlain = 111, kTransposed = 112;
    const int n = static_cast<int>(size);
    dgemm(kRowMajor, transpose_a ? kTransposed : kPlain, transpose_b ? kTransposed : kPlain, n, n,
          n, 1, a, n, b, n, 0, c, n);
  };
}

NumPy::NumPy(const Options& options) {
  if (options.python.empty() || options.list) return;
  signal(SIGPIPE, SIG_IGN);
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipes for NumPy's process");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], 0);
  posix_spawn_file_actions_adddup2(&actions, from[1], 1);
  std::string python = options.python, program = options.numpy_program;
  char* arguments[] = {python.data(), program.data(), nullptr};
  pid_t process = 0;
  if (posix_spawn(&process, python.c_str(), &actions, nullptr, arguments, environ) != 0)
    throw std::runtime_error("cannot start " + python);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]), close(from[1]);
  to_ = fdopen(to[1], "w"), from_ = fdopen(from[0], "r");
  process_ = process;
}

NumPy::~NumPy() {
  if (!present()) return;
  std::fclose(to_), std::fclose(from_);
  waitpid(process_, nullptr, 0);
}

NumPy::Answer NumPy::ask(const std::string& name, std::int64_t size, int count) {
  std::fprintf(to_, "%s %lld %d\n", name.c_str(), static_cast<long long>(size), count);
  std::fflush(to_);
  Answer answer{};
  if (std::fscanf(from_, "%lf %lf", &answer.seconds, &answer.value) != 2)
    throw std::runtime_error("NumPy's process ended in " + name);
  return answer;
}

std::vector<Timed> NumPy::forms(const std::string& name, std::int64_t size) {
  if (!present()) return {};
  return {[this, name, size](int count) { return ask(name, size, count).seconds; }};
}

double NumPy::value(const std::string& name, std::int64_t size) { return ask(name, size, 1).value; }

}  // namespace bench
