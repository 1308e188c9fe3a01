// Making nodes. `make` is strict: operands must already satisfy the op's type rule. `apply` and the
// functions named after ops promote dtypes (NEP 50) and broadcast, inserting cast and broadcast
// nodes, so that everything at the tensor level is explicit. Gradient rules, compositions, rewrites
// and the front end all build through these.
#pragma once

#include <initializer_list>
#include <span>

#include "ir/node.hpp"

namespace croton::ir {

/// A value, or a weak literal that takes the dtype of the values beside it.
class Operand {
 public:
  Operand(Value value) : value_(std::move(value)) {}
  Operand(double literal) : real_(literal), literal_(DTypeKind::real) {}
  Operand(std::int64_t literal) : integer_(literal), literal_(DTypeKind::integer) {}
  Operand(int literal) : Operand(std::int64_t{literal}) {}
  /// Also beyond i64: such a literal is u64 when nothing else decides.
  Operand(std::uint64_t literal)
      : integer_(static_cast<std::int64_t>(literal)),
        is_beyond_(integer_ < 0),
        literal_(DTypeKind::integer) {}
  Operand(bool literal) : integer_(literal ? 1 : 0), literal_(DTypeKind::boolean) {}
  [[nodiscard]] bool is_literal() const { return !value_; }
  [[nodiscard]] DTypeKind literal_kind() const { return literal_; }
  [[nodiscard]] const Value& value() const { return value_; }
  [[nodiscard]] Literal as(DType dtype) const;
  /// The dtype a literal has when nothing else decides: bool, i64 or f64.
  [[nodiscard]] DType own_dtype() const;
  /// For an integer literal: whether the dtype has its value.
  [[nodiscard]] bool fits(DType dtype) const;
  [[nodiscard]] bool is_negative() const { return integer_ < 0 && !is_beyond_; }

