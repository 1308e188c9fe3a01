/* The C interface of libraries that croton writes ahead of time. Version 1.
 *
 * A library exports one function, croton_aot_query_NAME. It picks the variant for the CPU that it
 * runs on and returns a table of functions. Nothing here needs croton, its compiler or a C++ run
 * time. What each field means, and what stays as it is from version to version, stands in
 * codegen/aot/README.md; what is said below is the contract of version 1.
 *
 * Thread safety: every function may be called from several threads at once, as long as they write
 * to different memory. Nothing is kept between calls.
 */
#ifndef CROTON_AOT_H
#define CROTON_AOT_H

#ifdef CROTON_AOT_FREESTANDING
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
#else
#include <stdint.h>
#endif

#define CROTON_AOT_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

/* Element types; a complex number is two floats, a bool one byte of 0 or 1. */
enum croton_aot_dtype {
  CROTON_AOT_BOOL,
  CROTON_AOT_I8,
  CROTON_AOT_I16,
  CROTON_AOT_I32,
  CROTON_AOT_I64,
  CROTON_AOT_U8,
  CROTON_AOT_U16,
  CROTON_AOT_U32,
  CROTON_AOT_U64,
  CROTON_AOT_F16,
  CROTON_AOT_BF16,
  CROTON_AOT_F32,
  CROTON_AOT_F64,
  CROTON_AOT_C64,
  CROTON_AOT_C128
};

/* What functions return: 0, or why not. */
enum croton_aot_code {
  CROTON_AOT_OK = 0,
  CROTON_AOT_WRONG_VERSION = 1, /* library and caller speak different versions */
  CROTON_AOT_WRONG_CPU = 2,     /* the CPU lacks what the lowest variant needs */
  CROTON_AOT_WRONG_COUNT = 3,   /* of arguments */
  CROTON_AOT_WRONG_DTYPE = 4,
  CROTON_AOT_WRONG_SHAPE = 5, /* rank, an extent, a fact, or dims that must be equal */
  CROTON_AOT_WRONG_POINTER = 6, /* null or misaligned */
  CROTON_AOT_WRONG_LAYOUT = 7,  /* not row-major */
  CROTON_AOT_OVERLAP = 8,       /* an output's memory meets another argument's */
  CROTON_AOT_WORKSPACE = 9,     /* too small or misaligned, and there is no allocator */
  CROTON_AOT_MEMORY = 10,       /* the allocator returned null */
  CROTON_AOT_FAILED = 11,       /* found while running, such as an index out of range */
  CROTON_AOT_THREADS = 12       /* the thread callback failed */
};

enum croton_aot_role {
  CROTON_AOT_INPUT,  /* is read */
  CROTON_AOT_STATE,  /* is read, and replaced by its update when the call succeeds */
  CROTON_AOT_OUTPUT, /* is written; what it holds after a failed call is not specified */
  CROTON_AOT_CONSTANT_STATE /* a shared variable that this function only reads */
};

enum croton_aot_workspace_kind {
  CROTON_AOT_BOUNDED,          /* known from the arguments' shapes */
  CROTON_AOT_NEEDS_AN_ALLOCATOR /* depends on the arguments' elements as well */
};

/* Filled when a function does not return 0. */
typedef struct croton_aot_error {
  int32_t code;     /* croton_aot_code */
  int32_t argument; /* its number, or -1 */
  int32_t axis;     /* its number, or -1 */
  int32_t line;     /* of the user's program that `text` names last, or 0 */
  int64_t wanted, given; /* where two numbers disagree: extents, bytes, versions, ranks */
  char text[992];   /* a sentence, cut off when it does not fit, always ended by 0 */
} croton_aot_error;

/* An array in the caller's memory. */
typedef struct croton_aot_array {
  void* data;             /* may be null when the array has no elements */
  const int64_t* shape;   /* `rank` extents */
  const int64_t* strides; /* in elements; null: row-major */
  int32_t dtype;          /* croton_aot_dtype */
  int32_t rank;
} croton_aot_array;

