// The fixed kernels whose text is kept in *.golden files: one of each kind that the passes make.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "codegen/kernel_writer.hpp"
#include "ir/evaluate.hpp"
#include "ir/module.hpp"

namespace croton::test {

struct Case {
  std::string name;
  ir::Module graph;                    // as built
  ir::Module lowered;                  // for x86-64-v3: one kernel and its plan
  std::vector<ir::Binding> arguments;  // numbers to run it on
  std::map<std::string, std::int64_t> dims;
};

[[nodiscard]] const std::vector<Case>& cases();
/// The dialect that the C++ goldens are written in: registers of 32 bytes and fused multiply-adds.
[[nodiscard]] inline codegen::Dialect golden_cpp() { return codegen::cpp_dialect(true, 32); }
[[nodiscard]] codegen::EmittedKernel emitted(const Case& one, const codegen::Dialect& dialect);
/// The value of a dim under the case's symbols.
[[nodiscard]] std::int64_t extent(const Case& one, const Dim& dim);

}  // namespace croton::test
