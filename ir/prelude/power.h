// ---- power: e^(y log x), the logarithm in two parts, so that its error stays below the result's
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
//! pow_series
// (2 atanh(s)/s - 2 - 2/3 z) / z² for z = s², s = (m - 1) / (m + 1), m in [sqrt(1/2), sqrt(2)): the fit
// errs by 9e-12 (f32) and 8e-23 (f64) of the logarithm.
INLINED inline f32 pow_series(f32 z) {
  f32 q = 0.23419851f;
  q = multiply_add(q, z, 0.28547084f);
  return multiply_add(q, z, 0.40000153f);
}
INLINED inline f64 pow_series(f64 z) {
  const f64 z2 = z * z;
  f64 a = 0x1.eac3e1fd81455p-4, b = 0x1.de3da8e11c864p-4;
  a = multiply_add(a, z2, 0x1.11206dd65dfe3p-3);
  b = multiply_add(b, z2, 0x1.3b1364d1b45c2p-3);
  a = multiply_add(a, z2, 0x1.745d18293a233p-3);
  b = multiply_add(b, z2, 0x1.c71c71c596bfep-3);
  a = multiply_add(a, z2, 0x1.2492492492f5p-2);
  b = multiply_add(b, z2, 0x1.9999999999996p-2);
  return multiply_add(a, z, b);
}
//! pow_scaled
// 2^exponent e, the exponent by 254 (f32) or 2046 (f64) more in the low bits of t.
INLINED inline f32 pow_scaled(f32 e, f32 t) {
  const u32 b = bits_of(t), h = b >> 1;
  return e * real_of(h << 23) * real_of((b - h) << 23);
}
INLINED inline f64 pow_scaled(f64 e, f64 t) {
  const u64 b = bits_of(t), h = b >> 1;
  return e * real_of(h << 52) * real_of((b - h) << 52);
}
//! pow_special
// From |x|^y for ordinary |x|: the sign, and what IEEE 754 says of zeros, infinities and NaN.
template <class T>
INLINED inline T pow_special(T x, T y, T infinity, T magnitude) {
  const T a = abs(x);
  const bool integer = trunc(y) == y, odd = integer && trunc(T(0.5) * y) * T(2) != y;
  T v = a == 0 || a == infinity ? ((a == 0) == (y < 0) ? infinity : T(0)) : magnitude;
  v = odd ? copysign(v, x) : v;
  v = x < 0 && !integer && a != infinity ? infinity - infinity : v;
  v = x != x || y != y ? x + y : v;
  return y == 0 || x == 1 ? T(1) : v;
}
//! pow_real
// e^(y log |x|), the logarithm in two parts: 2s + s³ (2/3 + z q(z)) + n ln 2 with s = (m - 1) / (m + 1).
// A larger exponent than `most` gives 0, 1 or infinity, as `most` does.
template <class T>
INLINED inline T pow_real(T x, T y, T infinity) {
  const bool single = sizeof(T) == 4;
  const T ln2 = single ? T(0.693359375) : T(0x1.62e42fefap-1);
  const T ln2_low = single ? T(-2.12194440e-4) : T(0x1.cf79abc9e3b39p-40);
  const T third = T(0.66666666666666663);
  const T third_low = T((0.66666666666666663 - f64(third)) + 3.7007434154171886e-17);
  const T most = single ? T(1e10) : T(1e20), bound = single ? T(150) : T(1000);
  T n;
  const T m = log_scaled(abs(x), &n);
  const T f = m - 1, g = m + 1, g_low = m - (g - 1), r = 1 / g;
  const T s = f * r, sg = s * g, t = ((f - sg) - product_error(s, g, sg) - s * g_low) * r;
  const T z = s * s, z_low = multiply_add(s + s, t, product_error(s, s, z));
  const T zq = z * pow_series(z), c = third + zq, c_low = ((third - c) + zq) + third_low;
  const T u = z * c, u_low = multiply_add(z, c_low, multiply_add(z_low, c, product_error(z, c, u)));
  const T v = s * u, v_low = multiply_add(s, u_low, multiply_add(t, u, product_error(s, u, v)));
  const T two = s + s, h = two + v, h_low = (two - h) + v + (t + t + v_low);
  const T l = n * ln2, k = l + h, k_low = ((l - k) + h) + multiply_add(n, ln2_low, h_low);
  const T high = k + k_low, low = (k - high) + k_low;
  const T exponent = y > most ? most : (y < -most ? -most : y);
  const T w = exponent * high, w_low = multiply_add(exponent, low, product_error(exponent, high, w));
  const bool inside = abs(w) < bound;
  T scaled, e_low;
  const T e = exp_pair(inside ? w : (w < 0 ? -bound : bound), inside ? w_low : T(0),
                       single ? T(254) : T(2046), &scaled, &e_low);
  return pow_special(x, y, infinity, pow_scaled(e + e_low, scaled));
}
//! pow
INLINED inline f32 pow(f32 x, f32 y) { return pow_real(x, y, infinity_f32()); }
INLINED inline f64 pow(f64 x, f64 y) { return pow_real(x, y, infinity_f64()); }
