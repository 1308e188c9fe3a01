#include "ir/reference_scalars.hpp"

#include <cmath>

#include "ir/op_domains.hpp"

namespace croton::ir {
namespace wide {

// What the table's texts call, by IEEE's and NumPy's meaning.
inline Wide select(Wide condition, Wide a, Wide b) { return condition != 0 ? a : b; }
inline Wide abs(Wide a) { return std::fabs(a); }
inline Wide sign(Wide a) { return std::isnan(a) ? a : static_cast<Wide>((a > 0) - (a < 0)); }
inline Wide sqrt(Wide a) { return std::sqrt(a); }
inline Wide fma(Wide a, Wide b, Wide c) { return std::fma(a, b, c); }
inline Wide exp(Wide a) { return std::exp(a); }
inline Wide expm1(Wide a) { return std::expm1(a); }
inline Wide log(Wide a) { return std::log(a); }
inline Wide log1p(Wide a) { return std::log1p(a); }
inline Wide log2(Wide a) { return std::log2(a); }
inline Wide log10(Wide a) { return std::log10(a); }
inline Wide tanh(Wide a) { return std::tanh(a); }
inline Wide sigmoid(Wide a) {
  if (a >= 0) return 1 / (1 + std::exp(-a));
  const Wide e = std::exp(a);
  return e / (1 + e);
}
inline Wide softplus(Wide a) {
  return std::isnan(a) ? a : std::fmax(a, Wide{0}) + std::log1p(std::exp(-std::fabs(a)));
}
inline Wide erf(Wide a) { return std::erf(a); }
inline Wide sin(Wide a) { return std::sin(a); }
inline Wide cos(Wide a) { return std::cos(a); }
inline Wide tan(Wide a) { return std::tan(a); }
inline Wide pow(Wide a, Wide b) { return std::pow(a, b); }
inline Wide floor(Wide a) { return std::floor(a); }
inline Wide ceil(Wide a) { return std::ceil(a); }
inline Wide round(Wide a) { return std::rint(a); }
inline Wide trunc(Wide a) { return std::trunc(a); }
inline Wide remainder(Wide a, Wide b) {
  const Wide r = std::fmod(a, b);
  if (r == 0) return std::copysign(Wide{0}, b);
  return (r < 0) != (b < 0) ? r + b : r;
}
inline Wide floor_divide(Wide a, Wide b) {
  if (b == 0 || std::isnan(a) || std::isnan(b)) return a / b;
  if (std::isinf(a)) return (a - a);
  if (std::isinf(b)) return a != 0 && (a < 0) != (b < 0) ? Wide{-1} : a / b;
  const Wide r = std::fmod(a, b);
  Wide q = (a - r) / b;
  if (r != 0 && (r < 0) != (b < 0)) q -= 1;
  return q == 0 ? std::copysign(Wide{0}, a / b) : std::rint(q);
}
inline Wide minimum(Wide a, Wide b) {
  if (std::isnan(a) || std::isnan(b)) return a + b;
  if (a == b) return std::signbit(a) ? a : b;
  return b < a ? b : a;
}
inline Wide maximum(Wide a, Wide b) {
  if (std::isnan(a) || std::isnan(b)) return a + b;
  if (a == b) return std::signbit(a) ? b : a;
  return a < b ? b : a;
}
inline bool isnan(Wide a) { return std::isnan(a); }
inline bool isinf(Wide a) { return std::isinf(a); }

constexpr bool on_reals(Domain domain) { return holds<double>(domain); }

// A template, so that texts of ops that are not defined on real numbers are never compiled.
#define ELEMENTWISE(name, arity, text, ...)                                               \
  struct name##_wide {                                                                    \
    template <class T>                                                                    \
    static Wide apply([[maybe_unused]] T a, [[maybe_unused]] T b, [[maybe_unused]] T c) { \
      return static_cast<Wide>(text);                                                     \
    }                                                                                     \
  };
#define ELEMENTWISE_INTEGER(name, arity, text, integer, ...) \
  ELEMENTWISE(name, arity, text, __VA_ARGS__)
#include "ir/ops_elementwise.def"
#undef ELEMENTWISE
#undef ELEMENTWISE_INTEGER

template <class Scalar, bool Defined>
WideFunction function_of() {
  if constexpr (Defined)
    return &Scalar::template apply<Wide>;
  else
    return nullptr;
}

}  // namespace wide

WideFunction wide_function(Op op) {
  switch (op) {
#define ELEMENTWISE(name, ...)                  \
  case Op::name:                                \
    return wide::function_of<wide::name##_wide, \
                             wide::on_reals(kElementwiseDomains[static_cast<int>(Op::name)])>();
#define ELEMENTWISE_INTEGER(name, ...) ELEMENTWISE(name, __VA_ARGS__)
#include "ir/ops_elementwise.def"
#undef ELEMENTWISE
#undef ELEMENTWISE_INTEGER
    default:
      return nullptr;
  }
}

}  // namespace croton::ir
