// Expr: a symbolic tensor, a handle on a node of the graph. Expressions are built with ordinary
// operators and functions; nothing is computed. Building is thread-safe: several threads may build
// on shared sub-expressions. Every mistake throws UserError at the line that made it.
#pragma once

#include <concepts>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ir/dim.hpp"
#include "ir/dtype.hpp"
#include "ir/error.hpp"

namespace croton {

// dtypes by their short names: input("x", f64, {"n"})
inline constexpr DType boolean = DType::boolean, i8 = DType::i8, i16 = DType::i16, i32 = DType::i32,
                       i64 = DType::i64, u8 = DType::u8, u16 = DType::u16, u32 = DType::u32,
                       u64 = DType::u64, f16 = DType::f16, bf16 = DType::bf16, f32 = DType::f32,
                       f64 = DType::f64, c64 = DType::c64, c128 = DType::c128;

using Location = std::source_location;

/// Names what this thread builds while it lives, in dumps, emitted code and errors:
/// "model.cpp:31 (encoder/attention)". Expressions that the standard library combines
/// (std::accumulate) count as written on the scope's line.
class Scope {
 public:
  explicit Scope(const std::string& name, const Location& where = Location::current()) {
    open_scope(name, where);
  }
  ~Scope() { close_scope(); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
};

struct Index;

class Expr {
 public:
  [[nodiscard]] DType dtype() const;
  [[nodiscard]] int rank() const;
  [[nodiscard]] const Shape& shape() const;
  /// The extent of an axis; negative axes count from the end.
  [[nodiscard]] Dim dim(int axis) const;
  /// The name it was given, or "".
  [[nodiscard]] const std::string& label() const { return label_; }
  /// The same value under a name that dumps, emitted code and errors show.
  [[nodiscard]] Expr named(std::string label) const;
  /// "x : f32[n, 784]"
  [[nodiscard]] std::string text() const;
  [[nodiscard]] Expr transposed() const;

  /// NumPy's basic and (adjacent) integer-array indexing: x[{arange(n), y}], x[slice(0, 10)], x[3].
  Expr operator[](const Index& index) const;
  Expr operator[](std::initializer_list<Index> indices) const;

  // Internal: the graph's value.
  Expr(std::shared_ptr<const ir::Node> node, int result, Site site, std::string label = {})
      : node_(std::move(node)), result_(result), site_(std::move(site)), label_(std::move(label)) {}
  [[nodiscard]] const std::shared_ptr<const ir::Node>& node() const { return node_; }
  [[nodiscard]] int result() const { return result_; }
  [[nodiscard]] const Site& site() const { return site_; }

 private:
  std::shared_ptr<const ir::Node> node_;
  int result_ = 0;
  Site site_;
  std::string label_;
};

/// Identity: == builds an expression.
[[nodiscard]] bool same(const Expr& a, const Expr& b);

template <class T>
concept Arithmetic = std::is_arithmetic_v<T>;

/// What an operator or function takes: an expression or a weak literal, and the caller's line.
class Operand {
 public:
  Operand(const Expr& expr, Location where = Location::current()) : expr_(&expr), where_(where) {}
  template <Arithmetic T>
  Operand(T literal, Location where = Location::current()) : where_(where) {
    if constexpr (std::same_as<T, bool>)
      boolean_ = literal, kind_ = Kind::boolean;
    else if constexpr (std::integral<T>)
      integer_ = static_cast<std::int64_t>(literal), kind_ = Kind::integer,
      is_unsigned_ = std::unsigned_integral<T>;
    else
      real_ = static_cast<double>(literal), kind_ = Kind::real;
  }
  enum class Kind : std::uint8_t { expr, boolean, integer, real };
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const Expr* expr() const { return expr_; }
  [[nodiscard]] double real() const { return real_; }
  [[nodiscard]] std::int64_t integer() const { return integer_; }
  /// The integer is the u64 with these bits.
  [[nodiscard]] bool is_unsigned() const { return is_unsigned_; }
  [[nodiscard]] bool is_true() const { return boolean_; }
  [[nodiscard]] const Location& where() const { return where_; }

