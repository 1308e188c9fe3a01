/* Hand-written kernels, the C that a careful programmer would write for this machine: lanes as vectors of 64 bytes,
   a polynomial exp, stores past the caches in a second form of each. Compiled with clang -O2 -march=native. */
#ifndef CROTON_BENCH_HAND_KERNELS_H
#define CROTON_BENCH_HAND_KERNELS_H
#ifdef __cplusplus
extern "C" {
#endif
double hand_scalar(double x); /* x * x + 1 */
/* _stream: outputs aligned to 64 bytes, for sizes beyond the caches. */
void hand_plus_one(long n, const double* a, const double* b, double* out);
void hand_linear(long n, const double* a, const double* b, double* out);
void hand_square(long n, const double* a, const double* b, double* out);
void hand_power(long n, const double* a, const double* b, double* out);
void hand_plus_one_stream(long n, const double* a, const double* b, double* out);
void hand_linear_stream(long n, const double* a, const double* b, double* out);
void hand_square_stream(long n, const double* a, const double* b, double* out);
void hand_power_stream(long n, const double* a, const double* b, double* out);
float hand_sum(long n, const float* x);
void hand_sum_axis_0(long rows, long columns, const float* x, float* out);
void hand_sum_axis_1(long rows, long columns, const float* x, float* out);
/* columns: at most 16384 */
void hand_softmax(long rows, long columns, const float* x, float* out);
void hand_softmax_stream(long rows, long columns, const float* x, float* out);
#ifdef __cplusplus
}
#endif
#endif
