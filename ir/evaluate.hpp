// Two evaluators of graphs that need no compiler.
//
// `exact` gives what a kernel gives, bit for bit: the prelude compiled into the library, and the
// contract's order of additions. It is the constant folder. `reference` is the oracle of tests: it
// computes in 64 bits of mantissa with the C library's functions, carries a bound of the error that
// a compiled program may make, and marks what that error leaves open (comparisons, rounding,
// positions and casts of values that straddle a border).
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "ir/node.hpp"

namespace croton::ir {

using Binding = std::pair<Value, Literal>;  // an input or shared variable, and its numbers

struct ExactOptions {
  bool fma = true;  // the target has fused multiply-adds: the prelude uses them
  /// With fma: so do products. Strict mathematics does not.
  bool fused_products = true;
  /// Values with more elements are refused with a UserError.
  std::int64_t max_elements = std::int64_t{1} << 31;
};

/// The values of `roots`. Symbols are bound by the shapes of leaves. Throws UserError for unbound
/// leaves and symbols, shapes that disagree, and failures such as an index out of range.
[[nodiscard]] std::vector<Literal> evaluate_exact(std::span<const Value> roots,
                                                  std::span<const Binding> leaves,
                                                  const ExactOptions& options = {});

/// An element: any dtype's values are exact in 64 bits of mantissa.
struct Bounded {
  long double value = 0;
  double bound = 0;  // |compiled - value| is at most this
  bool undetermined = false;
};

struct ReferenceArray {
  DType dtype = DType::f64;
  std::vector<std::int64_t> shape;
  std::vector<Bounded> elements;
};

/// `ideal`: elementwise ops as if dtypes had 64 bits of mantissa and no end of range, without
/// bounds: what a formula means, for judging another formula.
[[nodiscard]] std::vector<ReferenceArray> evaluate_reference(std::span<const Value> roots,
                                                             std::span<const Binding> leaves,
                                                             bool ideal = false);

/// Where an actual array leaves the reference's bounds.
struct Difference {
  std::int64_t count = 0;  // of elements outside
  std::int64_t undetermined = 0;
  std::int64_t worst = -1;  // the element furthest outside, in bounds
  double wanted = 0, bound = 0, actual = 0;
};
/// `rewritten`: the reference of the graph that was computed instead, whose bounds count as well.
[[nodiscard]] Difference compare(const ReferenceArray& reference, const Literal& actual,
                                 const ReferenceArray* rewritten = nullptr);

}  // namespace croton::ir
