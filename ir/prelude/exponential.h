// ---- exponential: x = n ln 2 + r, e^r = 1 + r + r² q(r). A magic number rounds x / ln 2 and leaves
// n + bias in the low bits. Results below the normal range round once: the scale is applied in two
// halves, or the last multiplication is by a fixed power of two
//! exp_part
// e^r - 1 - r + low, for |r| < 0.3466: the fit errs by 5e-10 (f32) and 8e-19 (f64) of e^r - 1.
INLINED inline f32 exp_part(f32 r, f32 low) {
  f32 q = 0.00019662318f;
  q = multiply_add(q, r, 0.0013935033f);
  q = multiply_add(q, r, 0.008333644f);
  q = multiply_add(q, r, 0.041666467f);
  q = multiply_add(q, r, 0.16666666f);
  q = multiply_add(q, r, 0.5f);
  return multiply_add(q, r * r, low);
}
INLINED inline f64 exp_part(f64 r, f64 low) {
  const f64 r2 = r * r;
  f64 a = 0x1.1e8b75e42d6fdp-29, b = 0x1.af61e7db2ea26p-26;
  a = multiply_add(a, r2, 0x1.27e54faeb41abp-22);
  b = multiply_add(b, r2, 0x1.71ddf69f08ae3p-19);
  a = multiply_add(a, r2, 0x1.a01a017e728fp-16);
  b = multiply_add(b, r2, 0x1.a01a01b07c0a6p-13);
  a = multiply_add(a, r2, 0x1.6c16c16c1c453p-10);
  b = multiply_add(b, r2, 0x1.111111110f5a4p-7);
  a = multiply_add(a, r2, 0x1.5555555555549p-5);
  b = multiply_add(b, r2, 0x1.5555555555559p-3);
  return multiply_add(multiply_add(multiply_add(a, r, b), r, 0x1.0p-1), r2, low);
}
//! exp_less_one
// e^r - 1, rounded; *scaled holds n + bias in its low bits. The fit errs by 5e-9 (f32) and 8e-18 (f64)
// of e^r.
INLINED inline f32 exp_less_one(f32 x, f32 bias, f32* scaled) {
  const f32 t = multiply_add(x, 1.44269504f, 12582912.0f + bias);
  const f32 n = t - (12582912.0f + bias);
  f32 r = multiply_add(n, -0.693359375f, x);
  r = multiply_add(n, 2.12194440e-4f, r);
  f32 q = 0.0014035094f;
  q = multiply_add(q, r, 0.008372303f);
  q = multiply_add(q, r, 0.041665554f);
  q = multiply_add(q, r, 0.16666488f);
  q = multiply_add(q, r, 0.5f);
  *scaled = t;
  return multiply_add(q, r * r, r);
}
INLINED inline f64 exp_less_one(f64 x, f64 bias, f64* scaled) {
  const f64 t = multiply_add(x, 0x1.71547652b82fep+0, 0x1.8p52 + bias);
  const f64 n = t - (0x1.8p52 + bias);
  f64 r = multiply_add(n, -0x1.62e42fefap-1, x);
  r = multiply_add(n, -0x1.cf79abc9e3b39p-40, r);
  f64 q = 0x1.ad7e39f6a317cp-26;
  q = multiply_add(q, r, 0x1.28aea1f2f7032p-22);
  q = multiply_add(q, r, 0x1.71df17841cd13p-19);
  q = multiply_add(q, r, 0x1.a01998aa6e02p-16);
  q = multiply_add(q, r, 0x1.a01a0136a5f88p-13);
  q = multiply_add(q, r, 0x1.6c16c184b60bcp-10);
  q = multiply_add(q, r, 0x1.1111111124d1ap-7);
  q = multiply_add(q, r, 0x1.5555555550604p-5);
  q = multiply_add(q, r, 0x1.5555555555503p-3);
  q = multiply_add(q, r, 0x1.000000000000ap-1);
  *scaled = t;
  return multiply_add(q, r * r, r);
}
//! exp
INLINED inline f32 exp(f32 x) {
  f32 t;
  const f32 p = exp_less_one(x > 100.0f ? 100.0f : x, 254.0f, &t);
  const u32 b = bits_of(t), h = b >> 1;
  const f32 s1 = real_of(h << 23), s2 = real_of((b - h) << 23);
  const f32 v = multiply_add(s1, p, s1) * s2;
  return x < -103.98f ? 0.0f : v;
}
INLINED inline f64 exp(f64 x) {
  f64 t;
  const f64 p = exp_less_one(x > 800.0 ? 800.0 : x, 2046.0, &t);
  const u64 b = bits_of(t), h = b >> 1;
  const f64 s1 = real_of(h << 52), s2 = real_of((b - h) << 52);
  const f64 v = multiply_add(s1, p, s1) * s2;
  return x < -745.14 ? 0.0 : v;
}
//! exp_scaled
// s = 2^(n - shift), and p: e^x 2^-shift = s + s p where s is a normal number.
INLINED inline f32 exp_scaled(f32 x, f32 shift, f32* p) {
  f32 t;
  *p = exp_less_one(x, 127.0f - shift, &t);
  return real_of(bits_of(t) << 23);
}
INLINED inline f64 exp_scaled(f64 x, f64 shift, f64* p) {
  f64 t;
  *p = exp_less_one(x, 1023.0 - shift, &t);
  return real_of(bits_of(t) << 52);
}
//! exp_pair
// e^(x + x_low) 2^-exponent, exact but for about 2^-28 (f32) and 2^-57 (f64), as the result and *low;
// *scaled holds exponent + bias in its low bits.
INLINED inline f32 exp_pair(f32 x, f32 x_low, f32 bias, f32* scaled, f32* low) {
  const f32 t = multiply_add(x, 1.44269504f, 12582912.0f + bias);
  const f32 n = t - (12582912.0f + bias);
  const f32 a = multiply_add(n, -0.693359375f, x), b = multiply_add(n, 2.12194440e-4f, x_low);
  const f32 r = a + b, r_low = (a - r) + b;
  const f32 v = 1.0f + r, v_low = (1.0f - v) + r;
  *scaled = t;
  *low = v_low + exp_part(r, multiply_add(r, r_low, r_low));
  return v;
}
INLINED inline f64 exp_pair(f64 x, f64 x_low, f64 bias, f64* scaled, f64* low) {
  const f64 t = multiply_add(x, 0x1.71547652b82fep+0, 0x1.8p52 + bias);
  const f64 n = t - (0x1.8p52 + bias);
  const f64 a = multiply_add(n, -0x1.62e42fefap-1, x), b = multiply_add(n, -0x1.cf79abc9e3b39p-40, x_low);
  const f64 r = a + b, r_low = (a - r) + b;
  const f64 v = 1.0 + r, v_low = (1.0 - v) + r;
  *scaled = t;
  *low = v_low + exp_part(r, multiply_add(r, r_low, r_low));
  return v;
}
//! exp_negative
// e^x for x <= 0, as the result and *low.
INLINED inline f32 exp_negative(f32 x, f32* low) {
  f32 t, v_low;
  const f32 v = exp_pair(x < -104.0f ? -104.0f : x, 0.0f, 151.0f, &t, &v_low), u = v + v_low;
  const f32 s = real_of(bits_of(t) << 23);
  *low = s * ((v - u) + v_low) * 0x1p-24f;
  return s * u * 0x1p-24f;
}
INLINED inline f64 exp_negative(f64 x, f64* low) {
  f64 t, v_low;
  const f64 v = exp_pair(x < -746.0 ? -746.0 : x, 0.0, 1083.0, &t, &v_low), u = v + v_low;
  const f64 s = real_of(bits_of(t) << 52);
  *low = s * ((v - u) + v_low) * 0x1p-60;
  return s * u * 0x1p-60;
}
//! expm1
// 2 (h - 1/2 + h r + h (e^r - 1 - r)) with h = 2^(n-1), every sum with its rounding error.
INLINED inline f32 expm1(f32 x) {
  const f32 y = x > 89.0f ? 89.0f : (x < -17.5f ? -17.5f : x);
  const f32 t = multiply_add(y, 1.44269504f, 12582912.0f + 126.0f);
  const f32 n = t - (12582912.0f + 126.0f);
  const f32 a = multiply_add(n, -0.693359375f, y), b = n * 2.12194440e-4f;
  const f32 r = a + b, r_low = (a - r) + b;
  const f32 h = real_of(bits_of(t) << 23);
  const f32 g = h - 0.5f, g_low = (h - g) - 0.5f;
  const f32 u = h * r, v = g + u, v_low = (g - v) + u;
  const f32 w = v + (v_low + multiply_add(h, exp_part(r, multiply_add(r, r_low, r_low)), g_low));
  return abs(x) < 0x1p-25f ? x : w + w;
}
INLINED inline f64 expm1(f64 x) {
  const f64 y = x > 710.0 ? 710.0 : (x < -37.5 ? -37.5 : x);
  const f64 t = multiply_add(y, 0x1.71547652b82fep+0, 0x1.8p52 + 1022.0);
  const f64 n = t - (0x1.8p52 + 1022.0);
  const f64 a = multiply_add(n, -0x1.62e42fefap-1, y), b = n * -0x1.cf79abc9e3b39p-40;
  const f64 r = a + b, r_low = (a - r) + b;
  const f64 h = real_of(bits_of(t) << 52);
  const f64 g = h - 0.5, g_low = (h - g) - 0.5;
  const f64 u = h * r, v = g + u, v_low = (g - v) + u;
  const f64 w = v + (v_low + multiply_add(h, exp_part(r, multiply_add(r, r_low, r_low)), g_low));
  return abs(x) < 0x1p-54 ? x : w + w;
}

