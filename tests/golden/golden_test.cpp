// The text of fixed kernels, byte for byte, and what compilers say to it.
//
// CROTON_BLESS=1 rewrites the files. A compiler that is absent is skipped with a line that says so;
// CROTON_NVRTC names libnvrtc.so where the system does not find it.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "codegen/unit_text.hpp"
#include "ir/error.hpp"
#include "runtime/nvrtc.hpp"
#include "tests/golden/cases.hpp"
#include "tests/golden/compilers.hpp"

using namespace croton;
using namespace croton::test;

namespace {

std::string golden_path(const std::string& file) { return CROTON_GOLDEN "/" + file + ".golden"; }

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

bool blessing() {
  const char* bless = std::getenv("CROTON_BLESS");
  return bless != nullptr && std::string_view(bless) == "1";
}

void check_golden(const std::string& file, const std::string& text) {
  if (blessing()) std::ofstream(golden_path(file), std::ios::binary) << text;
  INFO(file);
  CHECK(contents(golden_path(file)) == text);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The lines of the functions that have the kernel's own parameters, without their heads and those
// of the parallel loops.
std::vector<std::string> bodies(const codegen::EmittedKernel& kernel) {
  std::vector<std::string> out;
  bool inside = false, head = false;
  for (const std::string& line : lines_of(kernel.source)) {
    if (line.starts_with("static void kernel_") || line.starts_with("extern \"C\" __global__"))
      inside = head = true;
    if (inside && !head && line.find(" = begin") == std::string::npos) out.push_back(line);
    if (head && line.ends_with("{")) head = false;
    if (line == "}") inside = false;
  }
  return out;
}

}  // namespace

TEST_CASE("emitted text is the text that was looked at") {
  for (const Case& one : cases()) {
    check_golden(one.name + ".cpp", emitted(one, golden_cpp()).source);
    check_golden(one.name + ".cu", emitted(one, codegen::cuda_dialect()).source);
  }
}

TEST_CASE("emission is a function of the kernel: twice the same bytes") {
  for (const Case& one : cases())
    CHECK(emitted(one, golden_cpp()).source == emitted(one, golden_cpp()).source);
}

TEST_CASE("emitted text needs no header") {
  for (const Case& one : cases())
    for (const codegen::Dialect& dialect : {golden_cpp(), codegen::cuda_dialect()}) {
      const std::string text = emitted(one, dialect).source;
      CHECK(text.find("#include") == std::string::npos);
      CHECK(text.find("std::") == std::string::npos);
    }
}

TEST_CASE("the bodies of parallel loops are the same lines in C++ and CUDA") {
  for (const Case& one : cases()) {
    const auto cpp = bodies(emitted(one, codegen::cpp_dialect(true, 0)));
    const auto cuda = bodies(emitted(one, codegen::cuda_dialect()));
    INFO(one.name);
    CHECK(cpp.size() > 3);
    CHECK(cpp == cuda);
  }
}

TEST_CASE("g++ and clang++ take every C++ golden without a warning") {
  for (const std::string& compiler : cpp_compilers())
    for (const Case& one : cases()) {
      INFO(compiler << " " << one.name);
      const std::string source = "-x c++ " + golden_path(one.name + ".cpp");
      const auto [status, log] =
          run_command(compiler + " -Wall -Wextra -Werror -std=c++20 -O2 -march=x86-64-v3 -c " +
                      source + " -o /dev/null");
      CHECK(log == "");
      CHECK(status == 0);
    }
}

TEST_CASE("all kernels as one text compile by themselves, and begin on the lines that it says") {
  for (const codegen::Dialect& dialect : {golden_cpp(), codegen::cuda_dialect()}) {
    std::vector<codegen::EmittedKernel> kernels;
    for (const Case& one : cases()) kernels.push_back(emitted(one, dialect));
    std::vector<codegen::UnitPart> parts;
    for (const codegen::EmittedKernel& kernel : kernels)
      parts.push_back({kernel.name, kernel.commented});
    const std::string text = codegen::unit_text("all", "x86-64-v3", parts, dialect);
    const std::vector<std::string> lines = lines_of(text);
    for (std::size_t i = 0; i < kernels.size(); ++i) {
      const std::string head = "//   " + kernels[i].name + " from line ";
      REQUIRE(lines.at(i + 1).starts_with(head));
      const auto line = std::stoul(lines[i + 1].substr(head.size()));
      CHECK(lines.at(line - 1) == "// kernel  " + kernels[i].name);
    }
    if (dialect.cuda) {
      if (!runtime::nvrtc_identity().empty())
        CHECK(runtime::compile_cuda(text, "sm_80").find(".visible .entry") != std::string::npos);
      continue;
    }
    const auto file = std::filesystem::current_path() / "all_kernels.cpp";
    std::ofstream(file, std::ios::binary) << text;
    for (const std::string& compiler : cpp_compilers()) {
      INFO(compiler);
      const auto [status, log] = run_command(
          compiler + " -Wall -Wextra -Werror -std=c++20 -march=x86-64-v3 -ffp-contract=off -c " +
          file.string() + " -o /dev/null");
      CHECK(log == "");
      CHECK(status == 0);
    }
    std::filesystem::remove(file);
  }
}

TEST_CASE("NVRTC makes PTX of every CUDA golden") {
  if (runtime::nvrtc_identity().empty()) {
    skip("no NVRTC");
    return;
  }
  for (const Case& one : cases())
    for (const char* architecture : {"sm_80", "sm_90"}) {
      INFO(one.name << " " << architecture);
      const std::string text = contents(golden_path(one.name + ".cu"));
      const std::string ptx = runtime::compile_cuda(text, architecture);
      CHECK(ptx.find(std::string(".target ") + architecture) != std::string::npos);
      CHECK(ptx.find(".visible .entry kernel_") != std::string::npos);
    }
}

TEST_CASE("NVRTC's refusal is a BackendError with its log") {
  if (runtime::nvrtc_identity().empty()) {
    skip("no NVRTC");
    return;
  }
  try {
    (void)runtime::compile_cuda("__global__ void k() { nonsense; }", "sm_80");
    FAIL("not refused");
  } catch (const BackendError& error) {
    CHECK(error.log().find("\"nonsense\" is undefined") != std::string::npos);
  }
  CHECK_THROWS_AS(runtime::compile_cuda("", "avx512"), UserError);
}
