#include "runtime/dim_program.hpp"

#include <algorithm>
#include <limits>

#include "ir/error.hpp"

namespace croton::runtime {
namespace {

constexpr std::size_t kMaxDepth = 64;

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return a == std::numeric_limits<std::int64_t>::min() ? a : -a;
  const std::int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

std::int64_t floor_mod(std::int64_t a, std::int64_t b) {
  if (b == 0 || b == -1) return 0;
  const std::int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

[[noreturn]] void too_large() {
  throw UserError(
      "the arrays of this call are too large: a product or sum of dims exceeds 64 bits");
}

}  // namespace

int DimLeaves::slot(const Dim::Atom& atom) {
  const auto it = std::find(atoms_.begin(), atoms_.end(), atom);
  if (it != atoms_.end()) return static_cast<int>(it - atoms_.begin());
  atoms_.push_back(atom);
  return static_cast<int>(atoms_.size()) - 1;
}

int DimLeaves::find_symbol(const std::string& name) const {
  for (std::size_t i = 0; i < atoms_.size(); ++i)
    if (atoms_[i].kind == Dim::Atom::Kind::symbol && atoms_[i].name == name)
      return static_cast<int>(i);
  return -1;
}

DimProgram::DimProgram(const Dim& dim, DimLeaves& leaves) {
  if (dim.is_constant()) {
    constant_ = *dim.constant();
    return;
  }
  emit(dim, leaves);
  if (code_.size() == 1 && code_[0].code == Code::leaf) leaf_ = static_cast<int>(code_[0].operand);
  std::size_t depth = 0, deepest = 0;
  for (const Instruction& i : code_) {
    depth = i.code == Code::push || i.code == Code::leaf ? depth + 1 : depth - 1;
    deepest = std::max(deepest, depth);
  }
  CROTON_CHECK(deepest <= kMaxDepth, "a dim expression is too deep: " + dim.text());
}

void DimProgram::emit(const Dim& dim, DimLeaves& leaves) {
  bool first_term = true;
  if (dim.terms().empty()) code_.push_back({Code::push, 0});
  for (const Dim::Term& term : dim.terms()) {
    bool first = true;
    if (term.coefficient != 1 || term.factors.empty()) {
      code_.push_back({Code::push, term.coefficient});
      first = false;
    }
    for (const Dim::Atom& atom : term.factors) {
      if (atom.arguments.empty()) {
        code_.push_back({Code::leaf, leaves.slot(atom)});
      } else {
        emit(atom.arguments[0], leaves);
        emit(atom.arguments[1], leaves);
        using Kind = Dim::Atom::Kind;
        code_.push_back({atom.kind == Kind::floordiv ? Code::floordiv
                         : atom.kind == Kind::mod    ? Code::mod
                         : atom.kind == Kind::min    ? Code::min
                                                     : Code::max,
                         0});
      }
      if (!first) code_.push_back({Code::mul, 0});
      first = false;
    }
    if (!first_term) code_.push_back({Code::add, 0});
    first_term = false;
  }
}

std::int64_t DimProgram::run(const std::int64_t* leaves) const {
  std::int64_t stack[kMaxDepth];
  std::size_t top = 0;
  for (const Instruction& i : code_) {
    if (i.code == Code::push) {
      stack[top++] = i.operand;
      continue;
    }
    if (i.code == Code::leaf) {
      stack[top++] = leaves[i.operand];
      continue;
    }
    const std::int64_t b = stack[--top], a = stack[top - 1];
    std::int64_t& result = stack[top - 1];
    switch (i.code) {
      case Code::add:
        if (__builtin_add_overflow(a, b, &result)) too_large();
        break;
      case Code::mul:
        if (__builtin_mul_overflow(a, b, &result)) too_large();
        break;
      case Code::floordiv:
        result = floor_divide(a, b);
        break;
      case Code::mod:
        result = floor_mod(a, b);
        break;
      case Code::min:
        result = std::min(a, b);
        break;
      default:
        result = std::max(a, b);
        break;
    }
  }
  return stack[0];
}

}  // namespace croton::runtime
