// Loops over every elementwise op on real numbers are packed instructions without a call, at every
// level of x86-64: read from the assembly of the kernels, for the ops that the table names.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>
#include <sstream>
#include <string>

#include "codegen/kernel_writer.hpp"
#include "ir/builder.hpp"
#include "ir/module.hpp"
#include "ir/op.hpp"
#include "passes/pipeline.hpp"
#include "runtime/target.hpp"
#include "runtime/toolchain.hpp"

using namespace croton;

namespace {

std::string text_of_loop(ir::Op op, DType dtype, const runtime::Target& target) {
  ir::Module module;
  module.name = std::string(ir::info(op).name);
  std::vector<ir::Value> operands;
  for (int k = 0; k < ir::info(op).arity; ++k) {
    const DType of = op == ir::Op::where && k == 0 ? DType::boolean : dtype;
    operands.push_back(ir::input(std::string(1, "abc"[k]), ir::tensor(of, {4096})));
  }
  module.inputs = operands;
  module.outputs.push_back(ir::make(op, operands));
  passes::PipelineReport report;
  passes::run_pipeline(
      module, {.math = "strict", .fma = target.fma, .vector_bytes = target.vector_bytes}, report);
  REQUIRE(module.kernels.size() == 1);
  const codegen::Dialect dialect = codegen::cpp_dialect(target.fma, target.vector_bytes);
  return codegen::emit(module.kernels[0], dialect).source;
}

struct Instructions {
  int calls = 0;
  int packed = 0;  // on registers of the target's full width
};

Instructions instructions_of(const std::string& assembly, int vector_bytes) {
  const std::string full = vector_bytes == 64 ? "%zmm" : vector_bytes == 32 ? "%ymm" : "%xmm";
  Instructions found;
  std::istringstream text(assembly);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    if (name.starts_with("call")) ++found.calls;
    // Scalar instructions on the low lane end in ss or sd.
    const bool scalar = name.ends_with("ss") || name.ends_with("sd");
    if (line.find(full) != std::string::npos && !scalar) ++found.packed;
  }
  return found;
}

}  // namespace

TEST_CASE("loops over every elementwise op on real numbers are packed and call nothing") {
  std::set<std::string> named;
  for (const char* level : {"x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
    const runtime::Target target = *runtime::target_named(level);
    for (const ir::OpInfo& row : ir::all_ops()) {
      const ir::Op op = *ir::op_named(row.name);
      if (!ir::is_elementwise(op) || row.infer != nullptr) continue;
      for (const DType dtype : {DType::f32, DType::f64}) {
        if (!ir::in_domain(row.domain, dtype)) continue;
        // A CPU without the instruction needs the C library for one rounding.
        if (op == ir::Op::fma && !target.fma) continue;
        INFO(row.name << " " << name(dtype) << " " << level);
        const std::string text = text_of_loop(op, dtype, target);
        const bool vectorised =
            text.find("vector_size") != std::string::npos ||
            runtime::compile_text(text, target).remarks.find("vectorized loop") !=
                std::string::npos;
        // What the table calls iterative must be so, or the trait hides a loop that vectorises.
        CHECK(vectorised == !ir::has_trait(op, ir::traits::iterative));
        if (!vectorised) continue;
        const Instructions found =
            instructions_of(runtime::assembly_of(text, target), target.vector_bytes);
        CHECK(found.calls == 0);
        CHECK(found.packed > 0);
        named.insert(std::string(row.name));
      }
    }
  }
  CHECK(named.size() > 30);
}
