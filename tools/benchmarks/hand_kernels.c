#include "hand_kernels.h"

typedef float Lanes __attribute__((vector_size(64)));
typedef float LooseLanes __attribute__((vector_size(64), aligned(4)));
typedef int IntLanes __attribute__((vector_size(64)));
typedef double Wide __attribute__((vector_size(64)));
typedef double LooseWide __attribute__((vector_size(64), aligned(8)));
#define INLINE static inline __attribute__((always_inline))

__attribute__((noinline)) double hand_scalar(double x) { return x * x + 1; }

INLINE Lanes larger(Lanes a, Lanes b) {
  const IntLanes mask = a > b;
  return (Lanes)((mask & (IntLanes)a) | (~mask & (IntLanes)b));
}

/* ---- elementwise: the expression once, for a double and for a vector of them */
#define PLUS_ONE(T, a, b) ((a) + 1.0)
#define LINEAR(T, a, b) (2.0 * (a) + 3.0 * (b))
#define SQUARE(T, a, b) ((a) * (a) + (b) * (b) + 2.0 * (a) * (b))
#define POWER(T, a, b) ({ T b2 = (b) * (b), b4 = b2 * b2; 2.0 * (a) + b4 * b4 * b2; })

#define ELEMENTWISE(name, EXPRESSION)                                                              \
  void hand_##name(long n, const double* restrict a, const double* restrict b,                     \
                   double* restrict out) {                                                         \
    (void)b;                                                                                       \
    long i = 0;                                                                                    \
    for (; i + 16 <= n; i += 16) {                                                                 \
      Wide a0 = *(const LooseWide*)(a + i), a1 = *(const LooseWide*)(a + i + 8);                   \
      Wide b0 = *(const LooseWide*)(b + i), b1 = *(const LooseWide*)(b + i + 8);                   \
      (void)b0, (void)b1;                                                                          \
      *(LooseWide*)(out + i) = EXPRESSION(Wide, a0, b0);                                           \
      *(LooseWide*)(out + i + 8) = EXPRESSION(Wide, a1, b1);                                       \
    }                                                                                              \
    for (; i < n; ++i) out[i] = EXPRESSION(double, a[i], b[i]);                                    \
  }                                                                                                \
  void hand_##name##_stream(long n, const double* restrict a, const double* restrict b,            \
                            double* restrict out) {                                                \
    (void)b;                                                                                       \
    long i = 0;                                                                                    \
    for (; i + 16 <= n; i += 16)                                                                   \
      for (int part = 0; part < 16; part += 8) {                                                   \
        Wide a0 = *(const LooseWide*)(a + i + part), b0 = *(const LooseWide*)(b + i + part);       \
        (void)b0;                                                                                  \
        __builtin_nontemporal_store(EXPRESSION(Wide, a0, b0), (Wide*)(out + i + part));            \
      }                                                                                            \
    for (; i < n; ++i) out[i] = EXPRESSION(double, a[i], b[i]);                                    \
  }
ELEMENTWISE(plus_one, PLUS_ONE)
ELEMENTWISE(linear, LINEAR)
ELEMENTWISE(square, SQUARE)
ELEMENTWISE(power, POWER)

/* ---- reductions: eight vectors of accumulators, folded at the end */
INLINE float fold_sum(Lanes v) {
  float total = 0;
  for (int l = 0; l < 16; ++l) total += v[l];
  return total;
}

INLINE float span_sum(long n, const float* x) {
  Lanes s[8] = {};
  long i = 0;
  for (; i + 128 <= n; i += 128)
    for (int k = 0; k < 8; ++k) s[k] += *(const LooseLanes*)(x + i + 16 * k);
  float tail = 0;
  for (; i < n; ++i) tail += x[i];
  return fold_sum(((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))) + tail;
}

float hand_sum(long n, const float* x) {
  /* Sums of spans, so that the error does not grow with n. */
  double total = 0;
  for (long i = 0; i < n; i += 65536) total += span_sum(n - i < 65536 ? n - i : 65536, x + i);
  return (float)total;
}