/* How a call may use several threads. `parallel_for` calls task(argument, begin, end) for ranges
   that together are [0, count), each of at least `grain` but the last, on any threads, and returns
   when all have returned: 0, or something else when it could not. */
typedef struct croton_aot_threads {
  void* context;
  int32_t (*parallel_for)(void* context, int64_t count, int64_t grain,
                          void (*task)(void* argument, int64_t begin, int64_t end), void* argument);
} croton_aot_threads;

/* Memory for calls whose workspace is missing or too small. */
typedef struct croton_aot_allocator {
  void* context;
  void* (*allocate)(void* context, int64_t bytes, int64_t alignment);
  void (*release)(void* context, void* memory, int64_t bytes);
} croton_aot_allocator;

/* One call. Zero what is not used. */
typedef struct croton_aot_call {
  const croton_aot_array* arguments; /* in the order of croton_aot_function::arguments */
  void* workspace;                   /* aligned to 64 bytes; what it holds does not matter */
  int64_t workspace_bytes;
  const croton_aot_allocator* allocator; /* null: the workspace must be large enough */
  const croton_aot_threads* threads;     /* null: the calling thread does all the work */
  croton_aot_error* error;               /* null: only the code is returned */
  int32_t argument_count;
  int32_t reserved; /* 0 */
} croton_aot_call;

typedef struct croton_aot_argument {
  const char* name;
  const char* type;       /* "f32[n, 784]" */
  const int64_t* extents; /* `rank` of them; -1 where it is no fixed number */
  int32_t dtype;          /* croton_aot_dtype */
  int32_t rank;
  int32_t role;      /* croton_aot_role */
  int32_t alignment; /* of data, in bytes */
} croton_aot_argument;

typedef struct croton_aot_function {
  const char* name;
  const char* signature; /* "predict(x : f32[n, 784]) -> out : f32[n, 10]" */
  const croton_aot_argument* arguments; /* inputs, then state, then outputs */
  const char* const* dims;              /* names of the dims that sizes depend on */
  int32_t argument_count;
  int32_t dim_count;
  int32_t workspace_kind; /* croton_aot_workspace_kind */
  int32_t reserved;

  /* Dims from the inputs and the state of a call; outputs may be missing. Data is looked at only
     when workspace_kind is CROTON_AOT_NEEDS_AN_ALLOCATOR. */
  int32_t (*resolve)(const croton_aot_call* call, int64_t* dims);
  /* Bytes that `run` needs; INT64_MAX when they are more than that. */
  int64_t (*workspace)(const int64_t* dims);
  /* The extents of an argument. */
  void (*shape)(int32_t argument, const int64_t* dims, int64_t* extents);
  /* Checks everything, then computes. A call that fails has changed no state. Allocates nothing
     but what it asks `allocator` for. */
  int32_t (*run)(const croton_aot_call* call);
  /* Computes and checks nothing but what can fail while running: one pointer for each argument,
     dims as from `resolve`, a workspace of at least workspace(dims) bytes. */
  int32_t (*raw)(void* const* data, const int64_t* dims, void* workspace,
                 const croton_aot_threads* threads, croton_aot_error* error);
} croton_aot_function;

typedef struct croton_aot_library {
  int32_t version; /* CROTON_AOT_VERSION of the library */
  int32_t function_count;
  const char* name;
  const char* target;   /* of the variant that was picked: "x86-64-v3" */
  const char* compiler; /* what wrote it: "croton 0.1.0, clang 19.1.7" */
  const croton_aot_function* functions;
} croton_aot_library;

/* The type of croton_aot_query_NAME. `version` is the caller's CROTON_AOT_VERSION. On success
   *library is the table for this CPU, valid as long as the library is loaded. The environment
   variable CROTON_CPU (x86-64, x86-64-v2, …) hides what a CPU has beyond that level. */
typedef int32_t croton_aot_query(int32_t version, const croton_aot_library** library,
                                 croton_aot_error* error);

#ifdef __cplusplus
}
#endif
#endif
