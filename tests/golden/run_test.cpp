// Emitted text executed: C++ by the system's compilers, CUDA on the CPU by a small emulation of
// blocks and threads. Both must give the exact evaluator's bits, whatever the launch.
#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "runtime/loader.hpp"
#include "runtime/target.hpp"
#include "runtime/toolchain.hpp"
#include "tests/golden/cases.hpp"
#include "tests/golden/compilers.hpp"

using namespace croton;
using namespace croton::test;
using codegen::KernelFailure;

namespace {

// In a sanitized build, which has their run time.
constexpr const char* kSanitizers =
    "-g -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all";

constexpr KernelFailure kNone{INT64_MAX, 0, {}};

struct Launch {
  unsigned blocks = 1, threads = 1;
};

// A text compiled into a library that lives as long as this.
class Library {
 public:
  Library(const std::string& compiler, const std::string& options, const std::string& text) {
    static int number = 0;
    const auto folder = std::filesystem::temp_directory_path();
    path_ = folder / fmt::format("croton_golden_{}_{}", getpid(), number++);
    std::ofstream(path_.string() + ".cpp") << text;
    const auto [status, log] = run_command(fmt::format(
        "{0} -std=c++20 -O1 -march=x86-64-v3 -ffp-contract=off -fPIC -shared -w {1} {2} "
        "{3}.cpp -o {3}.so",
        compiler, runtime::kSanitized ? kSanitizers : "", options, path_.string()));
    INFO(log);
    REQUIRE(status == 0);
    handle_ = dlopen((path_.string() + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(handle_ != nullptr);
  }
  ~Library() {
    if (handle_ != nullptr) dlclose(handle_);
    std::filesystem::remove(path_.string() + ".cpp");
    std::filesystem::remove(path_.string() + ".so");
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  template <class Function>
  Function find(const std::string& name) const {
    void* address = dlsym(handle_, name.c_str());
    REQUIRE(address != nullptr);
    return reinterpret_cast<Function>(address);
  }

 private:
  std::filesystem::path path_;
  void* handle_ = nullptr;
};

// A kernel in some language: its entry and combine, with a launch that C++ ignores.
using Entry = void (*)(void* const* buffers, const std::int64_t* dims, std::int64_t begin,
                       std::int64_t end, KernelFailure* failure, Launch launch);

// One function per entry that runs it for every thread of a grid, the last ones first.
std::string emulated_entries(const Case& one, const codegen::EmittedKernel& kernel) {
  std::string arguments;
  const auto& parameters = one.lowered.kernels[0]->regions[0].parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    arguments += fmt::format("({}*)buffers[{}], ", name(parameters[i].dtype()), i);
  for (std::size_t i = 0; i < kernel.dims.size(); ++i) arguments += fmt::format("dims[{}], ", i);
  std::string out = "struct Launch { unsigned blocks, threads; };\nusing namespace croton;\n";
  for (const std::string& entry : {kernel.entry, kernel.combine_entry})
    if (!entry.empty())
      out += fmt::format(
          "extern \"C\" void emulated_{0}(void* const* buffers, const long* dims, long begin, "
          "long end, Failure* failure, Launch launch) {{\n"
          "  gridDim.x = launch.blocks, blockDim.x = launch.threads;\n"
          "  for (blockIdx.x = launch.blocks; blockIdx.x-- > 0;)\n"
          "    for (threadIdx.x = launch.threads; threadIdx.x-- > 0;)\n"
          "      {0}({1}begin, end, failure);\n"
          "}}\n",
          entry, arguments);
  return out;
}

struct Outcome {
  std::vector<ir::Literal> outputs;
  KernelFailure failure = kNone;
};

// The plan of one launch, with memory of exactly the buffers' sizes.
template <class Run>
Outcome run_plan(const Case& one, const std::vector<ir::Binding>& arguments, Run run) {
  std::map<const ir::Node*, std::vector<std::byte>> memory;
  const ir::Region& plan = one.lowered.plan;
  for (std::size_t i = 0; i < plan.parameters.size(); ++i) {
    auto& bytes = memory[plan.parameters[i].node.get()];
    const ir::Type& type = plan.parameters[i].type();
    bytes.resize(static_cast<std::size_t>(extent(one, volume(type.shape))) * size_of(type.dtype),
                 std::byte{0xa5});
    if (i < arguments.size()) {
      REQUIRE(arguments[i].second.bytes().size() == bytes.size());
      std::copy_n(arguments[i].second.bytes().begin(), bytes.size(), bytes.begin());
    }
  }
  Outcome out;
  for (const ir::NodePtr& node : plan.body) {
    if (node->op == ir::Op::arena) {
      const ir::Type& type = node->types[0];
      memory[node.get()].resize(static_cast<std::size_t>(extent(one, volume(type.shape))) *
                                size_of(type.dtype));
      continue;
    }
    REQUIRE(node->op == ir::Op::launch);
    std::vector<void*> buffers;
    for (const ir::Value& operand : node->operands)
      buffers.push_back(memory.at(operand.node.get()).data());
    out.failure = run(buffers.data());
  }
  for (std::size_t i = arguments.size(); i < plan.parameters.size(); ++i) {
    const ir::Type& type = plan.parameters[i].type();
    std::vector<std::int64_t> shape;
    for (const Dim& dim : type.shape) shape.push_back(extent(one, dim));
    out.outputs.emplace_back(type.dtype, shape, memory.at(plan.parameters[i].node.get()));
  }
  return out;
}

std::vector<std::int64_t> dims_of(const Case& one, const codegen::EmittedKernel& kernel) {
  std::vector<std::int64_t> dims;
  for (const std::string& symbol : kernel.dims) dims.push_back(one.dims.at(symbol));
  return dims;
}

class CppKernel {
 public:
  CppKernel(const Case& one, const std::string& compiler)
      : one_(one),
        kernel_(emitted(one, golden_cpp())),
        library_(compiler, "-x c++", kernel_.source) {}
  Outcome run(const std::vector<ir::Binding>& arguments) const {
    return run_plan(one_, arguments, [&](void* const* buffers) {
      const std::vector<std::int64_t> dims = dims_of(one_, kernel_);
      KernelFailure failure = kNone;
      library_.find<codegen::KernelEntry>(kernel_.entry)(
          buffers, dims.data(), 0, extent(one_, kernel_.parallel_extent), &failure);
      if (!kernel_.combine_entry.empty() && failure.index == kNone.index)
        library_.find<codegen::KernelEntry>(kernel_.combine_entry)(buffers, dims.data(), 0, 1,
                                                                   &failure);
      return failure;
    });
  }

 private:
  const Case& one_;
  codegen::EmittedKernel kernel_;
  Library library_;
};

class CudaKernel {
 public:
  CudaKernel(const Case& one, const std::string& compiler)
      : one_(one),
        kernel_(emitted(one, codegen::cuda_dialect())),
        library_(compiler, "-x c++ -include " CROTON_GOLDEN "/cuda_emulation.h",
                 kernel_.source + emulated_entries(one, kernel_)) {}
  Outcome run(const std::vector<ir::Binding>& arguments, Launch launch) const {
    return run_plan(one_, arguments, [&](void* const* buffers) {
      const std::vector<std::int64_t> dims = dims_of(one_, kernel_);
      const std::int64_t end = extent(one_, kernel_.parallel_extent);
      const Launch single{1, 1};
      KernelFailure failure = kNone;
      const auto entry = library_.find<Entry>("emulated_" + kernel_.entry);
      entry(buffers, dims.data(), 0, end, &failure, end == 1 ? single : launch);
      if (failure.index != kNone.index) {
        const std::int64_t least = failure.index;
        failure = kNone;
        entry(buffers, dims.data(), least, least + 1, &failure, single);
      } else if (!kernel_.combine_entry.empty()) {
        library_.find<Entry>("emulated_" + kernel_.combine_entry)(buffers, dims.data(), 0, 1,
                                                                  &failure, single);
      }
      return failure;
    });
  }

 private:
  const Case& one_;
  codegen::EmittedKernel kernel_;
  Library library_;
};

// Equal bits, all NaNs being equal.
bool same(const std::vector<ir::Literal>& a, const std::vector<ir::Literal>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k].dtype() != b[k].dtype() || a[k].shape() != b[k].shape()) return false;
    const bool equal = with_type(a[k].dtype(), [&](auto zero) {
      using T = decltype(zero);
      for (std::int64_t i = 0; i < a[k].count(); ++i) {
        const T x = a[k].at<T>(i), y = b[k].at<T>(i);
        if (std::memcmp(&x, &y, sizeof(T)) != 0 && !(x != x && y != y)) return false;
      }
      return true;
    });
    if (!equal) return false;
  }
  return true;
}

// Of the graph as the passes left it: some rules are allowed another rounding.
std::vector<ir::Literal> expected(const Case& one) {
  return ir::evaluate_exact(one.lowered.outputs, one.arguments);
}

bool runnable() {
  const bool fits = runtime::host_target().level >= 3;
  if (!fits) skip("this CPU is below x86-64-v3");
  return fits;
}

const std::vector<Launch> kLaunches{{1, 1}, {1, 32}, {3, 5}, {64, 256}};

}  // namespace