 private:
  Value value_;
  double real_ = 0;
  std::int64_t integer_ = 0;
  bool is_beyond_ = false;  // integer_ has the bits of a u64
  DTypeKind literal_ = DTypeKind::real;
};

/// Strict: infers and checks. Throws UserError with the reason (without operands and sites).
[[nodiscard]] NodePtr make_node(Op op, std::vector<Value> operands,
                                std::vector<Attribute> attributes = {});
[[nodiscard]] inline Value make(Op op, std::vector<Value> operands,
                                std::vector<Attribute> attributes = {}) {
  return {make_node(op, std::move(operands), std::move(attributes)), 0};
}
/// The same node with other operands: re-inferred, provenance inherited.
[[nodiscard]] NodePtr with_operands(const NodePtr& node, std::vector<Value> operands);

/// Promotes, broadcasts, makes. Elementwise ops only.
[[nodiscard]] Value apply(Op op, std::initializer_list<Operand> operands);
[[nodiscard]] Value apply(Op op, std::span<const Operand> operands);

// ---- creation
[[nodiscard]] Value input(const std::string& name, Type type);
/// `payload` keeps the value at run time; a graph read from text has none.
[[nodiscard]] Value shared(const std::string& name, Type type, std::shared_ptr<void> payload = {});
[[nodiscard]] Value constant(Literal value);
[[nodiscard]] Value splat(Literal scalar, Shape shape);
[[nodiscard]] Value full(DType dtype, Shape shape, double value);
[[nodiscard]] Value full_like(const Value& like, double value);
[[nodiscard]] Value zeros_of(const Value& like);
[[nodiscard]] Value iota(DType dtype, Shape shape, std::int64_t axis);
[[nodiscard]] Value dim(const Dim& value);

/// The scalar when the value is a constant with one repeated element, else nothing.
[[nodiscard]] std::optional<Literal> splat_value(const Value& value);

// ---- conversion and movement; a node that would change nothing is not made
[[nodiscard]] Value cast(const Value& x, DType dtype);
[[nodiscard]] Value reshape(const Value& x, Shape shape);
[[nodiscard]] Value transpose(const Value& x, Integers permutation);
[[nodiscard]] Value broadcast(const Value& x, Shape shape, Integers axes);
/// NumPy's broadcast_to: operand axes are aligned at the end.
[[nodiscard]] Value broadcast_to(const Value& x, const Shape& shape);
[[nodiscard]] Value expand_dims(const Value& x, const Integers& result_axes);
[[nodiscard]] Value slice_of(const Value& x, Shape starts, Shape sizes, Integers steps);
[[nodiscard]] Value concatenate(std::vector<Value> values, std::int64_t axis);
[[nodiscard]] Integers inverse_permutation(const Integers& permutation);

// ---- indexing
[[nodiscard]] Value set_slice(const Value& x, const Value& update, Shape starts, Integers steps);
[[nodiscard]] Value add_slice(const Value& x, const Value& update, Shape starts, Integers steps);
[[nodiscard]] Value gather(const Value& x, std::int64_t axis, std::span<const Value> indices);
[[nodiscard]] Value scatter(Op op, const Value& x, const Value& update, std::int64_t axis,
                            std::span<const Value> indices);

// ---- reductions and products; axes ascending and non-negative. `sum` and `prod` widen integers.
[[nodiscard]] Value reduce(Op op, const Value& x, Integers axes);
[[nodiscard]] Value sum(const Value& x, Integers axes);
[[nodiscard]] Value cumsum(const Value& x, std::int64_t axis, bool reverse = false);
[[nodiscard]] Value contract(const Value& a, const Value& b, Integers a_labels, Integers b_labels,
                             Integers out_labels);
/// As `contract`, of operands brought to their common dtype; of bool the or of ands.
[[nodiscard]] Value contract_promoted(const Value& a, const Value& b, Integers a_labels,
                                      Integers b_labels, Integers out_labels);
/// NumPy's matmul for any ranks (1 and above).
[[nodiscard]] Value matmul(const Value& a, const Value& b);
/// The inverse of a reduction's shape: the reduced axes come back, repeated.
[[nodiscard]] Value restore_axes(const Value& x, const Shape& shape, const Integers& axes);
/// The sum over what a broadcast repeated.
[[nodiscard]] Value unbroadcast(const Value& x, const Shape& shape, const Integers& axes);

// ---- every elementwise op, by name
#define CROTON_PARAMETERS_1 const Operand& a
#define CROTON_PARAMETERS_2 const Operand &a, const Operand &b
#define CROTON_PARAMETERS_3 const Operand &a, const Operand &b, const Operand &c
#define CROTON_ARGUMENTS_1 a
#define CROTON_ARGUMENTS_2 a, b
#define CROTON_ARGUMENTS_3 a, b, c
#define ELEMENTWISE(name, arity, ...)                          \
  [[nodiscard]] inline Value name(CROTON_PARAMETERS_##arity) { \
    return apply(Op::name, {CROTON_ARGUMENTS_##arity});        \
  }
#define ELEMENTWISE_INTEGER(name, arity, ...) ELEMENTWISE(name, arity, __VA_ARGS__)
#include "ir/ops_elementwise.def"
#undef ELEMENTWISE
#undef ELEMENTWISE_INTEGER

[[nodiscard]] inline Value operator+(const Value& a, const Operand& b) { return add(a, b); }
[[nodiscard]] inline Value operator-(const Value& a, const Operand& b) { return sub(a, b); }
[[nodiscard]] inline Value operator*(const Value& a, const Operand& b) { return mul(a, b); }
[[nodiscard]] inline Value operator/(const Value& a, const Operand& b) { return div(a, b); }
[[nodiscard]] inline Value operator+(double a, const Value& b) { return add(a, b); }
[[nodiscard]] inline Value operator-(double a, const Value& b) { return sub(a, b); }
[[nodiscard]] inline Value operator*(double a, const Value& b) { return mul(a, b); }
[[nodiscard]] inline Value operator/(double a, const Value& b) { return div(a, b); }

}  // namespace croton::ir
