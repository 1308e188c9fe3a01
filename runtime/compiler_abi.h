/* The compiler component's C interface. It is a library of its own, loaded on the first cache miss,
   so that programs whose kernels are cached never pay for LLVM. */
#ifndef CROTON_RUNTIME_COMPILER_ABI_H
#define CROTON_RUNTIME_COMPILER_ABI_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CROTON_COMPILER_ABI 4

enum croton_emit { CROTON_EMIT_OBJECT = 0, CROTON_EMIT_ASSEMBLY = 1, CROTON_EMIT_LLVM = 2 };

struct croton_compile_request {
  const char* source;
  size_t source_size;
  const char* cpu;          /* "x86-64-v3" */
  int prefer_vector_width;  /* bits; 0: the compiler's choice */
  int emit;                 /* croton_emit */
  int debug;                /* 1: with debug information */
  int sanitize;             /* 1: accesses outside of memory are reported by AddressSanitizer's run
                               time, which the process must have; undefined behaviour traps */
};

struct croton_compile_result {
  int ok;
  char* data; /* object, assembly or LLVM text */
  size_t size;
  char* log; /* diagnostics */
  char* remarks; /* one vectoriser remark a line */
};

struct croton_archive_member {
  const char* name;
  const char* data;
  size_t size;
};

struct croton_compiler {
  int abi;
  const char* identity; /* compiler and version: part of cache keys */
  struct croton_compile_result* (*compile)(const struct croton_compile_request* request);
  /* A static library of objects, with a symbol table; the same bytes for the same members. */
  struct croton_compile_result* (*archive)(const struct croton_archive_member* members,
                                           size_t count);
  void (*release)(struct croton_compile_result* result);
};

/* The only symbol of the component. Thread-safe. */
const struct croton_compiler* croton_compiler_query(void);

#ifdef __cplusplus
}
#endif
#endif