TEST_CASE("kernels compiled by g++ and clang++ give the exact evaluator's bits") {
  if (!runnable()) return;
  for (const std::string& compiler : cpp_compilers())
    for (const Case& one : cases()) {
      INFO(compiler << " " << one.name);
      const Outcome outcome = CppKernel(one, compiler).run(one.arguments);
      CHECK(outcome.failure.index == kNone.index);
      CHECK(same(outcome.outputs, expected(one)));
    }
}

TEST_CASE("CUDA kernels give the exact evaluator's bits under any launch") {
  if (!runnable()) return;
  const std::vector<std::string> compilers = cpp_compilers();
  if (compilers.empty()) return;
  for (const Case& one : cases()) {
    const CudaKernel kernel(one, compilers[0]);
    for (const Launch& launch : kLaunches) {
      INFO(one.name << ", " << launch.blocks << " blocks of " << launch.threads);
      const Outcome outcome = kernel.run(one.arguments, launch);
      CHECK(outcome.failure.index == kNone.index);
      CHECK(same(outcome.outputs, expected(one)));
    }
  }
}

TEST_CASE("the least failing index is reported with its values, in C++ and under any launch") {
  if (!runnable()) return;
  const std::vector<std::string> compilers = cpp_compilers();
  if (compilers.empty()) return;
  for (const Case& one : cases()) {
    if (one.name != "gather_rows") continue;
    std::vector<std::byte> bytes(one.arguments[1].second.bytes().begin(),
                                 one.arguments[1].second.bytes().end());
    const auto put = [&](std::size_t at, std::int64_t value) {
      std::memcpy(bytes.data() + 8 * at, &value, sizeof(value));
    };
    put(23, 11), put(15, -12), put(28, INT64_MIN);
    std::vector<ir::Binding> arguments = one.arguments;
    arguments[1].second = ir::Literal(DType::i64, {29}, bytes);
    std::vector<KernelFailure> failures{CppKernel(one, compilers[0]).run(arguments).failure};
    const CudaKernel kernel(one, compilers[0]);
    for (const Launch& launch : kLaunches)
      failures.push_back(kernel.run(arguments, launch).failure);
    for (const KernelFailure& failure : failures) {
      CHECK(failure.index == 15);
      CHECK(failure.site == 0);
      CHECK(failure.values[0] == -12);
      CHECK(failure.values[1] == 11);
    }
  }
}

