/* Calls the library from C: prints the bits of predict's results, and how long the first took. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "classifier.h"

static double microseconds(const struct timespec* since) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e6 * (double)(now.tv_sec - since->tv_sec) + 1e-3 * (double)(now.tv_nsec - since->tv_nsec);
}

static float x[3 * 784], out[3 * 10];
static char memory[1 << 20];

int main(int argc, char** argv) {
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  const croton_aot_library* library;
  croton_aot_error error;
  void* workspace = (void*)(((uintptr_t)memory + 63) / 64 * 64);
  double values[4] = {1, 2, 3, 4.5}, sum, total = 100;
  int i;
  for (i = 0; i < 3 * 784; ++i) x[i] = (float)(i % 17) / 17.0f;
  if (croton_aot_query_classifier(CROTON_AOT_VERSION, &library, &error) ||
      croton_aot_run_predict(library, 3, x, out, workspace, sizeof memory - 64, NULL, &error)) {
    puts(error.text);
    return 1;
  }
  if (argc > 1 && strcmp(argv[1], "--time") == 0) {
    printf("first results after %.0f us on %s\n", microseconds(&start), library->target);
    return 0;
  }
  printf("%s %s\n", library->name, library->target);
  for (i = 0; i < 30; ++i) {
    uint32_t bits;
    memcpy(&bits, &out[i], 4);
    printf("%08x%c", (unsigned)bits, i % 10 == 9 ? '\n' : ' ');
  }
  if (croton_aot_run_accumulate(library, 4, values, &total, &sum, workspace, sizeof memory - 64,
                                NULL, &error)) {
    puts(error.text);
    return 1;
  }
  printf("%g %g\n", sum, total);
  return 0;
}
