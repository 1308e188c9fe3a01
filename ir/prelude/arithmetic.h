// ---- arithmetic
//! multiply_add fma
inline f32 multiply_add(f32 a, f32 b, f32 c) { return __builtin_fmaf(a, b, c); }
inline f64 multiply_add(f64 a, f64 b, f64 c) { return __builtin_fma(a, b, c); }
//! multiply_add plain
inline f32 multiply_add(f32 a, f32 b, f32 c) { return a * b + c; }
inline f64 multiply_add(f64 a, f64 b, f64 c) { return a * b + c; }
//! fma
inline f32 fma(f32 a, f32 b, f32 c) { return __builtin_fmaf(a, b, c); }
inline f64 fma(f64 a, f64 b, f64 c) { return __builtin_fma(a, b, c); }
//! product_error fma
inline f32 product_error(f32 a, f32 b, f32 p) { return __builtin_fmaf(a, b, -p); }
inline f64 product_error(f64 a, f64 b, f64 p) { return __builtin_fma(a, b, -p); }
//! product_error plain
// Dekker's product: exact when neither factor is near the ends of the range.
inline f64 product_error(f64 a, f64 b, f64 p) {
  const f64 ca = 134217729.0 * a, ah = ca - (ca - a), al = a - ah;
  const f64 cb = 134217729.0 * b, bh = cb - (cb - b), bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
}
inline f32 product_error(f32 a, f32 b, f32 p) {
  const f32 ca = 4097.0f * a, ah = ca - (ca - a), al = a - ah;
  const f32 cb = 4097.0f * b, bh = cb - (cb - b), bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
}
//! bits_of
inline u32 bits_of(f32 x) { return __builtin_bit_cast(u32, x); }
inline u64 bits_of(f64 x) { return __builtin_bit_cast(u64, x); }
//! real_of
inline f32 real_of(u32 x) { return __builtin_bit_cast(f32, x); }
inline f64 real_of(u64 x) { return __builtin_bit_cast(f64, x); }
//! nan_f32
inline constexpr f32 nan_f32() { return __builtin_bit_cast(f32, 0x7fc00000u); }
//! nan_f64
inline constexpr f64 nan_f64() { return __builtin_bit_cast(f64, 0x7ff8000000000000ul); }
//! infinity_f32
inline constexpr f32 infinity_f32() { return __builtin_bit_cast(f32, 0x7f800000u); }
//! infinity_f64
inline constexpr f64 infinity_f64() { return __builtin_bit_cast(f64, 0x7ff0000000000000ul); }

//! select
template <class T>
inline T select(bool condition, T a, T b) {
  return condition ? a : b;
}
// Both operands are computed: no branch, and no compiler asks whether && was meant.
//! logical_and
inline bool logical_and(bool a, bool b) { return a & b; }
//! logical_or
inline bool logical_or(bool a, bool b) { return a | b; }
//! floordiv
inline i64 floordiv(i64 a, i64 b) {
  const i64 q = b == 0 ? 0 : a / b;
  return b != 0 && a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}
//! min
inline i64 min(i64 a, i64 b) { return a < b ? a : b; }
//! max
inline i64 max(i64 a, i64 b) { return a > b ? a : b; }