void hand_sum_axis_1(long rows, long columns, const float* restrict x, float* restrict out) {
  for (long r = 0; r < rows; ++r) out[r] = span_sum(columns, x + r * columns);
}

void hand_sum_axis_0(long rows, long columns, const float* restrict x, float* restrict out) {
  for (long c = 0; c < columns; ++c) out[c] = 0;
  long r = 0;
  for (; r + 8 <= rows; r += 8) {
    const float* p = x + r * columns;
    for (long c = 0; c < columns; ++c)
      out[c] += ((p[c] + p[c + columns]) + (p[c + 2 * columns] + p[c + 3 * columns])) +
                ((p[c + 4 * columns] + p[c + 5 * columns]) + (p[c + 6 * columns] + p[c + 7 * columns]));
  }
  for (; r < rows; ++r)
    for (long c = 0; c < columns; ++c) out[c] += x[r * columns + c];
}

/* ---- softmax. exp of what is not positive: 2^k times the Taylor polynomial of degree 6 on |r| <= ln(2) / 2,
   whose error is 1.2e-7; k comes out of the low bits of a number with 1.5 * 2^23 added. */
INLINE Lanes exp_lanes(Lanes x) {
  const Lanes zero = {};
  x = larger(x, zero - 87.0f);
  const Lanes biased = x * 1.44269504f + 12582912.0f;
  const Lanes k = biased - 12582912.0f;
  const Lanes r = (x - k * 0.693145752f) - k * 1.42860677e-6f;
  Lanes p = r * (1.0f / 720) + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return (Lanes)((IntLanes)p + ((IntLanes)biased << 23));
}

INLINE float exp_one(float x) {
  const Lanes v = {x};
  return exp_lanes(v)[0];
}

INLINE void softmax_row(long n, const float* restrict x, float* restrict row, float* restrict out, int stream) {
  const Lanes zero = {};
  Lanes m[4];
  for (int k = 0; k < 4; ++k) m[k] = zero - __builtin_inff();
  long i = 0;
  for (; i + 64 <= n; i += 64)
    for (int k = 0; k < 4; ++k) m[k] = larger(*(const LooseLanes*)(x + i + 16 * k), m[k]);
  m[0] = larger(larger(m[0], m[1]), larger(m[2], m[3]));
  float most = m[0][0];
  for (int l = 1; l < 16; ++l) most = m[0][l] > most ? m[0][l] : most;
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;

  Lanes s[4] = {};
  float total = 0;
  for (i = 0; i + 64 <= n; i += 64)
    for (int k = 0; k < 4; ++k) {
      const Lanes e = exp_lanes(*(const LooseLanes*)(x + i + 16 * k) - most);
      *(LooseLanes*)(row + i + 16 * k) = e;
      s[k] += e;
    }
  for (; i < n; ++i) total += row[i] = exp_one(x[i] - most);
  total += fold_sum((s[0] + s[1]) + (s[2] + s[3]));

  const float scale = 1 / total;
  for (i = 0; i + 16 <= n; i += 16) {
    const Lanes v = *(const LooseLanes*)(row + i) * scale;
    if (stream)
      __builtin_nontemporal_store(v, (Lanes*)(out + i));
    else
      *(LooseLanes*)(out + i) = v;
  }
  for (; i < n; ++i) out[i] = row[i] * scale;
}

void hand_softmax(long rows, long columns, const float* x, float* out) {
  float row[16384] __attribute__((aligned(64)));
  for (long r = 0; r < rows; ++r) softmax_row(columns, x + r * columns, row, out + r * columns, 0);
}

void hand_softmax_stream(long rows, long columns, const float* x, float* out) {
  float row[16384] __attribute__((aligned(64)));
  for (long r = 0; r < rows; ++r) softmax_row(columns, x + r * columns, row, out + r * columns, 1);
}
