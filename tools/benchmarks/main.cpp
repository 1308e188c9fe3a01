// croton_bench: measures the rows of one number of threads. tools/bench starts it, sets its
// environment and reads its rows; by itself: croton_bench --threads 1 --only 'softmax'.

#include <exception>
#include <filesystem>
#include <iostream>

#include "tools/benchmarks/bench.hpp"

int main(int argc, char** argv) try {
  bench::Options options;
  options.folder = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const auto value = [&]() -> std::string {
      if (++i >= argc) throw std::invalid_argument(flag + " needs a value");
      return argv[i];
    };
    if (flag == "--quick")
      options.quick = true;
    else if (flag == "--list")
      options.list = true;
    else if (flag == "--threads")
      options.threads = std::stoi(value());
    else if (flag == "--only")
      options.only = value();
    else if (flag == "--python")
      options.python = value();
    else if (flag == "--numpy-program")
      options.numpy_program = value();
    else if (flag == "--graph") {
      const std::string form = value();
      return bench::compile_graph(form, std::stoi(value()));
    } else
      throw std::invalid_argument("unknown option " + flag);
  }
  bench::Runner runner(options);
  bench::start_rows(runner);
  bench::tool_rows(runner);
  bench::call_rows(runner);
  bench::elementwise_rows(runner);
  bench::reduction_rows(runner);
  bench::product_rows(runner);
  bench::training_rows(runner);
  bench::compile_rows(runner);
  bench::wide_rows(runner);
  return runner.failed() ? 1 : 0;
} catch (const std::exception& error) {
  std::cerr << "croton_bench: " << error.what() << "\n";
  return 1;
}
