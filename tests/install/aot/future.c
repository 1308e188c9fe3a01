/* A caller of version 1 meets a library of a later version. */
#include <stdio.h>

#include "one.h"

int main(void) {
  const croton_aot_library* library = NULL;
  croton_aot_error error;
  if (croton_aot_query_one(CROTON_AOT_VERSION, &library, &error) == CROTON_AOT_WRONG_VERSION)
    puts(error.text);
  return library == NULL ? 0 : 1;
}
