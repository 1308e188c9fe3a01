// The op table's columns. Every op is one entry in ops_elementwise.def or ops_structured.def; the
// enum, builders, parser, printer, verifier, evaluators, gradients, emission, reference page and
// property tests all read these columns. Nothing outside the two .def files lists ops by name.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/dtype.hpp"

namespace croton::ir {

enum class Op : std::uint8_t {
#define ELEMENTWISE(name, ...) name,
#define ELEMENTWISE_INTEGER(name, ...) name,
#define STRUCTURED(name, ...) name,
#include "ir/ops_elementwise.def"
#include "ir/ops_structured.def"
#undef ELEMENTWISE
#undef ELEMENTWISE_INTEGER
#undef STRUCTURED
};

struct Attribute;
enum class AttributeKind : std::uint8_t;
struct Value;
struct Type;
class Vjp;

enum class OpKind : std::uint8_t {
  elementwise,  // one scalar function, mapped over operands of one shape
  creation,     // no tensor operands: constant, iota, input, shared
  movement,     // rearranges elements, computes nothing
  indexing,     // reads or writes at places given by values
  reduction,    // combines along axes
  contraction,  // sums of products
  composition,  // a call of a named body of other ops
  kernel,       // kernel level: loops, memory
  plan,         // plan level: steps
};

[[nodiscard]] std::string_view name(OpKind kind);

/// Which dtypes an elementwise op or reduction is defined on.
enum class Domain : std::uint8_t { any, number, integer, integer_or_bool, real, boolean };

/// How the promoting builder treats operands before making the node.
enum class Promotion : std::uint8_t {
  same,      // to NumPy's common dtype
  numeric,   // to the common dtype; bool to i8
  inexact,   // to the common dtype, then to a floating dtype (f32 where NumPy has float16)
  quotient,  // to the common dtype; integers and bool to f64
  logical,   // to bool
  none,      // operands are taken as they are
};

enum class ResultDType : std::uint8_t { operand, boolean };

namespace traits {
// Mathematical ones, except the last: on real numbers, the scalar function of an iterative op is a
// loop whose length depends on the values, so that no compiler vectorises a loop over it.
inline constexpr std::uint32_t commutative = 1, associative = 2, idempotent = 4, involution = 8,
                               odd = 16, even = 32, increasing = 64, linear = 128,
                               zero_preserving = 256, iterative = 512;
}  // namespace traits

/// Where sample values for property tests are drawn from.
enum class Samples : std::uint8_t {
  reals,
  positive,
  non_negative,
  unit,
  above_minus_one,
  nonzero,
  small,
  away_from_ties,
};

struct AttributeColumn {
  std::string name;
  AttributeKind kind;
};

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct OpInfo {
  std::string_view name;
  int arity = -1;  // -1: variadic, from `least` operands
  OpKind kind = OpKind::elementwise;
  std::string_view doc{};
  /// "axes:integers dtype:dtype": parsed once into `attributes`.
  std::string_view attribute_text{};
  Domain domain = Domain::number;
  Promotion promotion = Promotion::same;
  ResultDType result = ResultDType::operand;
  /// Types of the results; throws UserError with the reason. Null: the elementwise rule, or (for
  /// creation and kernel ops) types stated by the maker.
  std::vector<Type> (*infer)(std::span<const Value> operands,
                             std::span<const Attribute> attributes) = nullptr;
  /// Reverse-mode rule. For elementwise ops forward mode uses the same rule, since the Jacobian is
  /// diagonal; ops with the `linear` trait apply themselves to tangents.
  void (*vjp)(Vjp& g) = nullptr;
  /// Why there is no gradient: "" exactly when vjp is set. Reason shown to the user.
  std::string_view no_gradient{};
  std::uint32_t traits = 0;
  std::optional<double> identity{};  // of an associative op; infinite: the dtype's end
  std::optional<double> absorbing{};
  /// Relative cost of one element in a vectorised loop, as measured: 1 is an addition. At most 4
  /// may be recomputed by fusion.
  int cost = 1;
  /// Largest error of a real result, in units in the last place, for f32 and f64, with and without
  /// fused multiply-adds; 0: correctly rounded or exact.
  double ulp = 0;
  Samples samples = Samples::reals;
  bool may_fail = false;        // can fail at run time
  bool has_identity = false;    // never interned
  int least = 0;                // operands that a variadic op cannot do without
  bool needs_elements = false;  // a reduction that has no answer for an empty axis
  /// Infix spelling and precedence (C++ levels: 5 is * /, 6 is + -, 9 is <, 10 is ==); "" is a
  /// call.
  std::string_view infix{};
  /// The scalar function as C++ text in a, b, c: filled from the entry. `integer_text` is used for
  /// signed and unsigned integers when it differs (wrapping, division by zero).
  std::string_view scalar_text{};
  std::string_view integer_text{};
  /// For a reduction: the elementwise op that combines two partial results.
  std::optional<Op> combine{};
  std::vector<AttributeColumn> attributes{};
};

[[nodiscard]] const OpInfo& info(Op op);
[[nodiscard]] std::optional<Op> op_named(std::string_view name);
[[nodiscard]] std::span<const OpInfo> all_ops();
[[nodiscard]] inline bool has_trait(Op op, std::uint32_t trait) {
  return (info(op).traits & trait) != 0;
}
/// UserError when an op cannot have so many operands.
void check_operand_count(Op op, std::size_t count);
/// True for an op that makes one number, or position, of each row along some axes.
[[nodiscard]] inline bool is_reduction(Op op) {
  return info(op).kind == OpKind::reduction && op != Op::cumsum;  // which keeps the axis
}
/// True for a reduction whose results are positions along the reduced axes, counted row by row.
[[nodiscard]] inline bool is_positional(Op op) { return op == Op::argmax || op == Op::argmin; }
[[nodiscard]] inline bool is_elementwise(Op op) { return info(op).kind == OpKind::elementwise; }
[[nodiscard]] bool in_domain(Domain domain, DType dtype);
[[nodiscard]] std::string_view text(Domain domain);

}  // namespace croton::ir
