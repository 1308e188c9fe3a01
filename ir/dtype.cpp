#include "ir/dtype.hpp"

#include <array>
#include <string>

#include "ir/error.hpp"

namespace croton {
namespace {

constexpr std::array kTable = {
#define X(name, text, size, kind, descr) DTypeInfo{text, size, DTypeKind::kind, descr},
    CROTON_DTYPES(X)
#undef X
};

DType integer_of(DTypeKind kind, std::size_t size) {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (kTable[i].kind == kind && kTable[i].size == size) return static_cast<DType>(i);
  return DType::f64;  // no integer is wide enough: NumPy goes to float64
}

DType promote_integers(DType a, DType b) {
  const DTypeInfo &x = info(a), &y = info(b);
  if (x.kind == y.kind) return x.size >= y.size ? a : b;
  const std::size_t natural = x.kind == DTypeKind::natural ? x.size : y.size;
  const std::size_t integer = x.kind == DTypeKind::integer ? x.size : y.size;
  return integer_of(DTypeKind::integer, integer > natural ? integer : 2 * natural);
}

DType promote_with_real(DType real, DType other) {
  if (is_real(other)) {
    if (info(real).size == info(other).size) return real == other ? real : DType::f32;
    return info(real).size > info(other).size ? real : other;
  }
  const std::size_t bytes = info(other).size;
  const std::size_t needed = other == DType::boolean ? 2 : bytes == 1 ? 2 : bytes == 2 ? 4 : 8;
  if (info(real).size >= needed) return real;
  return needed == 4 ? DType::f32 : DType::f64;
}

}  // namespace

const DTypeInfo& info(DType dtype) {
  const auto number = static_cast<std::size_t>(dtype);
  if (number >= kTable.size())
    throw UserError("DType(" + std::to_string(number) + ") is no dtype; the last, " +
                    std::string(kTable.back().name) + ", is " + std::to_string(kTable.size() - 1));
  return kTable[number];
}

std::optional<DType> dtype_named(std::string_view name) {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (kTable[i].name == name) return static_cast<DType>(i);
  return std::nullopt;
}

std::optional<DType> dtype_of_numpy(std::string_view descriptor) {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (!kTable[i].numpy.empty() && kTable[i].numpy == descriptor) return static_cast<DType>(i);
  return std::nullopt;
}

bool is_supported(DType d) {
  return d == DType::boolean || is_integer(d) || d == DType::f32 || d == DType::f64;
}

void refuse_unsupported(DType dtype) {
  throw UserError("operations on " + std::string(name(dtype)) + " are not supported");
}

DType promote(DType a, DType b) {
  if (a == b || b == DType::boolean) return a;
  if (a == DType::boolean) return b;
  if (is_complex(a) || is_complex(b)) {
    const auto wide = [](DType d) {
      return d == DType::c128 || d == DType::f64 || (is_integer(d) && info(d).size >= 4);
    };
    return wide(a) || wide(b) ? DType::c128 : DType::c64;
  }
  if (is_real(a)) return promote_with_real(a, b);
  if (is_real(b)) return promote_with_real(b, a);
  return promote_integers(a, b);
}

DType promote_weak(DType dtype, DTypeKind literal) {
  if (literal == DTypeKind::boolean) return dtype;
  if (literal == DTypeKind::real) return is_real(dtype) || is_complex(dtype) ? dtype : DType::f64;
  return dtype == DType::boolean ? DType::i64 : dtype;
}

DType inexact(DType dtype) {
  if (is_real(dtype) || is_complex(dtype)) return dtype;
  return info(dtype).size >= 4 ? DType::f64 : DType::f32;
}

DType sum_dtype(DType dtype) {
  if (dtype == DType::boolean || is_signed_integer(dtype)) return DType::i64;
  return is_integer(dtype) ? DType::u64 : dtype;
}

}  // namespace croton
