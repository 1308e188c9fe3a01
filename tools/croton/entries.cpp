#include "tools/croton/entries.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "ir/error.hpp"
#include "ir/spelling.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/why.hpp"

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
      // Removed by somebody else since it was listed.
      if (!opened.problem.empty() && access(file.path.c_str(), F_OK) != 0) continue;
      out.push_back({std::move(file), directory, std::move(opened)});
    }
  return out;
}

std::vector<Entry> requests_of(const std::string& wanted) {
  constexpr std::size_t kShortest = 4;
  const bool may_be_key = wanted.size() >= kShortest &&
                          wanted.find_first_not_of("0123456789abcdef") == std::string::npos;
  std::vector<Entry> by_key, by_name;
  std::set<std::string> names, keys;
  for (Entry& entry : all_entries()) {
    // The same entry may lie in several layers; the first is the one that is used.
    if (entry.file.kind != "request" || !keys.insert(entry.file.key).second) continue;
    const std::string name = entry.name();
    if (!name.empty()) names.insert(name);
    if (may_be_key && entry.file.key.starts_with(wanted))
      by_key.push_back(std::move(entry));
    else if (name == wanted)
      by_name.push_back(std::move(entry));
  }
  if (by_key.size() > 1)
    throw UserError(fmt::format("{} entries have keys that begin with {}; give more of it",
                                by_key.size(), wanted));
  if (by_key.size() == 1) return by_key;
  std::stable_sort(by_name.begin(), by_name.end(),
                   [](const Entry& a, const Entry& b) { return a.file.time > b.file.time; });
  if (!by_name.empty()) return by_name;
  const runtime::CacheSettings settings = runtime::cache_settings();
  const std::vector<std::string_view> known(names.begin(), names.end());
  if (settings.directory.empty() && settings.layers.empty())
    throw UserError(
        fmt::format("{} is no file, and there is no cache: none of CROTON_CACHE_DIR, "
                    "XDG_CACHE_HOME and HOME is "
                    "set",
                    wanted));
  throw UserError(fmt::format(
      "{} is no file and no function in the cache {}{}{}", wanted, settings.directory,
      ir::suggestion(wanted, known),
      names.empty() ? "; it holds no functions" : "; croton cache ls lists what there is"));
}

Entry request_of(const std::string& wanted) { return requests_of(wanted).front(); }

std::string same_named(const std::vector<Entry>& requests) {
  std::string out;
  const auto here = runtime::parse_request_material(requests.front().opened.material);
  for (std::size_t i = 1; i < requests.size(); ++i) {
    const Entry& other = requests[i];
    out += fmt::format("\n  {}, last used {}", other.file.key.substr(0, 12),
                       time_text(other.file.time));
    const auto there = runtime::parse_request_material(other.opened.material);
    const std::vector<Change> all =
        there && here ? changes(*there, *here, {}) : std::vector<Change>{};
    if (!all.empty()) out += ": " + text_of(all.front());
    if (all.size() > 1) out += fmt::format(", and {} more", all.size() - 1);
  }
  return out;
}

}  // namespace croton::tool
