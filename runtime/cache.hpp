// The kernel cache on disk. One file per entry, holding its key material in the clear, named
// sections and a checksum. Entries are written aside and renamed, so readers see all or nothing;
// there is no lock, and the loser of a race uses its own result. Nothing here throws: bad content
// is deleted and counts as a miss, an I/O error is a miss. The cache can make a program slower,
// never make it fail.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace croton::runtime {

using CacheSections = std::map<std::string, std::string>;

struct CacheStats {
  long hits = 0, misses = 0, stores = 0, rejected = 0;
};

/// The entry whose key material is exactly `material`, from memory, the writable directory or the
/// read-only layers of CROTON_CACHE_PATH. `kind` is "kernel" or "request".
[[nodiscard]] std::optional<CacheSections> cache_find(std::string_view kind,
                                                      std::string_view material);
void cache_store(std::string_view kind, std::string_view material, const CacheSections& sections);

/// The sections of an entry's bytes; nothing when they are damaged or belong to another key.
[[nodiscard]] std::optional<CacheSections> cache_parse(std::string_view bytes,
                                                       std::string_view material);
[[nodiscard]] CacheStats cache_stats();
/// "" when entries are kept in memory only.
[[nodiscard]] std::string cache_directory();
/// A fixed 128-bit hash as 32 hexadecimal digits: two rounds of FNV-1a (Fowler, Noll, Vo) with
/// different offsets, finished by SplitMix64's mixing.
[[nodiscard]] std::string cache_hash(std::string_view bytes);

}  // namespace croton::runtime
