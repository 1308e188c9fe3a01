// A dimension: a number, or an integer polynomial over symbols and the atoms floordiv, mod, min,
// max and value(%v), kept in normal form. Two dims compare equal exactly when their normal forms
// do, so equality here is proof; "not equal" only means "not proven" (facts and `require` lines
// decide).
//
// Terms and atoms are sorted by an order that depends only on their text, except for value atoms,
// which are ordered by the age of their node; the printer re-sorts by printed text.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace croton {

namespace ir {
struct Node;
}

class Dim {
 public:
  struct Atom;
  struct Term;
  using Terms = std::vector<Term>;

  /// A known extent. Negative numbers are legal inside expressions (offsets), not as extents.
  /// Dims, and what is computed of them, are numbers of 64 bits with a sign; UserError beyond.
  template <std::integral I>
  Dim(I value) : constant_(static_cast<std::int64_t>(value)) {
    if constexpr (std::unsigned_integral<I> && sizeof(I) == sizeof(constant_))
      if (constant_ < 0) throw_too_large();
  }
  /// A symbol, identified by its name within one compile.
  Dim(const char* symbol) : Dim(std::string(symbol)) {}
  Dim(std::string symbol);
  Dim() = default;
  [[noreturn]] static void throw_too_large();
  /// Symbols with this prefix stand for run-time values, which may be negative.
  static constexpr const char* kValuePrefix = "value$";

  /// A symbol that equals no other.
  static Dim unique();
  /// Makes later calls of unique() avoid the name, if it is one of theirs (a name read from text).
  static void reserve(const std::string& name);
  /// The run-time value of a scalar integer tensor, read before the plan starts.
  static Dim value_of(std::shared_ptr<const ir::Node> node, int result = 0);
  static Dim floordiv(const Dim& a, const Dim& b);
  static Dim mod(const Dim& a, const Dim& b);
  static Dim min(const Dim& a, const Dim& b);
  static Dim max(const Dim& a, const Dim& b);

  [[nodiscard]] bool is_constant() const { return terms_ == nullptr; }
  [[nodiscard]] std::optional<std::int64_t> constant() const;
  [[nodiscard]] bool is(std::int64_t value) const { return !terms_ && constant_ == value; }
  /// The name when this is one bare symbol, else "".
  [[nodiscard]] std::string symbol() const;
  /// Sorted terms of the normal form; a constant has none or one term without factors.
  [[nodiscard]] Terms terms() const;

  [[nodiscard]] std::string text() const;
  using NameValue = std::function<std::string(const ir::Node*, int)>;
  using NameSymbol = std::function<std::string(const std::string&)>;
  /// As text(), with `value(...)` atoms written by `name_value` and symbols by `name_symbol`.
  [[nodiscard]] std::string text(const NameValue& name_value,
                                 const NameSymbol& name_symbol = {}) const;
  [[nodiscard]] std::size_t hash() const;
  /// Evaluates with `lookup` giving the value of each symbol and value atom. Throws what it throws.
  [[nodiscard]] std::int64_t evaluate(const std::function<std::int64_t(const Atom&)>& lookup) const;
  /// Replaces symbol and value atoms: `replace` returns nothing to keep an atom.
  [[nodiscard]] Dim substitute(const std::function<std::optional<Dim>(const Atom&)>& replace) const;
  /// An atom of a dim as a dim of its own.
  static Dim of_atom(Atom atom);
  /// Calls `visit` for every symbol and value atom, nested ones included.
  void for_each_leaf(const std::function<void(const Atom&)>& visit) const;

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  friend bool operator==(const Dim& a, const Dim& b);

 private:
  friend class DimProof;
  static std::optional<Dim> inside_of_maximum(const Dim& dim);
  static Dim of_terms(Terms terms);
  std::int64_t constant_ = 0;
  std::shared_ptr<const Terms> terms_;  // null: the constant
};

/// What a polynomial is made of. Leaves: symbol (name) and value (node, result). The others have
/// two arguments.
struct Dim::Atom {
  enum class Kind : std::uint8_t { symbol, value, floordiv, mod, min, max };
  Kind kind = Kind::symbol;
  std::string name{};
  std::shared_ptr<const ir::Node> node{};
  int result = 0;
  std::vector<Dim> arguments{};
  friend bool operator==(const Atom&, const Atom&) = default;
};

/// coefficient × product of factors; factors sorted, repeated for powers.
struct Dim::Term {
  std::int64_t coefficient = 0;
  std::vector<Atom> factors;
  friend bool operator==(const Term&, const Term&) = default;
};

using Shape = std::vector<Dim>;

/// How two dims may have to stand to one another.
enum class Relation : std::uint8_t { equal, at_least, different };
/// "==", ">=" or "!=".
[[nodiscard]] std::string_view text(Relation relation);

/// "n, 784" without brackets.
[[nodiscard]] std::string text(const Shape& shape);
/// The number of elements.
[[nodiscard]] Dim volume(const Shape& shape);
/// True when `a <= b` holds whatever the symbols are, given that symbols are >= 0.
[[nodiscard]] bool provably_less_equal(const Dim& a, const Dim& b);

}  // namespace croton
