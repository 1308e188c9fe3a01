// Entries of the cache. The checksum is made to hold for every other input, so that what comes
// after it is reached.
#include "runtime/cache_file.hpp"
#include "tests/fuzz/target.hpp"

using namespace croton;

void run_target(std::string_view input) {
  const auto check = [](std::string_view bytes) {
    const runtime::OpenedEntry entry = runtime::parse_entry(bytes);
    if (!entry.problem.empty()) return;
    const std::string again = runtime::serialised(entry.material, entry.sections);
    const runtime::OpenedEntry back = runtime::parse_entry(again);
    promise(
        back.problem.empty() && back.material == entry.material && back.sections == entry.sections,
        "an entry that was read can be written");
  };
  check(input);
  const std::string whole = runtime::serialised("", {});
  const std::string_view magic = std::string_view(whole).substr(0, whole.find('\n') + 1);
  std::string_view body = input;
  if (body.starts_with(magic) && body.size() >= magic.size() + 32)
    body.remove_prefix(magic.size() + 32);
  check(std::string(magic) + runtime::cache_hash(body) + std::string(body));
}
