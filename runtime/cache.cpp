#include "runtime/cache.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include "runtime/config.hpp"

namespace croton::runtime {
namespace {

constexpr std::int64_t kDefaultMax = std::int64_t{1} << 30;

std::string environment(const char* name) { return setting(name).value_or(""); }

// Read anew for every look-up, so that tests and programs may change the environment.
CacheSettings read_settings() {
  CacheSettings s;
  s.max_bytes = kDefaultMax;
  const std::string mode = environment("CROTON_CACHE");
  if (mode == "off") s.read = s.write = false;
  if (mode == "ro") s.write = false;
  s.directory = environment("CROTON_CACHE_DIR");
  if (s.directory.empty()) {
    if (const std::string xdg = system_variable("XDG_CACHE_HOME"); !xdg.empty())
      s.directory = xdg + "/croton";
    else if (const std::string home = system_variable("HOME"); !home.empty())
      s.directory = home + "/.cache/croton";
  }
  const std::string path = environment("CROTON_CACHE_PATH");
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find(':', at), path.size());
    if (end > at) s.layers.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  if (const std::string max = environment("CROTON_CACHE_MAX"); !max.empty())
    s.max_bytes = byte_count(max).value_or(kDefaultMax);
  return s;
}

std::mutex memory_mutex;
std::map<std::string, CacheSections>& memory() {
  static auto* entries = new std::map<std::string, CacheSections>;
  return *entries;
}
std::string& store_problem() {
  static auto* problem = new std::string;
  return *problem;
}
std::atomic<long> hits{0}, misses{0}, stores{0}, rejected{0};

// Every 64th store measures the directory; above the limit, the oldest entries go until 80 % is
// left.
void evict(const CacheSettings& settings) {
  static std::atomic<int> calls{0};
  if (calls++ % 64 == 0) (void)cache_shrink(settings.directory, settings.max_bytes);
}

}  // namespace

CacheSettings cache_settings() { return read_settings(); }

std::string cache_directory() { return read_settings().directory; }

std::optional<CacheSections> cache_parse(std::string_view bytes, std::string_view material) {
  OpenedEntry entry = parse_entry(bytes);
  if (!entry.problem.empty() || entry.material != material) return std::nullopt;
  return std::move(entry.sections);
}

std::string cache_store_problem() {
  const std::lock_guard lock(memory_mutex);
  return store_problem();
}

CacheStats cache_stats() { return {hits, misses, stores, rejected}; }

std::optional<CacheSections> cache_find(std::string_view kind, std::string_view material) {
  const CacheSettings settings = read_settings();
  const std::string hash = cache_hash(material);
  const std::string in_memory = std::string(kind) + hash;
  if (settings.read) {
    {
      const std::lock_guard lock(memory_mutex);
      if (const auto it = memory().find(in_memory);
          it != memory().end() && it->second.at("key") == material) {
        ++hits;
        return it->second;
      }
    }
    std::vector<std::string> directories = settings.layers;
    if (!settings.directory.empty()) directories.insert(directories.begin(), settings.directory);
    for (const std::string& directory : directories) {
      const std::string path = entry_path(directory, kind, hash);
      if (!trusted_directory(directory) || !trusted_directory(path.substr(0, path.rfind('/'))))
        continue;
      if (access(path.c_str(), F_OK) != 0) continue;
      OpenedEntry entry = open_entry(path, true);
      if (entry.problem.empty() && entry.material == material) {
        ++hits;
        entry.sections["key"] = material;
        const std::lock_guard lock(memory_mutex);
        return memory()[in_memory] = std::move(entry.sections);
      }
      ++rejected;
      if (entry.damaged && settings.write && directory == settings.directory) unlink(path.c_str());
    }
  }
  ++misses;
  return std::nullopt;
}

bool cache_has(std::string_view kind, std::string_view material) {
  const CacheSettings settings = read_settings();
  if (!settings.read) return false;
  const std::string hash = cache_hash(material);
  {
    const std::lock_guard lock(memory_mutex);
    if (memory().contains(std::string(kind) + hash)) return true;
  }
  std::vector<std::string> directories = settings.layers;
  if (!settings.directory.empty()) directories.push_back(settings.directory);
  return std::any_of(directories.begin(), directories.end(), [&](const std::string& directory) {
    return access(entry_path(directory, kind, hash).c_str(), R_OK) == 0;
  });
}

void cache_store(std::string_view kind, std::string_view material, const CacheSections& sections) {
  const CacheSettings settings = read_settings();
  if (!settings.read) return;
  const std::string hash = cache_hash(material);
  {
    const std::lock_guard lock(memory_mutex);
    CacheSections& entry = memory()[std::string(kind) + hash] = sections;
    entry["key"] = material;
  }
  ++stores;
  if (!settings.write || settings.directory.empty()) return;
  std::string problem = write_entry(settings.directory, entry_path(settings.directory, kind, hash),
                                    serialised(material, sections));
  if (!problem.empty()) {
    log("cache", fmt::format("nothing is kept in {}: {}", settings.directory, problem));
    const std::lock_guard lock(memory_mutex);
    store_problem() = std::move(problem);
  }
  evict(settings);
}

}  // namespace croton::runtime