// ---- logarithmic: x = 2^n (1 + f) with 1 + f in [sqrt(1/2), sqrt(2))
//! log_scaled
// 1 + f, and n; x >= 0.
INLINED inline f32 log_scaled(f32 x, f32* exponent) {
  const bool subnormal = x < 0x1p-126f;
  const f32 y = subnormal ? x * 0x1p23f : x;
  const u32 ix = bits_of(y) - 0x3f3504f3u;
  const f32 e = f32(i32(ix) >> 23);
  *exponent = subnormal ? e - 23.0f : e;
  return real_of((ix & 0x7fffffu) + 0x3f3504f3u);
}
INLINED inline f64 log_scaled(f64 x, f64* exponent) {
  const bool subnormal = x < 0x1p-1022;
  const f64 y = subnormal ? x * 0x1p54 : x;
  const u64 ix = bits_of(y) - 0x3fe6a09e667f3bcdul;
  const f64 e = f64(i32(i64(ix) >> 52));
  *exponent = subnormal ? e - 54.0 : e;
  return real_of((ix & 0xffffffffffffful) + 0x3fe6a09e667f3bcdul);
}
//! log_part
// log(1 + f + f_low) + n ln 2. f32: the fit errs by 6e-9 of log(1 + f); f64: by s = f / (2 + f).
INLINED inline f32 log_part(f32 f, f32 f_low, f32 n) {
  const f32 f2 = f * f;
  f32 p = -0.076439954f;
  p = multiply_add(p, f, 0.12767601f);
  p = multiply_add(p, f, -0.13159575f);
  p = multiply_add(p, f, 0.14200924f);
  p = multiply_add(p, f, -0.16623333f);
  p = multiply_add(p, f, 0.20001261f);
  p = multiply_add(p, f, -0.25000823f);
  p = multiply_add(p, f, 0.3333333f);
  f32 r = multiply_add(f * f2, p, multiply_add(n, -2.12194440e-4f, f_low));
  r = multiply_add(f2, -0.5f, r);
  return multiply_add(n, 0.693359375f, r + f);
}
//! log_rest
// With log(1 + f) = 2 atanh(s), s = f / (2 + f): log(1 + f) - f + f²/2 + low; the fit errs by 1.3e-18 of
// the logarithm.
INLINED inline f64 log_rest(f64 f, f64 half_square, f64 low) {
  const f64 s = f / (2.0 + f), z = s * s, z2 = z * z;
  f64 a = 0x1.2f03a87f636b9p-3, b = 0x1.39a1ef1e5e63p-3;
  a = multiply_add(a, z2, 0x1.74663c7bc20f4p-3);
  b = multiply_add(b, z2, 0x1.c71c52176ee3ep-3);
  a = multiply_add(a, z2, 0x1.24924941dcbabp-2);
  b = multiply_add(b, z2, 0x1.999999997ff64p-2);
  a = multiply_add(a, z2, 0x1.5555555555592p-1);
  return multiply_add(s, multiply_add(multiply_add(b, z, a), z, half_square), low);
}
//! log_part
INLINED inline f64 log_part(f64 f, f64 f_low, f64 n) {
  const f64 h = 0.5 * f * f;
  const f64 w = log_rest(f, h, multiply_add(n, 0x1.cf79abc9e3b39p-40, f_low));
  return multiply_add(n, 0x1.62e42fefap-1, f - (h - w));
}
//! log_special
INLINED inline f32 log_special(f32 x, f32 v) {
  f32 r = x < infinity_f32() ? v : x;
  r = x == 0.0f ? -infinity_f32() : r;
  return x < 0.0f ? nan_f32() : r;
}
INLINED inline f64 log_special(f64 x, f64 v) {
  f64 r = x < infinity_f64() ? v : x;
  r = x == 0.0 ? -infinity_f64() : r;
  return x < 0.0 ? nan_f64() : r;
}
//! log
template <class T>
INLINED inline T log(T x) {
  T n;
  const T m = log_scaled(x, &n);
  return log_special(x, log_part(m - T(1), T(0), n));
}
//! log1p
// f = 2^-n x + (2^-n - 1) for the n of 1 + x: f = x where n = 0. Beside a large x, 2^-n vanishes.
INLINED inline f32 log1p(f32 x) {
  const u32 k = (bits_of(1.0f + x) - 0x3f3504f3u) & 0xff800000u;
  const f32 s = x < 0x1p60f ? real_of(0x3f800000u - k) : 0.0f;
  const f32 a = real_of(bits_of(x) - k), b = s - 1.0f, f = a + b;
  const f32 v = log_part(f, (b - f) + a, f32(i32(k) >> 23));
  f32 r = x < infinity_f32() ? v : x;
  r = x == -1.0f ? -infinity_f32() : r;
  return x < -1.0f ? nan_f32() : copysign(r, x);
}
INLINED inline f64 log1p(f64 x) {
  const u64 k = (bits_of(1.0 + x) - 0x3fe6a09e667f3bcdul) & 0xfff0000000000000ul;
  const f64 s = x < 0x1p120 ? real_of(0x3ff0000000000000ul - k) : 0.0;
  const f64 a = real_of(bits_of(x) - k), b = s - 1.0, f = a + b;
  const f64 v = log_part(f, (b - f) + a, f64(i32(i64(k) >> 52)));
  f64 r = x < infinity_f64() ? v : x;
  r = x == -1.0 ? -infinity_f64() : r;
  return x < -1.0 ? nan_f64() : copysign(r, x);
}
//! log2
// f32: the fit errs by 5e-9; f64 multiplies the logarithm by 1 / ln 2 in two parts.
INLINED inline f32 log2(f32 x) {
  f32 n;
  const f32 f = log_scaled(x, &n) - 1.0f;
  f32 p = -0.11021373f;
  p = multiply_add(p, f, 0.18702015f);
  p = multiply_add(p, f, -0.19136305f);
  p = multiply_add(p, f, 0.2044887f);
  p = multiply_add(p, f, -0.23956996f);
  p = multiply_add(p, f, 0.2885715f);
  p = multiply_add(p, f, -0.3606986f);
  p = multiply_add(p, f, 0.4808982f);
  p = multiply_add(p, f, -0.72134733f);
  // The leading term is f + 0.44… f, the first part exact.
  const f32 h = n + f, h_low = (n - h) + f;
  const f32 r = multiply_add(f, 0.44269504f, f * multiply_add(f, p, -1.05426925e-08f));
  return log_special(x, h + (h_low + r));
}
//! log10
// As log2.
INLINED inline f32 log10(f32 x) {
  f32 n;
  const f32 f = log_scaled(x, &n) - 1.0f;
  f32 p = -0.03360315f;
  p = multiply_add(p, f, 0.056400016f);
  p = multiply_add(p, f, -0.05750286f);
  p = multiply_add(p, f, 0.061541554f);
  p = multiply_add(p, f, -0.0721271f);
  p = multiply_add(p, f, 0.08686934f);
  p = multiply_add(p, f, -0.10858078f);
  p = multiply_add(p, f, 0.14476478f);
  p = multiply_add(p, f, -0.21714719f);
  // n log10(2) in two parts and f/2 are exact.
  const f32 a = n * 0.301025390625f, b = 0.5f * f;
  const f32 h = a + b, h_low = (a - h) + b;
  const f32 r = multiply_add(f * f, p, multiply_add(f, -0.0657055181f, n * 4.6050390665e-6f));
  return log_special(x, h + (h_low + r));
}
//! log_high
// log(1 + f) with 21 bits; *low is the rest.
INLINED inline f64 log_high(f64 f, f64* low) {
  const f64 h = 0.5 * f * f;
  const f64 high = real_of(bits_of(f - h) & 0xffffffff00000000ul);
  *low = log_rest(f, h, (f - high) - h);
  return high;
}
//! log2
INLINED inline f64 log2(f64 x) {
  f64 n, low;
  const f64 high = log_high(log_scaled(x, &n) - 1.0, &low);
  const f64 a = high * 0x1.71547652p+0, w = n + a;
  const f64 rest = multiply_add(low + high, 0x1.705fc2eefa2p-33, low * 0x1.71547652p+0);
  return log_special(x, w + (((n - w) + a) + rest));
}
//! log10
INLINED inline f64 log10(f64 x) {
  f64 n, low;
  const f64 high = log_high(log_scaled(x, &n) - 1.0, &low);
  const f64 a = high * 0x1.bcb7b18p-2, b = n * 0x1.34413509f8p-2, w = b + a;
  const f64 rest = multiply_add(low + high, -0x1.6c8d78e6acaa4p-29, low * 0x1.bcb7b18p-2);
  return log_special(x, w + (((b - w) + a) + (rest + n * -0x1.80433b83b532ap-44)));
}
//! softplus
// max(x, 0) + log1p(e^-|x|), the exponential with its rounding error.
template <class T>
INLINED inline T softplus(T x) {
  const T a = -abs(x);
  T low;
  const T e = exp_negative(a, &low);
  // 1 + e = 2^n (1 + f).
  const bool above = e > T(0.41421356);
  const T n = above ? T(1) : T(0), scale = above ? T(0.5) : T(1), b = above ? T(-0.5) : T(0);
  const T c = scale * e, f = b + c, f_low = multiply_add(scale, low, (b - f) + c);
  return (x > 0 ? x : T(0)) + log_part(f, multiply_add(-f, f_low, f_low), n);
}
//! tanh
// x + x³ p(x²) near 0, 1 - 2 / (e^2x + 1) elsewhere. The fits err by 8e-9 (f32) and 2.3e-17 (f64).
INLINED inline f32 tanh(f32 x) {
  const f32 a = abs(x), c = a > 10.0f ? 10.0f : a, z = a * a;
  f32 p = -0.005528968f;
  p = multiply_add(p, z, 0.020483606f);
  p = multiply_add(p, z, -0.053693067f);
  p = multiply_add(p, z, 0.133309f);
  p = multiply_add(p, z, -0.33333263f);
  const f32 near = multiply_add(p * z, a, a);
  const f32 s = exp_scaled(c + c, 0.0f, &p), far = 1.0f - 2.0f / (s + multiply_add(s, p, 1.0f));
  return copysign(a < 0.648f ? near : far, x);
}
INLINED inline f64 tanh(f64 x) {
  const f64 a = abs(x), c = a > 20.0 ? 20.0 : a, z = a * a;
  f64 p = -0x1.fa3635f4dee57p-17;
  p = multiply_add(p, z, 0x1.3acd9bc15624dp-14);
  p = multiply_add(p, z, -0x1.db56268d8821dp-13);
  p = multiply_add(p, z, 0x1.32e2a38f7c44dp-11);
  p = multiply_add(p, z, -0x1.7d53c33b99c51p-10);
  p = multiply_add(p, z, 0x1.d6cd09de3a5abp-9);
  p = multiply_add(p, z, -0x1.226e04a45f5ap-7);
  p = multiply_add(p, z, 0x1.664f46c7fcee1p-6);
  p = multiply_add(p, z, -0x1.ba1ba1b0f1ad2p-5);
  p = multiply_add(p, z, 0x1.1111111104ed2p-3);
  p = multiply_add(p, z, -0x1.55555555554a2p-2);
  const f64 near = multiply_add(p * z, a, a);
  const f64 s = exp_scaled(c + c, 0.0, &p), far = 1.0 - 2.0 / (s + multiply_add(s, p, 1.0));
  return copysign(a < 0.648 ? near : far, x);
}
//! sigmoid
// 1 / (1 + e^-x), numerator and denominator by a power of two smaller, so that the denominator is
// finite and a result below the normal range rounds once.
INLINED inline f32 sigmoid(f32 x) {
  const f32 y = x > 40.0f ? 40.0f : (x < -104.0f ? -104.0f : x), one = 0x1p-24f;
  f32 p;
  const f32 s = exp_scaled(-y, 24.0f, &p);
  return one / ((s > one ? s : one) + multiply_add(s, p, s > one ? one : s));
}
INLINED inline f64 sigmoid(f64 x) {
  const f64 y = x > 50.0 ? 50.0 : (x < -746.0 ? -746.0 : x), one = 0x1p-60;
  f64 p;
  const f64 s = exp_scaled(-y, 60.0, &p);
  return one / ((s > one ? s : one) + multiply_add(s, p, s > one ? one : s));
}
//! erf
// x + x p(x²) near 0, 1 - e^q(|x|) elsewhere with q = log(1 - erf(|x|)), of which only the absolute error
// counts. The fits err by 1.5e-8 and 9e-10 (f32), 1.6e-17 and 5e-18 (f64).
INLINED inline f32 erf(f32 x) {
  const f32 magnitude = abs(x), z = x * x, t = magnitude > 4.0f ? 4.0f : magnitude;
  f32 a = -0.00060208177f;
  a = multiply_add(a, z, 0.0049989605f);
  a = multiply_add(a, z, -0.026770493f);
  a = multiply_add(a, z, 0.11281922f);
  a = multiply_add(a, z, -0.37612504f);
  a = multiply_add(a, z, 0.12837915f);
  f32 q = -1.03710245e-05f;
  q = multiply_add(q, t, 0.0003141523f);
  q = multiply_add(q, t, -0.003607123f);
  q = multiply_add(q, t, 0.02368701f);
  q = multiply_add(q, t, -0.10614941f);
  q = multiply_add(q, t, -0.6352044f);
  q = multiply_add(q, t, -0.12863539f);
  q = multiply_add(q, t, -t);
  f32 p;
  const f32 e = exp_scaled(q, 0.0f, &p), far = copysign(multiply_add(-e, p, 1.0f - e), x);
  const f32 near = multiply_add(a, x, x);
  return magnitude > 0.89f ? far : near;
}
INLINED inline f64 erf(f64 x) {
  const f64 magnitude = abs(x), z = x * x, z2 = z * z;
  const f64 t = magnitude > 6.0 ? 6.0 : magnitude, t2 = t * t;
  f64 a = 0x1.6b58667a6bba1p-27, b = -0x1.505996e3a6334p-23;
  a = multiply_add(a, z2, 0x1.b8135f8b0daecp-20);
  b = multiply_add(b, z2, -0x1.f4aede31fa685p-17);
  a = multiply_add(a, z2, 0x1.f9a1695af837ap-14);
  b = multiply_add(b, z2, -0x1.c02da5ed44961p-11);
  a = multiply_add(a, z2, 0x1.565bccc763e3bp-8);
  b = multiply_add(b, z2, -0x1.b82ce310e69c9p-6);
  a = multiply_add(a, z2, 0x1.ce2f21a03dd3p-4);
  b = multiply_add(b, z2, -0x1.812746b03798bp-2);
  a = multiply_add(a, z2, 0x1.06eba8214db68p-3);
  f64 c = -0x1.0aaefd03fac2cp-45, d = 0x1.34fb56124ef99p-40;
  c = multiply_add(c, t2, -0x1.245dbb496b513p-36);
  d = multiply_add(d, t2, 0x1.cd1ba3fc0f792p-34);
  c = multiply_add(c, t2, 0x1.cfe1e1615387dp-32);
  d = multiply_add(d, t2, -0x1.099e85badf9eap-26);
  c = multiply_add(c, t2, 0x1.6bb91e0c4be5ap-23);
  d = multiply_add(d, t2, -0x1.3dfe0ee4e6da6p-20);
  c = multiply_add(c, t2, 0x1.91be9e27f92bep-18);
  d = multiply_add(d, t2, -0x1.7aa516dd53bc3p-16);
  c = multiply_add(c, t2, 0x1.0430d6233dd8cp-14);
  d = multiply_add(d, t2, -0x1.c461f5aa85546p-14);
  c = multiply_add(c, t2, 0x1.5c098a0940291p-16);
  d = multiply_add(d, t2, 0x1.206dbcfb9a44dp-11);
  c = multiply_add(c, t2, -0x1.b590fc69ba428p-10);
  d = multiply_add(d, t2, 0x1.99360ad297f4ap-13);
  c = multiply_add(c, t2, 0x1.397d57cbd8e49p-6);
  d = multiply_add(d, t2, -0x1.a4f66d956868p-4);
  c = multiply_add(c, t2, -0x1.45f2fe89eced4p-1);
  d = multiply_add(d, t2, -0x1.06ebaac303f5cp-3);
  const f64 q = multiply_add(multiply_add(c, t, d), t, -t);
  const f64 near = multiply_add(multiply_add(b, z, a), x, x);
  f64 p;
  const f64 e = exp_scaled(q, 0.0, &p), far = copysign(multiply_add(-e, p, 1.0 - e), x);
  return magnitude > 0.8 ? far : near;
}
