// Operators and functions on expressions. Elementwise functions come from the op table; operands
// broadcast and promote as in NumPy 2, literals are weak. Axes may be negative.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "frontend/croton/expr.hpp"

namespace croton {

// ---- every elementwise op by its name: tanh(x), where(c, a, b), logical_and(a, b), …
#define CROTON_PARAMETERS_1 const Operand& a
#define CROTON_PARAMETERS_2 const Operand &a, const Operand &b
#define CROTON_PARAMETERS_3 const Operand &a, const Operand &b, const Operand &c
#define ELEMENTWISE(name, arity, ...) [[nodiscard]] Expr name(CROTON_PARAMETERS_##arity);
#define ELEMENTWISE_INTEGER(name, arity, ...) ELEMENTWISE(name, arity)
#include "ir/ops_elementwise.def"
#undef ELEMENTWISE
#undef ELEMENTWISE_INTEGER
#undef CROTON_PARAMETERS_1
#undef CROTON_PARAMETERS_2
#undef CROTON_PARAMETERS_3

// ---- operators. / is true division; floor_divide is //, % has the divisor's sign.
// clang-format off
[[nodiscard]] inline Expr operator+(const Operand& a, const Operand& b) { return add(a, b); }
[[nodiscard]] inline Expr operator-(const Operand& a, const Operand& b) { return sub(a, b); }
[[nodiscard]] inline Expr operator*(const Operand& a, const Operand& b) { return mul(a, b); }
[[nodiscard]] inline Expr operator/(const Operand& a, const Operand& b) { return div(a, b); }
[[nodiscard]] inline Expr operator%(const Operand& a, const Operand& b) { return mod(a, b); }
[[nodiscard]] inline Expr operator<(const Operand& a, const Operand& b) { return lt(a, b); }
[[nodiscard]] inline Expr operator<=(const Operand& a, const Operand& b) { return le(a, b); }
[[nodiscard]] inline Expr operator>(const Operand& a, const Operand& b) { return gt(a, b); }
[[nodiscard]] inline Expr operator>=(const Operand& a, const Operand& b) { return ge(a, b); }
[[nodiscard]] inline Expr operator==(const Operand& a, const Operand& b) { return eq(a, b); }
[[nodiscard]] inline Expr operator!=(const Operand& a, const Operand& b) { return neq(a, b); }
[[nodiscard]] inline Expr operator&(const Operand& a, const Operand& b) { return bitwise_and(a, b); }
[[nodiscard]] inline Expr operator|(const Operand& a, const Operand& b) { return bitwise_or(a, b); }
[[nodiscard]] inline Expr operator^(const Operand& a, const Operand& b) { return bitwise_xor(a, b); }
[[nodiscard]] inline Expr operator-(const Operand& a) { return neg(a); }
[[nodiscard]] inline Expr operator~(const Operand& a) { return bitwise_not(a); }
[[nodiscard]] inline Expr operator!(const Operand& a) { return logical_not(a); }
// clang-format on
[[nodiscard]] Expr clip(const Operand& x, const Operand& low, const Operand& high);

// ---- conversion
[[nodiscard]] Expr cast(const Operand& x, DType dtype);

// ---- creation
[[nodiscard]] Expr zeros(Shape shape, DType dtype, Location where = Location::current());
[[nodiscard]] Expr ones(Shape shape, DType dtype, Location where = Location::current());
[[nodiscard]] Expr full(Shape shape, double value, DType dtype,
                        Location where = Location::current());
[[nodiscard]] Expr zeros_like(const Operand& x);
[[nodiscard]] Expr ones_like(const Operand& x);
/// 0, 1, …, count - 1 as i64 unless another dtype is asked for.
[[nodiscard]] Expr arange(Dim count, DType dtype = DType::i64,
                          Location where = Location::current());
/// start, start + step, …, before stop.
[[nodiscard]] Expr arange(Dim start, Dim stop, std::int64_t step = 1, DType dtype = DType::i64,
                          Location where = Location::current());
/// As the first with a scalar integer expression for the count, known when the function is called.
[[nodiscard]] Expr arange(const Expr& count, DType dtype = DType::i64,
                          Location where = Location::current());
[[nodiscard]] Expr eye(Dim rows, DType dtype, Location where = Location::current());
/// 1 where column - row is `offset`.
[[nodiscard]] Expr eye(Dim rows, Dim columns, std::int64_t offset, DType dtype,
                       Location where = Location::current());
/// labels[…] → [..., classes], 1 at the label, 0 elsewhere (out-of-range labels give zeros).
[[nodiscard]] Expr one_hot(const Operand& labels, Dim classes, DType dtype);

// ---- shape
/// One extent may be -1: what is left.
[[nodiscard]] Expr reshape(const Operand& x, Shape shape);
[[nodiscard]] Expr ravel(const Operand& x);
/// Axes reversed, or in the order given.
[[nodiscard]] Expr transpose(const Operand& x);
[[nodiscard]] Expr permute(const Operand& x, std::vector<int> order);
/// New axes of extent 1 at these positions of the result.
[[nodiscard]] Expr expand_dims(const Operand& x, Axes axes);
/// Axes of extent 1 removed: those given, or all.
[[nodiscard]] Expr squeeze(const Operand& x, Axes axes = {});
[[nodiscard]] Expr broadcast_to(const Operand& x, Shape shape);
[[nodiscard]] Expr concatenate(const Exprs& parts, int axis = 0,
                               Location where = Location::current());
[[nodiscard]] Expr stack(const Exprs& parts, int axis = 0, Location where = Location::current());
/// Equal parts along an axis whose extent is known and divisible.
[[nodiscard]] std::vector<Expr> split(const Operand& x, int parts, int axis = 0);
[[nodiscard]] Expr flip(const Operand& x, Axes axes = {});

// ---- set and increment: copies of x with x[indices] replaced by, or increased by, value
[[nodiscard]] Expr set(const Operand& x, const std::vector<Index>& indices, const Operand& value);
[[nodiscard]] Expr increment(const Operand& x, const std::vector<Index>& indices,
                             const Operand& value);

// ---- reductions over axes (default: all)
[[nodiscard]] Expr sum(const Operand& x, Axes axes = {});
[[nodiscard]] Expr prod(const Operand& x, Axes axes = {});
[[nodiscard]] Expr max(const Operand& x, Axes axes = {});
[[nodiscard]] Expr min(const Operand& x, Axes axes = {});
[[nodiscard]] Expr any(const Operand& x, Axes axes = {});
[[nodiscard]] Expr all(const Operand& x, Axes axes = {});
[[nodiscard]] Expr argmax(const Operand& x, Axes axes = {});
[[nodiscard]] Expr argmin(const Operand& x, Axes axes = {});
[[nodiscard]] Expr mean(const Operand& x, Axes axes = {});
[[nodiscard]] Expr var(const Operand& x, Axes axes = {}, int ddof = 0);
[[nodiscard]] Expr std_deviation(const Operand& x, Axes axes = {}, int ddof = 0);
[[nodiscard]] Expr logsumexp(const Operand& x, Axes axes = {});
[[nodiscard]] Expr cumsum(const Operand& x, int axis);

// ---- products
[[nodiscard]] Expr matmul(const Operand& a, const Operand& b);
/// NumPy's dot: the last axis of a with the second to last of b; scalars multiply.
[[nodiscard]] Expr dot(const Operand& a, const Operand& b);

// ---- compositions
[[nodiscard]] Expr softmax(const Operand& x, Axes axis = croton::axis(-1));
[[nodiscard]] Expr log_softmax(const Operand& x, Axes axis = croton::axis(-1));
/// Per-example -log_softmax(scores) at integer labels; scores[..., classes], labels[...].
[[nodiscard]] Expr cross_entropy(const Operand& scores, const Operand& labels);
[[nodiscard]] Expr relu(const Operand& x);
[[nodiscard]] Expr gelu(const Operand& x);
[[nodiscard]] Expr layer_norm(const Operand& x, const Operand& scale, const Operand& shift,
                              double epsilon = 1e-5);

/// An attribute of a call by name: {"axis", -1}.
struct NamedArgument {
  std::string name;
  std::variant<bool, std::int64_t, double, std::string, DType, std::vector<std::int64_t>> value;
  template <class T>
  NamedArgument(std::string n, T v) : name(std::move(n)) {
    if constexpr (std::same_as<T, bool> || !std::integral<T>)
      value = std::move(v);
    else
      value = static_cast<std::int64_t>(v);
  }
};
/// Every public operation, op or composition, by name: call("softmax", {x}, {{"axis", -1}}).
[[nodiscard]] Expr call(std::string_view name, const Exprs& operands,
                        std::vector<NamedArgument> arguments = {},
                        Location where = Location::current());
/// The names that `call` knows, sorted.
[[nodiscard]] std::vector<std::string> operation_names();

/// The first N results: auto [a, b] = take<2>(grad(loss, {W, b})). Throws UserError when there are
/// not exactly N.
template <std::size_t N, class List>
[[nodiscard]] auto take(List&& list) {
  if (list.size() != N)
    throw UserError("take<" + std::to_string(N) + ">: there are " + std::to_string(list.size()) +
                    " results");
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::array{std::forward<List>(list)[I]...};  // NOLINT(bugprone-use-after-move): elements
  }
  (std::make_index_sequence<N>());
}

}  // namespace croton
