// .npy files: what is accepted survives a round through our own writer's form.
#include "runtime/npy.hpp"
#include "ir/error.hpp"
#include "tests/fuzz/target.hpp"

using namespace croton;

void run_target(std::string_view input) {
  try {
    const Array array = parse_npy(input, "input");
    promise(static_cast<std::size_t>(array.count()) * size_of(array.dtype()) <= input.size(),
            "an array is no larger than its file");
    promise(array.copy().same_values(array), "every element can be read");
  } catch (const UserError&) {
  }
}
