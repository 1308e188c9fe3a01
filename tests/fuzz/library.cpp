// Libraries written ahead of time, as `croton dump` reads them: files, and the text that their
// section holds once it is unpacked.
#include <sstream>

#include "ir/error.hpp"
#include "runtime/aot_record.hpp"
#include "tests/fuzz/target.hpp"

using namespace croton;

void run_target(std::string_view input) {
  try {
    std::istringstream file{std::string(input)};
    for (const runtime::AotRecord& record : runtime::aot_records(file, "library"))
      (void)runtime::summary_text({record}, "library");
  } catch (const UserError&) {
  }
  try {
    const runtime::AotRecord record = runtime::aot_record_of_json(input, "text");
    promise(
        !runtime::section_bytes(record).empty() && runtime::section_bytes(record).size() % 8 == 0,
        "a record that was read can be written");
  } catch (const UserError&) {
  }
}