// ---- integers: + - * wrap
//! mod
inline i64 mod(i64 a, i64 b) {
  const i64 r = b == 0 ? 0 : a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
//! wrapping_add
template <class T>
inline T wrapping_add(T a, T b) {
  return T(u64(a) + u64(b));
}
//! wrapping_sub
template <class T>
inline T wrapping_sub(T a, T b) {
  return T(u64(a) - u64(b));
}
//! wrapping_mul
template <class T>
inline T wrapping_mul(T a, T b) {
  return T(u64(a) * u64(b));
}
//! wrapping_neg
template <class T>
inline T wrapping_neg(T a) {
  return T(0 - u64(a));
}
//! bitwise_not
template <class T>
inline T bitwise_not(T a) {
  return T(~a);
}
inline bool bitwise_not(bool a) { return !a; }
//! copysign
inline f32 copysign(f32 a, f32 b) { return __builtin_copysignf(a, b); }
inline f64 copysign(f64 a, f64 b) { return __builtin_copysign(a, b); }
//! abs
template <class T>
inline T abs(T a) {
  return a < 0 ? wrapping_neg(a) : a;
}
inline bool abs(bool a) { return a; }
inline f32 abs(f32 a) { return __builtin_fabsf(a); }
inline f64 abs(f64 a) { return __builtin_fabs(a); }
//! sign
template <class T>
inline T sign(T a) {
  return a != a ? a : T((a > 0) - (a < 0));
}
//! sqrt
inline f32 sqrt(f32 a) { return __builtin_sqrtf(a); }
inline f64 sqrt(f64 a) { return __builtin_sqrt(a); }
//! floor
inline f32 floor(f32 a) { return __builtin_floorf(a); }
inline f64 floor(f64 a) { return __builtin_floor(a); }
inline bool floor(bool a) { return a; }
//! ceil
inline f32 ceil(f32 a) { return __builtin_ceilf(a); }
inline f64 ceil(f64 a) { return __builtin_ceil(a); }
inline bool ceil(bool a) { return a; }
//! trunc
inline f32 trunc(f32 a) { return __builtin_truncf(a); }
inline f64 trunc(f64 a) { return __builtin_trunc(a); }
inline bool trunc(bool a) { return a; }
//! round
// Ties to even, by the default rounding mode.
inline f32 round(f32 a) { return __builtin_rintf(a); }
inline f64 round(f64 a) { return __builtin_rint(a); }
//! remainder_exact
inline f64 remainder_exact(f64 a, f64 b) {
  // Shift-and-subtract on the magnitudes: exact for every pair of finite numbers.
  u64 x = bits_of(a) & 0x7ffffffffffffffful, y = bits_of(b) & 0x7ffffffffffffffful;
  if (y == 0 || x >= 0x7ff0000000000000ul || y > 0x7ff0000000000000ul) return nan_f64();
  if (x < y) return a;
  i64 ex = i64(x >> 52), ey = i64(y >> 52);
  u64 mx = ex ? (x & 0xffffffffffffful) | 0x10000000000000ul : x;
  u64 my = ey ? (y & 0xffffffffffffful) | 0x10000000000000ul : y;
  if (ex == 0) ex = 1;
  if (ey == 0) ey = 1;
  for (; my < 0x10000000000000ul; --ey) my <<= 1;  // a subnormal divisor
  for (; ex > ey; --ex) {
    if (mx >= my) mx -= my;
    mx <<= 1;
  }
  if (mx >= my) mx -= my;
  if (mx == 0) return copysign(0.0, a);
  while (mx < 0x10000000000000ul && ey > 1) {
    mx <<= 1;
    --ey;
  }
  if (ey < 1) mx >>= 1 - ey;
  const u64 bits = mx >= 0x10000000000000ul ? (mx & 0xffffffffffffful) | (u64(ey) << 52) : mx;
  return copysign(real_of(bits), a);
}
//! remainder
template <class T>
inline T remainder(T a, T b) {
  if (b == 0 || (T(-1) < T(0) && b == T(-1))) return 0;
  const T r = T(a % b);
  return r != 0 && (r < 0) != (b < 0) ? T(r + b) : r;
}
//! remainder
inline f64 remainder(f64 a, f64 b) {
  const f64 r = remainder_exact(a, b);
  if (r == 0) return b != b ? b : copysign(0.0, b);
  return (r < 0) != (b < 0) ? r + b : r;
}
inline f32 remainder(f32 a, f32 b) {
  const f64 r = remainder_exact(f64(a), f64(b));
  if (r == 0) return copysign(0.0f, b);
  return (r < 0) != (b < 0) ? f32(r) + b : f32(r);
}
//! floor_divide_real
// As NumPy: from the remainder, so that the quotient is exact where it can be.
template <class T>
inline T floor_divide_real(T a, T b) {
  const T q = a / b;
  if (b == 0) return q;
  if (a - a != 0 || b != b) return (a - a) + (b - b);
  if (b - b != 0) return a != 0 && (a < 0) != (b < 0) ? T(-1) : q;
  const T m = T(remainder_exact(f64(a), f64(b)));
  T d = (a - m) / b;
  if (m != 0 && (m < 0) != (b < 0)) d -= 1;
  const T f = floor(d);
  return d == 0 ? copysign(T(0), q) : (d - f > T(0.5) ? f + 1 : f);
}
//! floor_divide
// x // 0 = 0; MIN // -1 = MIN, which is what wrapping negation gives.
template <class T>
inline T floor_divide(T a, T b) {
  if (b == 0) return 0;
  if (T(-1) < T(0) && b == T(-1)) return wrapping_neg(a);
  const T q = T(a / b);
  return T(a % b) != 0 && (a < 0) != (b < 0) ? T(q - 1) : q;
}
//! floor_divide
inline f32 floor_divide(f32 a, f32 b) { return floor_divide_real(a, b); }
inline f64 floor_divide(f64 a, f64 b) { return floor_divide_real(a, b); }
//! vector_minimum
// Of reals, or of vectors of them. NaN wins; of two zeros the negative one is the smaller. A `b` that
// is NaN or zero is added, which says both. What waits for `a`, in a reduction the accumulator, is short.
template <class T>
INLINED inline T vector_minimum(T a, T b) {
  const T m = b < a ? b : a;
  return -((((b < T{}) | (b > T{})) ? -T{} : -b) - m);
}
//! minimum
template <class T>
inline T minimum(T a, T b) {
  return b < a ? b : a;
}
inline f32 minimum(f32 a, f32 b) { return vector_minimum(a, b); }
inline f64 minimum(f64 a, f64 b) { return vector_minimum(a, b); }
//! vector_maximum
// As vector_minimum; of two zeros the positive one is the larger.
template <class T>
INLINED inline T vector_maximum(T a, T b) {
  const T m = b > a ? b : a;
  return m + (((b < T{}) | (b > T{})) ? -T{} : b);
}
//! maximum
template <class T>
inline T maximum(T a, T b) {
  return a < b ? b : a;
}
inline f32 maximum(f32 a, f32 b) { return vector_maximum(a, b); }
inline f64 maximum(f64 a, f64 b) { return vector_maximum(a, b); }
//! isnan
template <class T>
inline bool isnan(T a) {
  return a != a;
}
//! isinf
template <class T>
inline bool isinf(T) {
  return false;
}
inline bool isinf(f32 a) { return abs(a) == infinity_f32(); }
inline bool isinf(f64 a) { return abs(a) == infinity_f64(); }
//! convert
// Float to integer truncates and saturates, NaN gives 0; to bool is a != 0.
template <class T, class S>
struct Conversion {
  static inline T of(S a) { return T(a); }
};
template <class S>
struct Conversion<bool, S> {
  static inline bool of(S a) { return a != 0; }
};
template <class T, class S>
inline T saturated(S a) {
  const bool is_signed = T(-1) < T(0);
  const S high = S(u64(1) << (8 * sizeof(T) - 1)) * S(is_signed ? 1 : 2);
  const S low = is_signed ? -high : S(0);
  const T largest = is_signed ? T((u64(1) << (8 * sizeof(T) - 1)) - 1) : T(~u64(0));
  const T smallest = is_signed ? T(u64(1) << (8 * sizeof(T) - 1)) : T(0);
  const bool inside = a > low && a < high;
  const T value = T(inside ? a : S(0));
  return a >= high ? largest : (a <= low ? smallest : value);
}
template <class T>
struct Conversion<T, f32> {
  static inline T of(f32 a) { return saturated<T>(a); }
};
template <class T>
struct Conversion<T, f64> {
  static inline T of(f64 a) { return saturated<T>(a); }
};
template <>
struct Conversion<bool, f32> {
  static inline bool of(f32 a) { return a != 0; }
};
template <>
struct Conversion<bool, f64> {
  static inline bool of(f64 a) { return a != 0; }
};
template <>
struct Conversion<f32, f32> {
  static inline f32 of(f32 a) { return a; }
};
template <>
struct Conversion<f32, f64> {
  static inline f32 of(f64 a) { return f32(a); }
};
template <>
struct Conversion<f64, f32> {
  static inline f64 of(f32 a) { return f64(a); }
};
template <>
struct Conversion<f64, f64> {
  static inline f64 of(f64 a) { return a; }
};
template <class T, class S>
inline T convert(S a) {
  return Conversion<T, S>::of(a);
}
