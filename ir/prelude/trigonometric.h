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
  const f32 v = sin_half_turns(f, n);
  return x == 0.0f ? x : v;
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
  const f32 s = multiply_add(p, z * r, multiply_add(z, low, low));
  const f32 t = r + s, t_low = (r - t) + s, q = -1.0f / t;
  const f32 v = (n & 1) != 0 ? multiply_add(q * q, t_low, q) : t;
  return x == 0.0f ? x : v;
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
