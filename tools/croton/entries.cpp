#include "tools/croton/entries.hpp"

#include <fmt/format.h>

#include <set>

#include "ir/error.hpp"
#include "ir/spelling.hpp"

namespace croton::tool {

std::string Entry::name() const {
  const auto it = opened.sections.find("name");
  return it == opened.sections.end() ? "" : it->second;
}

std::vector<Entry> all_entries() {
  const runtime::CacheSettings settings = runtime::cache_settings();
  std::vector<std::string> directories = settings.layers;
  if (!settings.directory.empty()) directories.insert(directories.begin(), settings.directory);
  std::vector<Entry> out;
  for (const std::string& directory : directories)
    for (runtime::CacheFile& file : runtime::list_entries(directory)) {
      runtime::OpenedEntry opened = runtime::open_entry(file.path, false);
      out.push_back({std::move(file), directory, std::move(opened)});
    }
  return out;
}

Entry request_of(const std::string& wanted) {
  constexpr std::size_t kShortest = 4;
  const bool may_be_key = wanted.size() >= kShortest &&
                          wanted.find_first_not_of("0123456789abcdef") == std::string::npos;
  std::vector<Entry> by_key;
  std::set<std::string> names;
  const Entry* by_name = nullptr;
  const std::vector<Entry> entries = all_entries();
  for (const Entry& entry : entries) {
    if (entry.file.kind != "request") continue;
    if (may_be_key && entry.file.key.starts_with(wanted)) by_key.push_back(entry);
    const std::string name = entry.name();
    if (!name.empty()) names.insert(name);
    if (name == wanted && (!by_name || entry.file.time > by_name->file.time)) by_name = &entry;
  }
  if (by_key.size() > 1)
    throw UserError(fmt::format("{} entries have keys that begin with {}; give more of it",
                                by_key.size(), wanted));
  if (by_key.size() == 1) return by_key[0];
  if (by_name) return *by_name;
  const runtime::CacheSettings settings = runtime::cache_settings();
  const std::vector<std::string_view> known(names.begin(), names.end());
  throw UserError(fmt::format(
      "{} is no file and no function in the cache {}{}{}", wanted, settings.directory,
      ir::suggestion(wanted, known),
      names.empty() ? "; it holds no functions" : "; croton cache ls lists what there is"));
}

}  // namespace croton::tool
