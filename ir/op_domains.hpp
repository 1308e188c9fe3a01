// The table's domain column at compile time, for templates that may only be made where an op is
// defined.
#pragma once

#include "ir/builder.hpp"
#include "ir/gradient.hpp"

namespace croton::ir {

/// The columns that entries of ops_elementwise.def state, as a literal type.
struct ElementwiseColumns {
  std::string_view doc{};
  Domain domain = Domain::number;
  Promotion promotion = Promotion::same;
  ResultDType result = ResultDType::operand;
  void (*vjp)(Vjp& g) = nullptr;
  std::string_view no_gradient{};
  std::uint32_t traits = 0;
  double identity = 0;
  double absorbing = 0;
  int cost = 1;
  double ulp = 0;
  Samples samples = Samples::reals;
  std::string_view infix{};
};

/// By Op; elementwise ops come first in the enum.
inline constexpr Domain kElementwiseDomains[] = {
#define ELEMENTWISE(name, arity, text, ...) ElementwiseColumns{__VA_ARGS__}.domain,
#define ELEMENTWISE_INTEGER(name, arity, text, integer, ...) ElementwiseColumns{__VA_ARGS__}.domain,
#include "ir/ops_elementwise.def"
#undef ELEMENTWISE
#undef ELEMENTWISE_INTEGER
};

template <class T>
constexpr bool holds(Domain domain) {
  constexpr bool boolean = std::is_same_v<T, bool>;
  constexpr bool integer = std::is_integral_v<T> && !boolean;
  switch (domain) {
    case Domain::any:
      return true;
    case Domain::number:
      return !boolean;
    case Domain::integer:
      return integer;
    case Domain::integer_or_bool:
      return integer || boolean;
    case Domain::real:
      return !integer && !boolean;
    case Domain::boolean:
      return boolean;
  }
  return false;
}

}  // namespace croton::ir
