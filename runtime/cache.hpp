// The kernel cache on disk. One file per entry, holding its key material in the clear, named
// sections and a checksum. Entries are written aside and renamed, so readers see all or nothing;
// there is no lock, and the loser of a race uses its own result. Nothing here throws: bad content
// is deleted and counts as a miss, an I/O error is a miss. The cache can make a program slower,
// never make it fail.
#pragma once

#include "runtime/cache_file.hpp"

namespace croton::runtime {

/// What the environment says of the cache, read when it is asked for.
struct CacheSettings {
  bool read = true, write = true;
  std::string directory;            // "" when entries are kept in memory only
  std::vector<std::string> layers;  // read-only
  std::int64_t max_bytes = 0;
};
[[nodiscard]] CacheSettings cache_settings();

struct CacheStats {
  long hits = 0, misses = 0, stores = 0, rejected = 0;
};

/// The entry whose key material is exactly `material`, from memory, the writable directory or the
/// read-only layers of CROTON_CACHE_PATH. `kind` is "kernel" or "request".
[[nodiscard]] std::optional<CacheSections> cache_find(std::string_view kind,
                                                      std::string_view material);
/// Whether `cache_find` would look into a file or find the entry in memory; nothing is counted,
/// read or renewed.
[[nodiscard]] bool cache_has(std::string_view kind, std::string_view material);
void cache_store(std::string_view kind, std::string_view material, const CacheSections& sections);
/// Why the last entry of this process that could not be kept in the writable directory could not;
/// "" when all were.
[[nodiscard]] std::string cache_store_problem();

/// The sections of an entry's bytes; nothing when they are damaged or belong to another key.
[[nodiscard]] std::optional<CacheSections> cache_parse(std::string_view bytes,
                                                       std::string_view material);
[[nodiscard]] CacheStats cache_stats();
/// "" when entries are kept in memory only.
[[nodiscard]] std::string cache_directory();
}  // namespace croton::runtime