TEST_CASE(
    "in a sanitized build, kernels that leave their memory or their integers end the process") {
  if (!runtime::kSanitized) return;
  const std::string text =
      "extern \"C\" void outside(void* const* b, long at) { static_cast<int*>(b[0])[at] = 1; }\n"
      "extern \"C\" void overflow(void* const* b, long at) { *static_cast<long*>(b[0]) = at + 1; "
      "}\n"
      "extern \"C\" void shift(void* const* b, long at) { *static_cast<long*>(b[0]) = 1L << at; }\n"
      "extern \"C\" void convert(void* const* b, long at) {"
      " *static_cast<int*>(b[0]) = int(double(at)); }\n"
      "extern \"C\" void misaligned(void* const* b, long at) {"
      " *reinterpret_cast<long*>(static_cast<char*>(b[0]) + at) = 1; }\n";
  const runtime::LoadedObject loaded(
      runtime::compile_text(text, runtime::host_target(), runtime::CodeUse::here).object, "");
  using Kernel = void (*)(void* const* buffers, std::int64_t at);
  // Whether a child that runs the kernel on 16 bytes of memory comes to its end.
  const auto ends_well = [&](const char* name, std::int64_t at) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      std::fclose(stderr);
      auto* memory = new std::int64_t[2]{};
      void* buffers[] = {memory};
      std::signal(SIGILL, SIG_DFL);
      reinterpret_cast<Kernel>(loaded.find(name))(buffers, at);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  };
  const std::pair<const char*, std::pair<std::int64_t, std::int64_t>> kernels[] = {
      {"outside", {3, 4}},
      {"overflow", {5, INT64_MAX}},
      {"shift", {63, 64}},
      {"convert", {INT32_MAX, INT64_MAX}},
      {"misaligned", {8, 4}}};
  for (const auto& [name, at] : kernels) {
    INFO(name);
    CHECK(ends_well(name, at.first));
    CHECK_FALSE(ends_well(name, at.second));
  }
}
