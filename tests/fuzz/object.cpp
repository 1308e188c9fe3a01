// Object files, as our loader takes them. Nothing is executed.
#include "ir/error.hpp"
#include "runtime/loader.hpp"
#include "tests/fuzz/target.hpp"

using namespace croton;

void run_target(std::string_view input) {
  try {
    const runtime::LoadedObject object(input);
    (void)object.find("kernel");
  } catch (const BackendError&) {
  }
}
