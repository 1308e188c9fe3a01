// The prelude: elementary functions and integer rules, in text that is printed into emitted kernels
// and compiled into the evaluators. A block begins with its marker and is printed when its name is
// used. No #include, no library call; IEEE operations in a fixed order, so that every compiler and
// vector width gives the same bits. Coefficients come from tests/data/fit_elementary.py (weighted
// minimax fits): comments give the errors of the fits, the op table the largest error of a function.
// "fma" and "plain" blocks are for targets with and without a fused multiply-add, "cpp" and "cuda"
// blocks for one language; in CUDA, `inline` is printed as `__device__ inline`.

// ---- what one language has and the other has not
//! UNROLLED cpp
#ifdef __clang__
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 256")
#endif
//! UNROLLED_BY_2 cpp
#ifdef __clang__
#define UNROLLED_BY_2 _Pragma("clang loop unroll_count(2)")
#else
#define UNROLLED_BY_2 _Pragma("GCC unroll 2")
#endif
//! UNROLLED_BY_4 cpp
#ifdef __clang__
#define UNROLLED_BY_4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLLED_BY_4 _Pragma("GCC unroll 4")
#endif
//! ONE_BY_ONE cpp
// What vectors leave of a loop, or a loop around one that vectors are for.
#ifdef __clang__
#define ONE_BY_ONE _Pragma("clang loop vectorize(disable) unroll(disable)")
#else
#define ONE_BY_ONE _Pragma("GCC unroll 1")
#endif
//! SIDE_BY_SIDE cpp
// A loop whose steps copy elements that lie side by side: the compiler may make vectors of these.
#define SIDE_BY_SIDE ONE_BY_ONE
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
