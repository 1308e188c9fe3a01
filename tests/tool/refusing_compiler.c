/* A compiler component that refuses every text: what croton leaves behind when a compiler fails. */
#include <stdlib.h>

#include "runtime/compiler_abi.h"

static struct croton_compile_result* compile(const struct croton_compile_request* request) {
  struct croton_compile_result* result = calloc(1, sizeof *result);
  (void)request;
  static char log[] = "kernel.cpp:1:1: error: refused on purpose";
  result->log = log;
  return result;
}

static void release(struct croton_compile_result* result) { free(result); }

const struct croton_compiler* croton_compiler_query(void) {
  static const struct croton_compiler table = {
      .abi = CROTON_COMPILER_ABI, .identity = "refusing", .compile = compile, .release = release};
  return &table;
}
