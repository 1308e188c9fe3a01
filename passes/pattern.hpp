// Patterns: graphs with holes, as constexpr values, in the notation users write. A pattern is an
// array of cells, so a set of rules is data: it can be listed, printed, counted and tested in a
// loop.
//
//   x, y, z            any value            c, d         a constant with one repeated element
//   x + y, exp(x), …   every elementwise op of the table, by name
//   sum(x, A)          a reduction; A, B stand for the attributes of structured ops
//   composition("softmax", x, A)            a call
//   concatenate(each(-x), A)                every operand of a variadic op, x standing for a list
//   single_use(x * y)                       a value that nothing else reads: it goes when this does
//   a number           a constant with that value, of whatever dtype its neighbours have
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "ir/op.hpp"

namespace croton::passes {

enum class CellKind : std::uint8_t { value, constant, number, op, composition, each };

/// Which of the attribute variables A, B a structured op binds or takes; none for elementwise ops.
enum class Attributes : std::int8_t { none = -1, a = 0, b = 1 };

struct Cell {
  CellKind kind = CellKind::value;
  std::int8_t variable = 0;  // values and constants: which one
  double number = 0;
  ir::Op op{};
  std::string_view name{};  // of a composition
  Attributes attributes = Attributes::none;
  bool single_use = false;
  std::array<std::int8_t, 3> operands{-1, -1, -1};
};

struct Pattern {
  static constexpr std::size_t kMaxCells = 12;
  std::array<Cell, kMaxCells> cells{};
  std::int8_t count = 0;  // the root is the last cell

  constexpr Pattern() = default;
  constexpr Pattern(double number) : count(1) {
    cells[0].kind = CellKind::number;
    cells[0].number = number;
  }
  constexpr Pattern(int number) : Pattern(static_cast<double>(number)) {}
  [[nodiscard]] constexpr const Cell& root() const {
    return cells[static_cast<std::size_t>(count - 1)];
  }

  /// The cells of `other`, appended; returns the position of its root.
  constexpr std::int8_t append(const Pattern& other) {
    if (count + other.count > static_cast<int>(kMaxCells))
      throw std::length_error("a pattern has too many cells");
    const std::int8_t base = count;
    for (std::int8_t i = 0; i < other.count; ++i) {
      Cell cell = other.cells[static_cast<std::size_t>(i)];
      for (std::int8_t& operand : cell.operands)
        if (operand >= 0) operand = static_cast<std::int8_t>(operand + base);
      cells[static_cast<std::size_t>(count++)] = cell;
    }
    return static_cast<std::int8_t>(count - 1);
  }
  template <class... Operands>
  static constexpr Pattern of(Cell cell, const Operands&... operands) {
    Pattern out;
    std::size_t next = 0;
    ((cell.operands[next++] = out.append(operands)), ...);
    if (out.count == static_cast<int>(kMaxCells))
      throw std::length_error("a pattern has too many cells");
    out.cells[static_cast<std::size_t>(out.count++)] = cell;
    return out;
  }
};

constexpr Pattern placeholder(CellKind kind, int variable) {
  Pattern out;
  out.cells[0].kind = kind;
  out.cells[0].variable = static_cast<std::int8_t>(variable);
  out.count = 1;
  return out;
}

/// "log(1 + x)"
[[nodiscard]] std::string text(const Pattern& pattern);

namespace patterns {

inline constexpr Pattern x = placeholder(CellKind::value, 0), y = placeholder(CellKind::value, 1),
                         z = placeholder(CellKind::value, 2);
inline constexpr Pattern c = placeholder(CellKind::constant, 3),
                         d = placeholder(CellKind::constant, 4);
inline constexpr int kVariables = 5;
inline constexpr Attributes A = Attributes::a, B = Attributes::b;

#define CROTON_PATTERN_PARAMETERS_1 const Pattern& a
#define CROTON_PATTERN_PARAMETERS_2 const Pattern &a, const Pattern &b
#define CROTON_PATTERN_PARAMETERS_3 const Pattern &a, const Pattern &b, const Pattern &c
#define CROTON_PATTERN_ARGUMENTS_1 a
#define CROTON_PATTERN_ARGUMENTS_2 a, b
#define CROTON_PATTERN_ARGUMENTS_3 a, b, c
#define ELEMENTWISE(name, arity, ...)                              \
  constexpr Pattern name(CROTON_PATTERN_PARAMETERS_##arity) {      \
    return Pattern::of({.kind = CellKind::op, .op = ir::Op::name}, \
                       CROTON_PATTERN_ARGUMENTS_##arity);          \
  }
#define ELEMENTWISE_INTEGER(name, arity, ...) ELEMENTWISE(name, arity, __VA_ARGS__)
#include "ir/ops_elementwise.def"
#undef ELEMENTWISE
#undef ELEMENTWISE_INTEGER

constexpr Pattern operator+(const Pattern& a, const Pattern& b) { return add(a, b); }
constexpr Pattern operator-(const Pattern& a, const Pattern& b) { return sub(a, b); }
constexpr Pattern operator*(const Pattern& a, const Pattern& b) { return mul(a, b); }
constexpr Pattern operator/(const Pattern& a, const Pattern& b) { return div(a, b); }
constexpr Pattern operator-(const Pattern& a) { return neg(a); }

/// A structured op of one operand or of one list, with its attributes as they are.
constexpr Pattern structured(ir::Op op, const Pattern& a, Attributes attributes) {
  return Pattern::of({.kind = CellKind::op, .op = op, .attributes = attributes}, a);
}
constexpr Pattern sum(const Pattern& a, Attributes attributes) {
  return structured(ir::Op::sum, a, attributes);
}
/// As the only operand of a variadic op: what each of its operands looks like.
constexpr Pattern each(const Pattern& a) { return Pattern::of({.kind = CellKind::each}, a); }
constexpr Pattern concatenate(const Pattern& list, Attributes attributes) {
  return structured(ir::Op::concatenate, list, attributes);
}
constexpr Pattern single_use(Pattern a) {
  a.cells[static_cast<std::size_t>(a.count - 1)].single_use = true;
  return a;
}
constexpr Pattern composition(std::string_view name, const Pattern& a,
                              Attributes attributes = Attributes::none) {
  return Pattern::of({.kind = CellKind::composition, .name = name, .attributes = attributes}, a);
}

}  // namespace patterns
}  // namespace croton::passes
