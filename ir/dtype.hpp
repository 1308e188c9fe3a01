// Element types: one table, from which sizes, names and promotion derive.
//
// Promotion follows NumPy 2 (NEP 50): literals are weak, so `x * 0.5` keeps x's dtype whenever x is
// inexact. f16, bf16, c64 and c128 have a place in the table; operations on them arrive later and
// are refused by name until then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// name, C type name in emitted text, bytes, kind, NumPy descriptor
// clang-format off
#define CROTON_DTYPES(X)                  \
  X(boolean, "bool", 1,  boolean, "|b1")  \
  X(i8,      "i8",   1,  integer, "|i1")  \
  X(i16,     "i16",  2,  integer, "<i2")  \
  X(i32,     "i32",  4,  integer, "<i4")  \
  X(i64,     "i64",  8,  integer, "<i8")  \
  X(u8,      "u8",   1,  natural, "|u1")  \
  X(u16,     "u16",  2,  natural, "<u2")  \
  X(u32,     "u32",  4,  natural, "<u4")  \
  X(u64,     "u64",  8,  natural, "<u8")  \
  X(f16,     "f16",  2,  real,    "<f2")  \
  X(bf16,    "bf16", 2,  real,    "")     \
  X(f32,     "f32",  4,  real,    "<f4")  \
  X(f64,     "f64",  8,  real,    "<f8")  \
  X(c64,     "c64",  8,  complex, "<c8")  \
  X(c128,    "c128", 16, complex, "<c16")
// clang-format on

namespace croton {

enum class DType : std::uint8_t {
#define X(name, text, size, kind, descr) name,
  CROTON_DTYPES(X)
#undef X
};

enum class DTypeKind : std::uint8_t { boolean, natural, integer, real, complex };

struct DTypeInfo {
  std::string_view name;
  std::size_t size;  // bytes
  DTypeKind kind;
  std::string_view numpy;  // empty: NumPy has no such dtype
};

/// UserError for a number that is no dtype's, such as DType(99).
[[nodiscard]] const DTypeInfo& info(DType dtype);
[[nodiscard]] inline std::string_view name(DType dtype) { return info(dtype).name; }
[[nodiscard]] inline std::size_t size_of(DType dtype) { return info(dtype).size; }
[[nodiscard]] std::optional<DType> dtype_named(std::string_view name);
[[nodiscard]] std::optional<DType> dtype_of_numpy(std::string_view descriptor);

[[nodiscard]] inline bool is_real(DType d) { return info(d).kind == DTypeKind::real; }
[[nodiscard]] inline bool is_signed_integer(DType d) { return info(d).kind == DTypeKind::integer; }
[[nodiscard]] inline bool is_integer(DType d) {
  return info(d).kind == DTypeKind::integer || info(d).kind == DTypeKind::natural;
}
[[nodiscard]] inline bool is_complex(DType d) { return info(d).kind == DTypeKind::complex; }

/// True where operations exist today: bool, every integer, f32 and f64.
[[nodiscard]] bool is_supported(DType dtype);

/// The dtype of a binary operation on two arrays (NumPy's result_type).
[[nodiscard]] DType promote(DType a, DType b);

/// The dtype of an operation between an array of `dtype` and a weak literal of `literal` kind
/// (boolean, integer or real): NEP 50's rule for Python scalars.
[[nodiscard]] DType promote_weak(DType dtype, DTypeKind literal);

/// The dtype in which a true division or a transcendental function of `dtype` is computed:
/// the dtype itself when it is inexact, f64 for 32- and 64-bit integers, and NumPy's float32 for
/// 16-bit ones (float16 for 8-bit ones and bool is widened to f32 until f16 is supported).
[[nodiscard]] DType inexact(DType dtype);

/// The accumulator and result dtype of sum and prod: integers and bool widen to i64 or u64.
[[nodiscard]] DType sum_dtype(DType dtype);

/// Maps a C++ element type to its dtype: `dtype_of<float>`.
template <class T>
struct DTypeOf;
// clang-format off
template <> struct DTypeOf<bool> { static constexpr DType value = DType::boolean; };
template <> struct DTypeOf<std::int8_t> { static constexpr DType value = DType::i8; };
template <> struct DTypeOf<std::int16_t> { static constexpr DType value = DType::i16; };
template <> struct DTypeOf<std::int32_t> { static constexpr DType value = DType::i32; };
template <> struct DTypeOf<std::int64_t> { static constexpr DType value = DType::i64; };
template <> struct DTypeOf<long long> { static constexpr DType value = DType::i64; };
template <> struct DTypeOf<std::uint8_t> { static constexpr DType value = DType::u8; };
template <> struct DTypeOf<std::uint16_t> { static constexpr DType value = DType::u16; };
template <> struct DTypeOf<std::uint32_t> { static constexpr DType value = DType::u32; };
template <> struct DTypeOf<std::uint64_t> { static constexpr DType value = DType::u64; };
template <> struct DTypeOf<unsigned long long> { static constexpr DType value = DType::u64; };
template <> struct DTypeOf<float> { static constexpr DType value = DType::f32; };
template <> struct DTypeOf<double> { static constexpr DType value = DType::f64; };
// clang-format on
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

[[noreturn]] void refuse_unsupported(DType dtype);

/// Calls `f` with a value-initialised element of the C++ type of a supported dtype. UserError for
/// others.
template <class F>
decltype(auto) with_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::boolean:
      return f(bool{});
    case DType::i8:
      return f(std::int8_t{});
    case DType::i16:
      return f(std::int16_t{});
    case DType::i32:
      return f(std::int32_t{});
    case DType::i64:
      return f(std::int64_t{});
    case DType::u8:
      return f(std::uint8_t{});
    case DType::u16:
      return f(std::uint16_t{});
    case DType::u32:
      return f(std::uint32_t{});
    case DType::u64:
      return f(std::uint64_t{});
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
    default:
      refuse_unsupported(dtype);
  }
}

}  // namespace croton
