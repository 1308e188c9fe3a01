// Dims compiled for calls: a dim becomes postfix code over an array of leaf values (symbols and
// value atoms), so that evaluating it needs no maps and no allocation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/dim.hpp"

namespace croton::runtime {

/// The leaves that the dims of one function mention, each with a slot.
class DimLeaves {
 public:
  /// The slot of a symbol or value atom; a new one when it has none yet.
  int slot(const Dim::Atom& atom);
  /// -1 when the symbol has no slot.
  [[nodiscard]] int find_symbol(const std::string& name) const;
  [[nodiscard]] const std::vector<Dim::Atom>& atoms() const { return atoms_; }

 private:
  std::vector<Dim::Atom> atoms_;
};

class DimProgram {
 public:
  DimProgram() = default;
  DimProgram(const Dim& dim, DimLeaves& leaves);
  [[nodiscard]] std::int64_t operator()(const std::int64_t* leaves) const {
    if (leaf_ >= 0) return leaves[leaf_];
    return code_.empty() ? constant_ : run(leaves);
  }

  /// The slot of the leaf that the dim is; -1 when it is anything else.
  [[nodiscard]] int leaf() const { return leaf_; }

 private:
  enum class Code : std::uint8_t { push, leaf, add, mul, floordiv, mod, min, max };
  struct Instruction {
    Code code;
    std::int64_t operand;
  };
  void emit(const Dim& dim, DimLeaves& leaves);
  [[nodiscard]] std::int64_t run(const std::int64_t* leaves) const;
  int leaf_ = -1;  // the usual case, read without the interpreter
  std::int64_t constant_ = 0;
  std::vector<Instruction> code_;
};

}  // namespace croton::runtime
