// Entries of a cache as files: their form, whom they are trusted from, how they are written aside,
// listed and removed. DIRECTORY/ab/ab….KIND; nothing else in a cache directory is touched.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace croton::runtime {

using CacheSections = std::map<std::string, std::string>;

/// A fixed 128-bit hash as 32 hexadecimal digits: two rounds of FNV-1a (Fowler, Noll, Vo) with
/// different offsets, finished by SplitMix64's mixing.
[[nodiscard]] std::string cache_hash(std::string_view bytes);
[[nodiscard]] std::string entry_path(const std::string& directory, std::string_view kind,
                                     const std::string& hash);
[[nodiscard]] std::string serialised(std::string_view material, const CacheSections& sections);

/// What reading a file found. `problem` is "" exactly when the entry is whole and trusted; a file
/// that is not there has the system's words for it.
struct OpenedEntry {
  std::string problem;
  bool damaged = false;  // the content is bad: deleting it loses nothing
  std::string material;
  CacheSections sections;
};
[[nodiscard]] OpenedEntry parse_entry(std::string_view bytes);
/// Reads and parses; a good entry's time is renewed when `renew`, at most once an hour.
[[nodiscard]] OpenedEntry open_entry(const std::string& path, bool renew);
/// True when the directory belongs to the user or root and nobody else may write in it.
[[nodiscard]] bool trusted_directory(const std::string& path);
/// Aside, then renamed; directories are made. "", or why it could not be done.
[[nodiscard]] std::string write_entry(const std::string& directory, const std::string& path,
                                      std::string_view bytes);

struct CacheFile {
  std::string path, kind, key;
  std::int64_t bytes = 0;
  std::int64_t time = 0;  // of last use, in seconds since 1970
};
/// Entries, newest first. Without `parts`, files that were being written are left out; with it they
/// have the kind "part".
[[nodiscard]] std::vector<CacheFile> list_entries(const std::string& directory, bool parts = false);
/// Entries, files that were being written, and notes of misses (kind "miss"): all that is the
/// cache's own.
[[nodiscard]] std::vector<CacheFile> list_files(const std::string& directory);
/// Removes the entries used longest ago until 80 % of `max_bytes` is left, when there are more.
/// Returns what was removed.
std::vector<CacheFile> cache_shrink(const std::string& directory, std::int64_t max_bytes);

}  // namespace croton::runtime
