// Every elementwise op on every dtype, and every conversion, as text that compilers take without a
// warning: goldens hold a few kernels, this holds the op table and the prelude.
#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "ir/builder.hpp"
#include "ir/prelude.hpp"
#include "passes/pipeline.hpp"
#include "runtime/nvrtc.hpp"
#include "tests/golden/cases.hpp"
#include "tests/golden/compilers.hpp"

using namespace croton;
using namespace croton::test;

namespace {

constexpr DType kDTypes[] = {DType::boolean, DType::i8,  DType::i16, DType::i32,
                             DType::i64,     DType::u8,  DType::u16, DType::u32,
                             DType::u64,     DType::f32, DType::f64};

// The kernels of all ops on operands of one dtype.
std::vector<ir::NodePtr> kernels_of(DType dtype, bool fma) {
  ir::Module module;
  module.name = std::string(name(dtype));
  const auto input = [&](const char* label, DType of) {
    const ir::Value v = ir::input(label, ir::tensor(of, {"n"}));
    module.inputs.push_back(v);
    return v;
  };
  const ir::Value a = input("a", dtype), b = input("b", dtype), c = input("c", dtype),
                  condition = input("condition", DType::boolean);
  for (const ir::OpInfo& row : ir::all_ops()) {
    const ir::Op op = *ir::op_named(row.name);
    if (!ir::is_elementwise(op) || op == ir::Op::cast || !ir::in_domain(row.domain, dtype))
      continue;
    std::vector<ir::Value> operands{op == ir::Op::where ? condition : a};
    if (row.arity > 1) operands.push_back(b);
    if (row.arity > 2) operands.push_back(c);
    module.outputs.push_back(ir::make(op, operands));
  }
  for (const DType to : kDTypes)
    if (to != dtype) module.outputs.push_back(ir::cast(a, to));
  passes::PipelineReport report;
  passes::run_pipeline(module, {.math = "strict", .fma = fma, .vector_bytes = 32}, report);
  return module.kernels;
}

// What g++ and clang++ say to a text.
void check_cpp(const std::string& what, const std::string& text) {
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("croton_text_{}.cpp", getpid());
  std::ofstream(path) << text;
  for (const std::string& compiler : cpp_compilers()) {
    INFO(compiler << " " << what);
    const auto [status, log] =
        run_command(compiler + " -Wall -Wextra -Werror -std=c++20 -march=x86-64-v3 -fsyntax-only " +
                    path.string());
    CHECK(log == "");
    CHECK(status == 0);
  }
  std::filesystem::remove(path);
}

}  // namespace

TEST_CASE("every op on every dtype is C++ without a warning, with and without fma") {
  for (const bool fma : {true, false})
    for (const DType dtype : kDTypes) {
      if (!fma && !is_real(dtype)) continue;
      for (const ir::NodePtr& kernel : kernels_of(dtype, fma))
        check_cpp(fmt::format("{}, fma {}", name(dtype), fma),
                  codegen::emit(kernel, codegen::cpp_dialect(fma, 32)).source);
    }
}

TEST_CASE("every op on every dtype is CUDA for NVRTC") {
  if (runtime::nvrtc_identity().empty()) {
    skip("no NVRTC");
    return;
  }
  for (const DType dtype : kDTypes)
    for (const ir::NodePtr& kernel : kernels_of(dtype, true)) {
      INFO(name(dtype));
      const std::string text = codegen::emit(kernel, codegen::cuda_dialect()).source;
      CHECK_NOTHROW(runtime::compile_cuda(text, "sm_80"));
    }
}

TEST_CASE("the whole prelude is C++ without a warning, and CUDA") {
  for (const bool fma : {true, false})
    check_cpp("prelude", ir::prelude_whole({.cuda = false, .fma = fma}));
  if (runtime::nvrtc_identity().empty()) {
    skip("no NVRTC");
    return;
  }
  CHECK_NOTHROW(runtime::compile_cuda(
      "namespace croton {\n" + ir::prelude_whole({.cuda = true, .fma = true}) + "}\n", "sm_80"));
}
