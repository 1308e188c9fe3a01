// .npz archives.
#include "ir/error.hpp"
#include "runtime/npy.hpp"
#include "tests/fuzz/target.hpp"

using namespace croton;

void run_target(std::string_view input) {
  try {
    for (const auto& [name, array] : parse_npz(std::string(input), "input"))
      promise(array.copy().same_values(array), "every element can be read");
  } catch (const UserError&) {
  }
}