 private:
  const Expr* expr_ = nullptr;
  double real_ = 0;
  std::int64_t integer_ = 0;
  bool boolean_ = false, is_unsigned_ = false;
  Kind kind_ = Kind::expr;
  Location where_;
};

// A function's operand converts a temporary Expr, whose life ends with the full expression; every
// function below is done with it by then.

/// A list of expressions: {x, y}, one Expr, or a vector of them or of shared variables.
class Exprs {
 public:
  Exprs(std::initializer_list<Expr> list) : list_(list) {}
  Exprs(std::vector<Expr> list) : list_(std::move(list)) {}
  Exprs(const Expr& one) : list_{one} {}
  template <std::convertible_to<Expr> T>
  Exprs(const std::vector<T>& list) : list_(list.begin(), list.end()) {}
  [[nodiscard]] const std::vector<Expr>& list() const { return list_; }
  [[nodiscard]] std::size_t size() const { return list_.size(); }

 private:
  std::vector<Expr> list_;
};

/// Axes of a reduction: axis(-1), axes({0, 2}), or every axis.
struct Axes {
  std::optional<std::vector<int>> list;  // nothing: all
  bool keep = false;
  /// The reduced axes stay, with extent 1 (NumPy's keepdims).
  [[nodiscard]] Axes keepdims() const { return {list, true}; }
};
[[nodiscard]] inline Axes axis(int a) { return {std::vector<int>{a}, false}; }
[[nodiscard]] inline Axes axes(std::vector<int> list) { return {std::move(list), false}; }
[[nodiscard]] inline Axes all_axes() { return {}; }

/// A bound of a slice: absent, a number, a dim, or a scalar integer expression.
using Bound = std::variant<std::monostate, Dim, Expr>;

struct Slice {
  Bound start, stop;
  std::int64_t step = 1;
};
inline constexpr std::monostate none{};
struct NewAxis {};
inline constexpr NewAxis newaxis{};
struct Ellipsis {};
inline constexpr Ellipsis ellipsis{};

namespace detail {
inline Bound bound(std::monostate) { return {}; }
inline Bound bound(const Expr& e) { return e; }
template <class T>
requires std::constructible_from<Dim, T> Bound bound(const T& value) { return Dim(value); }
}  // namespace detail

/// slice(stop), slice(start, stop), slice(start, stop, step); `none` leaves a bound open.
template <class Stop>
[[nodiscard]] Slice slice(const Stop& stop) {
  return {{}, detail::bound(stop), 1};
}
template <class Start, class Stop>
[[nodiscard]] Slice slice(const Start& start, const Stop& stop, std::int64_t step = 1) {
  return {detail::bound(start), detail::bound(stop), step};
}

/// One entry of an index list.
struct Index {
  std::variant<std::int64_t, Slice, NewAxis, Ellipsis, Expr> value;
  Location where;
  template <std::integral I>
  Index(I i, Location w = Location::current()) : value(static_cast<std::int64_t>(i)), where(w) {
    // Beyond i64 there is no position, neither from the front nor from the end.
    if constexpr (std::unsigned_integral<I> && sizeof(I) == sizeof(std::int64_t))
      if (i > static_cast<I>(std::numeric_limits<std::int64_t>::max()))
        value = std::numeric_limits<std::int64_t>::max();
  }
  Index(Slice s, Location w = Location::current()) : value(std::move(s)), where(w) {}
  Index(NewAxis, Location w = Location::current()) : value(NewAxis{}), where(w) {}
  Index(Ellipsis, Location w = Location::current()) : value(Ellipsis{}), where(w) {}
  Index(Expr e, Location w = Location::current()) : value(std::move(e)), where(w) {}
};

/// An array with a name, a dtype and a shape, given at each call. Rank 0: {}.
[[nodiscard]] Expr input(std::string name, DType dtype, Shape shape,
                         Location where = Location::current());
/// A number as an expression of a given dtype.
[[nodiscard]] Expr constant(double value, DType dtype, Location where = Location::current());

}  // namespace croton
