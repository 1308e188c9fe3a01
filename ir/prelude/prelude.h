// The prelude: elementary functions and integer rules, in text that is printed into emitted kernels
// and compiled into the evaluators. A block begins with its marker and is printed when its name is
// used. No #include, no library call; IEEE operations in a fixed order, so that every compiler and
// vector width gives the same bits. Coefficients are minimax fits; comments give the largest error
// found. "fma" and "plain" blocks are for targets with and without a fused multiply-add, "cpp" and
// "cuda" blocks for one language; in CUDA, `inline` is printed as `__device__ inline`.

// ---- what one language has and the other has not
//! UNROLLED cpp
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 256")
#endif
//! UNROLLED cuda
#define UNROLLED _Pragma("unroll")
//! INLINED cpp
// A call would keep a loop from being vectorised; device code inlines by itself.
#define INLINED [[gnu::always_inline]]
//! INLINED cuda
#define INLINED
//! lowest_failure cpp
// Whether `index` is the lowest that failed so far; if so, it is kept.
inline bool lowest_failure(Failure* failure, i64 index) {
  if (index >= failure->index) return false;
  failure->index = index;
  return true;
}
//! lowest_failure cuda
inline bool lowest_failure(Failure* failure, i64 index) {
  return atomicMin((long long*)&failure->index, (long long)index) > index;
}
//! stream_copy cpp
// Whole cache lines go past the caches, when `to` begins one.
typedef i64 CacheLine __attribute__((vector_size(64), may_alias));
INLINED inline void stream_copy(void* to, const void* from, i64 bytes) {
#ifdef __clang__
  if ((u64)to % 64 == 0) {
    for (i64 i = 0; i < bytes; i += 64)
      __builtin_nontemporal_store(*(const CacheLine*)((const char*)from + i), (CacheLine*)((char*)to + i));
    return;
  }
#endif
  __builtin_memcpy(to, from, u64(bytes));
}
//! stream_store cpp
#ifdef __clang__
#define stream_store(value, to) __builtin_nontemporal_store(value, to)
#else
#define stream_store(value, to) (*(to) = (value))
#endif
//! stream_fence cpp
// What went past the caches is written before anything that follows.
inline void stream_fence() { __builtin_ia32_sfence(); }
//! thread_index cuda
inline i64 thread_index() { return i64(blockIdx.x) * i64(blockDim.x) + i64(threadIdx.x); }
//! thread_count cuda
inline i64 thread_count() { return i64(gridDim.x) * i64(blockDim.x); }
// NVRTC has no such builtins; each is one instruction or the correctly rounded function.
//! __builtin_fmaf cuda
inline f32 __builtin_fmaf(f32 a, f32 b, f32 c) { return __fmaf_rn(a, b, c); }
//! __builtin_fma cuda
inline f64 __builtin_fma(f64 a, f64 b, f64 c) { return __fma_rn(a, b, c); }
//! __builtin_fabsf cuda
inline f32 __builtin_fabsf(f32 a) { return ::fabsf(a); }
//! __builtin_fabs cuda
inline f64 __builtin_fabs(f64 a) { return ::fabs(a); }
//! __builtin_sqrtf cuda
inline f32 __builtin_sqrtf(f32 a) { return __fsqrt_rn(a); }
//! __builtin_sqrt cuda
inline f64 __builtin_sqrt(f64 a) { return __dsqrt_rn(a); }
//! __builtin_floorf cuda
inline f32 __builtin_floorf(f32 a) { return ::floorf(a); }
//! __builtin_floor cuda
inline f64 __builtin_floor(f64 a) { return ::floor(a); }
//! __builtin_ceilf cuda
inline f32 __builtin_ceilf(f32 a) { return ::ceilf(a); }
//! __builtin_ceil cuda
inline f64 __builtin_ceil(f64 a) { return ::ceil(a); }
//! __builtin_truncf cuda
inline f32 __builtin_truncf(f32 a) { return ::truncf(a); }
//! __builtin_trunc cuda
inline f64 __builtin_trunc(f64 a) { return ::trunc(a); }
//! __builtin_rintf cuda
inline f32 __builtin_rintf(f32 a) { return ::rintf(a); }
//! __builtin_rint cuda
inline f64 __builtin_rint(f64 a) { return ::rint(a); }

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
inline f64 product_error(f64 a, f64 b, f64 p) { return __builtin_fma(a, b, -p); }
//! product_error plain
// Dekker's product: exact when neither factor is near the ends of the range.
inline f64 product_error(f64 a, f64 b, f64 p) {
  const f64 ca = 134217729.0 * a, ah = ca - (ca - a), al = a - ah;
  const f64 cb = 134217729.0 * b, bh = cb - (cb - b), bl = b - bh;
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
//! minimum
// NaN wins; of two zeros the negative one is the smaller.
template <class T>
inline T minimum(T a, T b) {
  return b < a ? b : a;
}
inline f32 minimum(f32 a, f32 b) {
  const f32 m = a == b ? real_of(bits_of(a) | bits_of(b)) : (b < a ? b : a);
  return b != b ? b : m;
}
inline f64 minimum(f64 a, f64 b) {
  const f64 m = a == b ? real_of(bits_of(a) | bits_of(b)) : (b < a ? b : a);
  return b != b ? b : m;
}
//! maximum
template <class T>
inline T maximum(T a, T b) {
  return a < b ? b : a;
}
inline f32 maximum(f32 a, f32 b) {
  const f32 m = a == b ? real_of(bits_of(a) & bits_of(b)) : (a < b ? b : a);
  return b != b ? b : m;
}
inline f64 maximum(f64 a, f64 b) {
  const f64 m = a == b ? real_of(bits_of(a) & bits_of(b)) : (a < b ? b : a);
  return b != b ? b : m;
}
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
template <class T>
inline T saturated(f64 a) {
  const bool is_signed = T(-1) < T(0);
  const f64 high = f64(u64(1) << (8 * sizeof(T) - 1)) * (is_signed ? 1.0 : 2.0);
  const f64 low = is_signed ? -high : 0.0;
  const T largest = is_signed ? T((u64(1) << (8 * sizeof(T) - 1)) - 1) : T(~u64(0));
  const T smallest = is_signed ? T(u64(1) << (8 * sizeof(T) - 1)) : T(0);
  const bool inside = a > low && a < high;
  const T value = T(inside ? a : 0.0);
  return a >= high ? largest : (a <= low ? smallest : value);
}
template <class T>
struct Conversion<T, f32> {
  static inline T of(f32 a) { return saturated<T>(f64(a)); }
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

// ---- exponential: x = n ln 2 + r, e^r = 1 + r + r² q(r); the scale in two halves, so that results
// below the normal range round once
//! exp
INLINED inline f32 exp(f32 x) {
  const f32 y = x > 100.0f ? 100.0f : x;
  const f32 t = multiply_add(y, 1.44269504f, 12583166.0f);
  const f32 n = t - 12583166.0f;
  f32 r = multiply_add(n, -0.693359375f, y);
  r = multiply_add(n, 2.12194440e-4f, r);
  f32 q = 0.0013926250831f;
  q = multiply_add(q, r, 0.0083632328837f);
  q = multiply_add(q, r, 0.041666554213f);
  q = multiply_add(q, r, 0.16666576666f);
  q = multiply_add(q, r, 0.5f);
  const f32 p = multiply_add(q, r * r, r);
  const u32 b = bits_of(t), h = b >> 1;
  const f32 s1 = real_of(h << 23), s2 = real_of((b - h) << 23);
  const f32 v = multiply_add(s1, p, s1) * s2;
  return x < -103.98f ? 0.0f : v;
}
//! exp_part
INLINED inline f64 exp_part(f64 r) {
  f64 q = 2.5100472505694996003e-8;
  q = multiply_add(q, r, 2.7620201591031548792e-7);
  q = multiply_add(q, r, 2.7557268276905696187e-6);
  q = multiply_add(q, r, 0.000024801521057868205199);
  q = multiply_add(q, r, 0.00019841269863171556026);
  q = multiply_add(q, r, 0.0013888888917367080562);
  q = multiply_add(q, r, 0.0083333333333300381973);
  q = multiply_add(q, r, 0.041666666666623820532);
  q = multiply_add(q, r, 0.1666666666666666746);
  q = multiply_add(q, r, 0.50000000000000010314);
  return multiply_add(q, r * r, r);
}
//! exp
INLINED inline f64 exp(f64 x) {
  const f64 y = x > 800.0 ? 800.0 : x;
  const f64 t = multiply_add(y, 0x1.71547652b82fep+0, 0x1.8p52 + 2046.0);
  const f64 n = t - (0x1.8p52 + 2046.0);
  f64 r = multiply_add(n, -0x1.62e42fefap-1, y);
  r = multiply_add(n, -0x1.cf79abc9e3b39p-40, r);
  const f64 p = exp_part(r);
  const u64 b = bits_of(t), h = b >> 1;
  const f64 s1 = real_of(h << 52), s2 = real_of((b - h) << 52);
  const f64 v = multiply_add(s1, p, s1) * s2;
  return x < -745.14 ? 0.0 : v;
}
//! expm1
INLINED inline f64 expm1(f64 x) {
  const f64 y = x > 40.0 ? 40.0 : (x < -40.0 ? -40.0 : x);
  const f64 t = multiply_add(y, 0x1.71547652b82fep+0, 0x1.8p52 + 1023.0);
  const f64 n = t - (0x1.8p52 + 1023.0);
  f64 r = multiply_add(n, -0x1.62e42fefap-1, y);
  r = multiply_add(n, -0x1.cf79abc9e3b39p-40, r);
  const f64 p = exp_part(r);
  const f64 s = real_of(bits_of(t) << 52);
  const f64 small = multiply_add(s, p, s - 1.0);
  const f64 v = x > 40.0 ? exp(x) : small;
  return x == 0.0 ? x : v;
}
INLINED inline f32 expm1(f32 x) { return x == 0.0f ? x : f32(expm1(f64(x))); }
//! log
INLINED inline f32 log(f32 x) {
  const bool subnormal = x < 0x1p-126f;
  const f32 y = subnormal ? x * 0x1p23f : x;
  const u32 ix = bits_of(y) - 0x3f3504f3u;
  const f32 e = f32(i32(ix) >> 23);
  const f32 m = real_of((ix & 0x7fffffu) + 0x3f3504f3u);
  const f32 n = subnormal ? e - 23.0f : e;
  const f32 f = m - 1.0f, f2 = f * f;
  f32 p = -0.079027437724f;
  p = multiply_add(p, f, 0.12622319849f);
  p = multiply_add(p, f, -0.12998183764f);
  p = multiply_add(p, f, 0.14214495924f);
  p = multiply_add(p, f, -0.16641281463f);
  p = multiply_add(p, f, 0.20001045094f);
  p = multiply_add(p, f, -0.25000306423f);
  p = multiply_add(p, f, 0.33333330728f);
  f32 r = multiply_add(f * f2, p, n * -2.12194440e-4f);
  r = multiply_add(f2, -0.5f, r);
  r = multiply_add(n, 0.693359375f, r + f);
  r = x < infinity_f32() ? r : x;
  r = x == 0.0f ? -infinity_f32() : r;
  return x < 0.0f ? nan_f32() : r;
}
//! log_part
// log of m in [sqrt(1/2), sqrt(2)), by s = (m - 1) / (m + 1).
INLINED inline f64 log_part(f64 m, f64 low) {
  const f64 f = m - 1.0, s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
  f64 q = 0.14617037548791650146;
  q = multiply_add(q, z, 0.15331674030167861852);
  q = multiply_add(q, z, 0.18182890556695603528);
  q = multiply_add(q, z, 0.22222211115144161503);
  q = multiply_add(q, z, 0.28571428626095891537);
  q = multiply_add(q, z, 0.39999999999899238978);
  q = multiply_add(q, z, 0.66666666666666696955);
  const f64 w = multiply_add(s, h + q * z, low);
  return f - (h - w);
}
//! log_scaled
INLINED inline f64 log_scaled(f64 x, f64* exponent) {
  const bool subnormal = x < 0x1p-1022;
  const f64 y = subnormal ? x * 0x1p54 : x;
  const u64 ix = bits_of(y) - 0x3fe6a09e667f3bcdul;
  const f64 e = f64(i32(i64(ix) >> 52));
  *exponent = subnormal ? e - 54.0 : e;
  return real_of((ix & 0xffffffffffffful) + 0x3fe6a09e667f3bcdul);
}
//! log_special
INLINED inline f64 log_special(f64 x, f64 v) {
  f64 r = x < infinity_f64() ? v : x;
  r = x == 0.0 ? -infinity_f64() : r;
  return x < 0.0 ? nan_f64() : r;
}
//! log
INLINED inline f64 log(f64 x) {
  f64 n;
  const f64 m = log_scaled(x, &n);
  const f64 part = log_part(m, n * 0x1.cf79abc9e3b39p-40);
  return log_special(x, multiply_add(n, 0x1.62e42fefap-1, part));
}
//! log1p
INLINED inline f64 log1p(f64 x) {
  const f64 u = 1.0 + x;
  const f64 c = u - 1.0 == x ? 0.0 : (x >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0));
  const f64 v = log(u) + c / u;
  const f64 r = u == 1.0 ? x : v;
  return x < infinity_f64() && x > -1.0 ? r : log(u);
}
INLINED inline f32 log1p(f32 x) { return x == 0.0f ? x : f32(log1p(f64(x))); }
//! log2
INLINED inline f64 log2(f64 x) {
  f64 n;
  const f64 m = log_scaled(x, &n);
  return log_special(x, multiply_add(log_part(m, 0.0), 0x1.71547652b82fep+0, n));
}
INLINED inline f32 log2(f32 x) { return f32(log2(f64(x))); }
//! log10
INLINED inline f64 log10(f64 x) {
  f64 n;
  const f64 m = log_scaled(x, &n);
  const f64 low = multiply_add(log_part(m, 0.0), 4.34294481903251816668e-01, n * 3.69423907715893078616e-13);
  return log_special(x, n * 3.01029995663611771306e-01 + low);
}
INLINED inline f32 log10(f32 x) { return f32(log10(f64(x))); }
//! tanh
INLINED inline f32 tanh(f32 x) {
  const f32 a = abs(x), c = a > 10.0f ? 10.0f : a, z = c + c;
  const f32 t = multiply_add(z, 1.44269504f, 12582912.0f + 127.0f);
  const f32 n = t - (12582912.0f + 127.0f);
  f32 r = multiply_add(n, -0.693359375f, z);
  r = multiply_add(n, 2.12194440e-4f, r);
  f32 q = 0.0013926250831f;
  q = multiply_add(q, r, 0.0083632328837f);
  q = multiply_add(q, r, 0.041666554213f);
  q = multiply_add(q, r, 0.16666576666f);
  q = multiply_add(q, r, 0.5f);
  const f32 p = multiply_add(q, r * r, r);
  const f32 s = real_of(bits_of(t) << 23);
  const f32 e = multiply_add(s, p, s - 1.0f);
  return copysign(e / (e + 2.0f), x);
}
INLINED inline f64 tanh(f64 x) {
  const f64 a = abs(x), c = a > 20.0 ? 20.0 : a;
  const f64 e = expm1(c + c);
  return copysign(e / (e + 2.0), x);
}
//! sigmoid
template <class T>
INLINED inline T sigmoid(T x) {
  const T e = exp(-abs(x));
  return (x >= 0 ? T(1) : e) / (T(1) + e);
}
//! softplus
INLINED inline f64 softplus(f64 x) { return (x > 0 ? x : (x != x ? x : 0.0)) + log1p(exp(-abs(x))); }
INLINED inline f32 softplus(f32 x) { return f32(softplus(f64(x))); }
//! erf
// Rational forms on four ranges (W. J. Cody's scheme, with the ranges of Sun's library, 1993).
INLINED inline f64 erf(f64 x) {
  const f64 a = abs(x);
  if (x != x) return x;
  if (a < 0.84375) {
    const f64 z = x * x;
    const f64 r = 1.28379167095512558561e-01 + z * (-3.25042107247001499370e-01 + z * (-2.84817495755985104766e-02 + z * (-5.77027029648944159157e-03 + z * -2.37630166566501626084e-05)));
    const f64 s = 1.0 + z * (3.97917223959155352819e-01 + z * (6.50222499887672944485e-02 + z * (5.08130628187576562776e-03 + z * (1.32494738004321644526e-04 + z * -3.96022827877536812320e-06))));
    return x + x * (r / s);
  }
  if (a < 1.25) {
    const f64 s = a - 1.0;
    const f64 p = -2.36211856075265944077e-03 + s * (4.14856118683748331666e-01 + s * (-3.72207876035701323847e-01 + s * (3.18346619901161753674e-01 + s * (-1.10894694282396677476e-01 + s * (3.54783043256182359371e-02 + s * -2.16637559486879084300e-03)))));
    const f64 q = 1.0 + s * (1.06420880400844228286e-01 + s * (5.40397917702171048937e-01 + s * (7.18286544141962662868e-02 + s * (1.26171219808761642112e-01 + s * (1.36370839120290507362e-02 + s * 1.19844998467991074170e-02)))));
    return copysign(8.45062911510467529297e-01 + p / q, x);
  }
  if (a >= 6.0) return copysign(1.0, x);
  const f64 s = 1.0 / (a * a);
  f64 r, d;
  if (a < 2.857142857142857) {
    r = -9.86494403484714822705e-03 + s * (-6.93858572707181764372e-01 + s * (-1.05586262253232909814e+01 + s * (-6.23753324503260060396e+01 + s * (-1.62396669462573470355e+02 + s * (-1.84605092906711035994e+02 + s * (-8.12874355063065934246e+01 + s * -9.81432934416914548592e+00))))));
    d = 1.0 + s * (1.96512716674392571292e+01 + s * (1.37657754143519042600e+02 + s * (4.34565877475229228821e+02 + s * (6.45387271733267880336e+02 + s * (4.29008140027567833386e+02 + s * (1.08635005541779435134e+02 + s * (6.57024977031928170135e+00 + s * -6.04244152148580987438e-02)))))));
  } else {
    r = -9.86494292470009928597e-03 + s * (-7.99283237680523006574e-01 + s * (-1.77579549177547519889e+01 + s * (-1.60636384855821916062e+02 + s * (-6.37566443368389627722e+02 + s * (-1.02509513161107724954e+03 + s * -4.83519191608651397019e+02)))));
    d = 1.0 + s * (3.03380607434824582924e+01 + s * (3.25792512996573918826e+02 + s * (1.53672958608443695994e+03 + s * (3.19985821950859553908e+03 + s * (2.55305040643316442583e+03 + s * (4.74528541206955367215e+02 + s * -2.24409524465858183362e+01))))));
  }
  const f64 z = real_of(bits_of(a) & 0xffffffff00000000ul);
  return copysign(1.0 - exp(-z * z - 0.5625) * exp((z - a) * (z + a) + r / d) / a, x);
}
INLINED inline f32 erf(f32 x) {
  const f32 a = abs(x), s = x * x, t = a > 4.0f ? 4.0f : a, t2 = t * t;
  f32 r = multiply_add(-1.72853470e-5f, t, 3.83197126e-4f);
  const f32 u = multiply_add(-3.88396438e-3f, t, 2.42546219e-2f);
  r = multiply_add(r, t2, u);
  r = multiply_add(r, t, -1.06777877e-1f);
  r = multiply_add(r, t, -6.34846687e-1f);
  r = multiply_add(r, t, -1.28717512e-1f);
  r = multiply_add(r, t, -t);
  const f32 far = copysign(1.0f - exp(r), x);
  f32 m = -5.96761703e-4f;
  m = multiply_add(m, s, 4.99119423e-3f);
  m = multiply_add(m, s, -2.67681349e-2f);
  m = multiply_add(m, s, 1.12819925e-1f);
  m = multiply_add(m, s, -3.76125336e-1f);
  m = multiply_add(m, s, 1.28379166e-1f);
  m = multiply_add(m, x, x);
  return t > 0.927734375f ? far : m;
}

// ---- trigonometric. The range is reduced by the bits of 2/π that matter at the argument's exponent
// (Payne and Hanek, 1983), in products that are exact by construction: one straight line for every
// argument
//! half_turns
// f and n with scale x / π = n + shift + f up to even multiples of scale, |f| < 0.5024. Rows of 1/π by
// exponent: two parts of 29 bits, whose products with x are exact, and a rest. The first subtraction
// removes multiples of 256.
INLINED inline f64 half_turns(f32 x, f64 scale, f64 shift, u64* n) {
  const f32 a = abs(x);
  const f64 y = f64(x) * scale;
  const f64 t1 = a < 0x1p48f ? 0x1.45f306ep-2 : (a < 0x1p74f ? -0x1.236377dp-26 : (a < 0x1p101f ? 0x1.529fc28p-53 : 0x1.d5f47d5p-79));
  const f64 t2 = a < 0x1p48f ? -0x1.b1bbeacp-33 : (a < 0x1p74f ? -0x1.6b01ec6p-56 : (a < 0x1p101f ? -0x1.505c15ap-82 : -0x1.6447e48p-110));
  const f64 t3 = a < 0x1p48f ? -0x1.603d8a82e0acbp-61 : (a < 0x1p74f ? 0x1.7d1f534ddc0dbp-85 : (a < 0x1p101f ? 0x1.377036d8a5665p-111 : -0x1.3ad4cd8778df8p-138));
  const f64 p = y * t1, p1 = p - ((p + 0x1.8p60) - 0x1.8p60);
  const f64 t = (multiply_add(y, t2, p1) - shift) + 0x1.8p52;
  const f64 m = (t - 0x1.8p52) - (0.0 - shift);
  *n = bits_of(t);
  return multiply_add(y, t3, multiply_add(y, t2, p1 - m));
}
//! sin_half_turns
// sin(π (n + f)) for |f| < 0.502.
INLINED inline f32 sin_half_turns(f64 f, u64 n) {
  const f64 z = f * f;
  f64 p = -0x1.cc05c45d02ce4p-8;
  p = multiply_add(p, z, 0x1.500e488bb5af7p-4);
  p = multiply_add(p, z, -0x1.32d107275b257p-1);
  p = multiply_add(p, z, 0x1.466bbf89aabb1p+1);
  p = multiply_add(p, z, -0x1.4abbce4e4cd3fp+2);
  p = multiply_add(p, z, 0x1.921fb5441c706p+1);
  return f32(real_of(bits_of(p * f) ^ (n << 63)));
}
//! quarter_turns
// x = (n + f) π/2 up to multiples of 2π, |f| <= 0.5 + 2^-18, as r = f π/2 and the rest of r. Row i of
// the table serves exponents from 32 i to 32 i + 31 and holds four parts of 53 bits of 2^(32 i) 2/π
// modulo 2^54; the first has 2^54 added, so that its product with x rounds to a multiple of 4 and only
// the product's error counts. The last row makes NaN of infinity and NaN.
INLINED inline f64 quarter_turns(f64 x, f64* rest, u64* n) {
  static const u64 two_over_pi[132] = {
      0, 0x3fe45f306dc9c880ul, 0x3cb529fc2757d1f5ul, 0x394a6ee06db14acdul,
      0x4350000028be60dcul, 0xbffb1bbead603d8cul, 0x3cb7d1f534ddc0dbul, 0x3958a5664f10e410ul,
      0x435e60db9391054aul, 0x3fffc2757d1f534cul, 0x3cbdc0db6295993cul, 0x3950e4107f9458ebul,
      0x4351054a7f09d5f4ul, 0x3fff534ddc0db628ul, 0x3cb5993c439041feul, 0x395458eaf7aef158ul,
      0x4359d5f47d4d3770ul, 0x3feb6c52b3278870ul, 0x3cb041fe5163abdeul, 0x396778ac36e48dc7ul,
      0x435d377036d8a566ul, 0x3ff3c439041fe516ul, 0x3c8d5ef5de2b0db8ul, 0x3942371d2126e970ul,
      0x4358a5664f10e410ul, 0x3fffe5163abdebbcul, 0x3c9586dc91b8e908ul, 0x395374b801924bbbul,
      0x4350e4107f9458ebul, 0xbfc0a21d4f246dd0ul, 0x3cac74849ba5c00cul, 0x39524bba82746487ul,
      0x435458eaf7aef158ul, 0x3ffb7246e3a424dcul, 0x3cb2e006492eea09ul, 0x396a32439fc3bd64ul,
      0x435ef1586dc91b8ful, 0xbffbdb22d1ff9b6eul, 0x3cadd413a32439fcul, 0x393deb1cb129a73ful,
      0x43591b8e909374b8ul, 0x3f9924bba8274600ul, 0x3cb21cfe1deb1cb1ul, 0x3944d39f74411afbul,
      0x435374b801924bbbul, 0xbfff62e6de301e22ul, 0x3ca63962534e7dd0ul, 0x396046bea5d76891ul,
      0x43524bba82746487ul, 0x3fefc3bd63962534ul, 0x3c9cfba208d7d4b8ul, 0x396768909d338e05ul,
      0x435464873f877ac7ul, 0x3fe62534e7dd1044ul, 0x3cb5f52ebb4484e9ul, 0x39638e04d68befc8ul,
      0x43577ac72c4a69d0ul, 0xbff177dca0ad144cul, 0x3c9213a671c09ad0ul, 0x3957df904e64758eul,
      0x435a69cfba208d7dul, 0x3ff2ebb4484e99c6ul, 0x3cb026b45f7e4139ul, 0x39623ac7306a673ful,
      0x43508d7d4baed121ul, 0x3fed338e04d68becul, 0x3cbe413991d63983ul, 0x3954ce7d272117e3ul,
      0x435ed1213a671c0aul, 0xbff4ba081bec66e4ul, 0x3cb639835339f49cul, 0x39608bf177bf2507ul,
      0x43571c09ad17df90ul, 0x3ff3991d63983532ul, 0x3cb9f49c845f8bbdul, 0x396f250763ff1300ul,
      0x4357df904e64758eul, 0x3ff835339f49c844ul, 0x3cbf8bbdf9283b1ful, 0x396f12fffbc0b302ul,
      0x4354758e60d4ce7dul, 0x3fe3908bf177bf24ul, 0x3ca0763ff12fffbcul, 0x3916603fbcbc462dul,
      0x4354ce7d272117e3ul, 0xbfd081b5f13801e0ul, 0x3cb7ffde05980feful, 0x394788c5ad053690ul,
      0x435117e2ef7e4a0ful, 0xbfec00ed00043f50ul, 0x3cb80fef2f118b5aul, 0x3924da3eda6cfd9eul,
      0x435e4a0ec7fe2600ul, 0xbfc0fd33f8086880ul, 0x3cb18b5a0a6d1f6dul, 0x394b3f6793e584dcul,
      0x435e25fff7816604ul, 0xbfb0d0ee74a5f5a0ul, 0x3caa3eda6cfd9e4eul, 0x39696136e9e8c7edul,
      0x43516603fbcbc463ul, 0xbfe4beb25c125934ul, 0x3cbecf27cb09b74ful, 0x39518fd9a797fa8bul,
      0x435bc462d6829b48ul, 0xbfe25930261b06a0ul, 0x3ca36e9e8c7ecd3cul, 0x3957fa8b5d49eeb2ul,
      0x43529b47db4d9fb4ul, 0xbfeb069ec916173cul, 0x3cbf669e5fea2d75ul, 0x3943dd63f5f2f8beul,
      0x435d9fb3c9f2c26eul, 0xbfe61738132c3404ul, 0x3ca45aea4f758fd6ul, 0x396cbe2f67a0e73ful,
      0x4352c26dd3d18fdaul, 0xbff61a015d28ad86ul, 0x3cbac7ebe5f17b3dul, 0x391ce7de294a4baaul,
      0x43518fd9a797fa8bul, 0x3ff7527bac7ebe5eul, 0x3cb17b3d0739f78aul, 0x3954a4ba9afed7ecul,
      0x4357fa8b5d49eeb2ul, 0xbfb41a0e84c2f8e0ul, 0x3cb9f78a5292ea6bul, 0x396f6bf623f1aba1ul,
      0x7ff0000000000000ul, 0x7ff0000000000000ul, 0x7ff0000000000000ul, 0x7ff0000000000000ul};
  const u64 bits = bits_of(x), field = (bits >> 52) & 0x7ff;
  const u64 row = ((field < 1023 ? 1023 : field) - 1023) >> 5;
  const f64 y = real_of(bits - (row << 57));
  const f64 t1 = real_of(two_over_pi[4 * row]), t2 = real_of(two_over_pi[4 * row + 1]);
  const f64 t3 = real_of(two_over_pi[4 * row + 2]), t4 = real_of(two_over_pi[4 * row + 3]);
  const f64 h1 = y * t1, l1 = product_error(y, t1, h1);
  const f64 h2 = y * t2, l2 = product_error(y, t2, h2);
  const f64 h3 = y * t3, l3 = product_error(y, t3, h3);
  const f64 t = (l1 + h2) + 0x1.8p52;
  *n = bits_of(t);
  // The sums keep their rounding errors: near a multiple of π/2 the leading parts cancel.
  const f64 a = l1 - (t - 0x1.8p52), s = a + h2, s_low = h2 - (s - a);
  const f64 u = l2 + h3, v = u - l2, u_low = (l2 - (u - v)) + (h3 - v);
  const f64 w = s + u, g = w - s, w_low = (s - (w - g)) + (u - g);
  const f64 low = w_low + (s_low + (u_low + (l3 + y * t4)));
  const f64 f = w + low, f_low = (w - f) + low;
  const f64 r = f * 0x1.921fb54442d18p+0;
  const f64 e = product_error(f, 0x1.921fb54442d18p+0, r);
  *rest = e + multiply_add(f, 0x1.1a62633145c07p-54, f_low * 0x1.921fb54442d18p+0);
  return r;
}
//! sin_part
// sin(r + low) less r.
INLINED inline f64 sin_part(f64 r, f64 low) {
  const f64 s = r * r;
  f64 p = 0x1.5d92d26c388fep-33;
  p = multiply_add(p, s, -0x1.ae5e66121efa9p-26);
  p = multiply_add(p, s, 0x1.71de35784abd1p-19);
  p = multiply_add(p, s, -0x1.a01a019c13847p-13);
  p = multiply_add(p, s, 0x1.111111110f899p-7);
  p = multiply_add(p, s, -0x1.5555555555549p-3);
  return multiply_add(p, s * r, multiply_add(-0.5 * s, low, low));
}
//! cos_part
// cos(r + low) less w = 1 - r²/2 as rounded.
INLINED inline f64 cos_part(f64 r, f64 low, f64* w) {
  const f64 s = r * r;
  f64 p = -0x1.8fb06db9b037ap-37;
  p = multiply_add(p, s, 0x1.1ee9f00776eddp-29);
  p = multiply_add(p, s, -0x1.27e4f8111f3e6p-22);
  p = multiply_add(p, s, 0x1.a01a019cbdb72p-16);
  p = multiply_add(p, s, -0x1.6c16c16c15215p-10);
  p = multiply_add(p, s, 0x1.555555555554cp-5);
  const f64 h = 0.5 * s;
  *w = 1.0 - h;
  return ((1.0 - *w) - h) + multiply_add(p, s * s, -(r * low));
}
//! sin_quarter_turns
// sin(n π/2 + r + low).
INLINED inline f64 sin_quarter_turns(f64 r, f64 low, u64 n) {
  f64 w;
  const f64 c = cos_part(r, low, &w), s = sin_part(r, low);
  const bool odd = (n & 1) != 0;
  const f64 v = (odd ? w : r) + (odd ? c : s);
  return real_of(bits_of(v) ^ ((n & 2) << 62));
}
//! sin
INLINED inline f32 sin(f32 x) {
  u64 n;
  const f64 f = half_turns(x, 1.0, 0.0, &n);
  return sin_half_turns(f, n);
}
INLINED inline f64 sin(f64 x) {
  u64 n;
  f64 low;
  const f64 r = quarter_turns(x, &low, &n), v = sin_quarter_turns(r, low, n);
  return abs(x) < 0x1p-27 ? x : v;
}
//! cos
INLINED inline f32 cos(f32 x) {
  u64 n;
  const f64 f = half_turns(x, 1.0, -0.5, &n);
  return sin_half_turns(f, n);
}
INLINED inline f64 cos(f64 x) {
  u64 n;
  f64 low;
  const f64 r = quarter_turns(x, &low, &n);
  return sin_quarter_turns(r, low, n + 1);
}
//! tan
INLINED inline f32 tan(f32 x) {
  u64 n;
  const f64 d = half_turns(x, 2.0, 0.0, &n) * 0x1.921fb54442d18p+0;
  const f32 r = f32(d), low = f32(d - f64(r)), z = r * r;
  f32 p = 0.00450064847f;
  p = multiply_add(p, z, -0.000155682457f);
  p = multiply_add(p, z, 0.0110227726f);
  p = multiply_add(p, z, 0.0212131422f);
  p = multiply_add(p, z, 0.0540725067f);
  p = multiply_add(p, z, 0.133325621f);
  p = multiply_add(p, z, 0.333333522f);
  const f32 t = r + multiply_add(p, z * r, multiply_add(z, low, low));
  const bool odd = (n & 1) != 0;
  return (odd ? -1.0f : t) / (odd ? t : 1.0f);
}
INLINED inline f64 tan(f64 x) {
  u64 n;
  f64 low, w;
  const f64 r = quarter_turns(x, &low, &n);
  const f64 c = cos_part(r, low, &w), s = sin_part(r, low);
  const f64 ch = w + c, cl = (w - ch) + c, sh = r + s, sl = (r - sh) + s;
  const bool odd = (n & 1) != 0;
  const f64 a = odd ? -ch : sh, al = odd ? -cl : sl, b = odd ? sh : ch, bl = odd ? sl : cl;
  // The quotient and one correction.
  const f64 q = 1.0 / b, v = a * q, p = v * b;
  const f64 t = multiply_add(((a - p) - product_error(v, b, p)) + (al - v * bl), q, v);
  return abs(x) < 0x1p-27 ? x : t;
}

// ---- power: 2 log m / … in double-double, so that the error of the logarithm stays below the result's
//! pow
template <class T>
inline T pow(T base, T exponent) {
  if (T(-1) < T(0) && exponent < 0)
    return base == 1 ? T(1) : (base == T(-1) ? ((exponent & 1) != 0 ? T(-1) : T(1)) : T(0));
  T result = 1, factor = base;
  for (u64 e = u64(exponent); e != 0; e >>= 1) {
    if ((e & 1) != 0) result = wrapping_mul(result, factor);
    factor = wrapping_mul(factor, factor);
  }
  return result;
}
//! pow_special
INLINED inline f64 pow_special(f64 x, f64 y, f64 magnitude) {
  const bool integer = trunc(y) == y;
  const bool odd = integer && abs(y) < 0x1p53 && trunc(y * 0.5) * 2.0 != y;
  f64 v = odd && (bits_of(x) >> 63) != 0 ? -magnitude : magnitude;
  v = x < 0.0 && !integer && x > -infinity_f64() ? nan_f64() : v;
  v = x == -1.0 && abs(y) == infinity_f64() ? 1.0 : v;
  v = x != x || y != y ? x + y : v;
  return y == 0.0 || x == 1.0 ? 1.0 : v;
}
//! pow
INLINED inline f64 pow(f64 x, f64 y) {
  const f64 a = abs(x);
  f64 n;
  const f64 m = log_scaled(a, &n);
  // s = (m - 1) / (m + 1) as s + t.
  const f64 f = m - 1.0, g = m + 1.0, s = f / g;
  const f64 g_low = m - (g - 1.0);
  const f64 sg = s * g;
  const f64 t = ((f - sg) - product_error(s, g, sg) - s * g_low) / g;
  const f64 z = s * s, z_low = product_error(s, s, z) + 2.0 * s * t;
  f64 q = 2.0 / 27.0;
  q = multiply_add(q, z, 2.0 / 25.0);
  q = multiply_add(q, z, 2.0 / 23.0);
  q = multiply_add(q, z, 2.0 / 21.0);
  q = multiply_add(q, z, 2.0 / 19.0);
  q = multiply_add(q, z, 2.0 / 17.0);
  q = multiply_add(q, z, 2.0 / 15.0);
  q = multiply_add(q, z, 2.0 / 13.0);
  q = multiply_add(q, z, 2.0 / 11.0);
  q = multiply_add(q, z, 2.0 / 9.0);
  q = multiply_add(q, z, 2.0 / 7.0);
  q = multiply_add(q, z, 2.0 / 5.0);
  // 2/3 + z q as c + d.
  const f64 zq = z * q, c = 0.66666666666666663 + zq;
  const f64 d = (0.66666666666666663 - c) + zq + 3.7007434154171886e-17;
  // u = z (c + d), v = s u.
  const f64 u = z * c, u_low = product_error(z, c, u) + z * d + z_low * c;
  const f64 v = s * u, v_low = product_error(s, u, v) + s * u_low + t * u;
  const f64 h = 2.0 * s + v, h_low = (2.0 * s - h) + v + (2.0 * t + v_low);
  // + n ln 2.
  const f64 l = n * 0x1.62e42fefap-1, high = l + h;
  const f64 low = (n != 0.0 ? (l - high) + h : (h - high) + l) + (h_low + n * 0x1.cf79abc9e3b39p-40);
  const f64 top = high + low, rest = (high - top) + low;
  const f64 w = y * top, w_low = product_error(y, top, w) + y * rest;
  const bool tame = abs(w) < 800.0 && a > 0.0 && a < infinity_f64();
  const f64 e = exp(tame ? w : 0.0);
  const f64 near = e < infinity_f64() ? multiply_add(e, w_low, e) : e;
  const f64 far = exp(y * (tame ? 0.0 : log(a)));
  return pow_special(x, y, tame ? near : far);
}
INLINED inline f32 pow(f32 x, f32 y) {
  const f64 a = f64(x), b = f64(y);
  return f32(pow_special(a, b, exp(b * log(abs(a)))));
}
