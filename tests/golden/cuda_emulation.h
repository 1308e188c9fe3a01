// Enough of CUDA to run an emitted kernel on the CPU, one thread after another: what the compiler
// declares by itself, as plain variables and functions. Included in front of the emitted text.
#pragma once

#include <cmath>

#define __device__
#define __global__

struct Index3 {
  unsigned x = 0, y = 0, z = 0;
};
static Index3 blockIdx, threadIdx, blockDim, gridDim;

inline long long atomicMin(long long* address, long long value) {
  const long long old = *address;
  *address = value < old ? value : old;
  return old;
}
inline unsigned long __umul64hi(unsigned long a, unsigned long b) {
  return static_cast<unsigned long>((static_cast<unsigned __int128>(a) * b) >> 64);
}
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline double __dsqrt_rn(double a) { return std::sqrt(a); }

// The emitted text defines these, since NVRTC lacks them; here the compiler has them.
#define __builtin_fmaf emulated_fmaf
#define __builtin_fma emulated_fma
#define __builtin_fabsf emulated_fabsf
#define __builtin_fabs emulated_fabs
#define __builtin_sqrtf emulated_sqrtf
#define __builtin_sqrt emulated_sqrt
#define __builtin_floorf emulated_floorf
#define __builtin_floor emulated_floor
#define __builtin_ceilf emulated_ceilf
#define __builtin_ceil emulated_ceil
#define __builtin_truncf emulated_truncf
#define __builtin_trunc emulated_trunc
#define __builtin_rintf emulated_rintf
#define __builtin_rint emulated_rint
