#include "runtime/cache.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "runtime/config.hpp"

namespace croton::runtime {
namespace {

constexpr std::string_view kMagic = "CROTON-CACHE-1\n";
constexpr std::int64_t kDefaultMax = std::int64_t{1} << 30;

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

struct Settings {
  bool read = true, write = true;
  std::string directory;
  std::vector<std::string> layers;
  std::int64_t max_bytes = kDefaultMax;
};

std::string environment(const char* name) { return setting(name).value_or(""); }

Settings read_settings() {
  Settings s;
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
    s.max_bytes = std::max<std::int64_t>(0, std::atoll(max.c_str()));
  return s;
}

// Read anew for every look-up, so that tests and programs may change the environment.
std::mutex memory_mutex;
std::map<std::string, CacheSections>& memory() {
  static auto* entries = new std::map<std::string, CacheSections>;
  return *entries;
}
std::atomic<long> hits{0}, misses{0}, stores{0}, rejected{0};

std::string entry_path(const std::string& directory, std::string_view kind,
                       const std::string& hash) {
  return fmt::format("{}/{}/{}.{}", directory, hash.substr(0, 2), hash, kind);
}

void append_text(std::string& out, std::string_view text) {
  const std::uint64_t size = text.size();
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out += text;
}

std::string serialised(std::string_view material, const CacheSections& sections) {
  std::string body;
  append_text(body, material);
  for (const auto& [name, text] : sections) {
    append_text(body, name);
    append_text(body, text);
  }
  return std::string(kMagic) + cache_hash(body) + body;
}

bool take_text(std::string_view& rest, std::string* text) {
  std::uint64_t size = 0;
  if (rest.size() < sizeof size) return false;
  std::memcpy(&size, rest.data(), sizeof size);
  rest.remove_prefix(sizeof size);
  if (size > rest.size()) return false;
  text->assign(rest.substr(0, size));
  rest.remove_prefix(size);
  return true;
}

enum class Parsed : std::uint8_t { ok, other_key, damaged };

Parsed parse(std::string_view bytes, std::string_view material, CacheSections* sections) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + 32) return Parsed::damaged;
  const std::string_view hash = bytes.substr(kMagic.size(), 32),
                         body = bytes.substr(kMagic.size() + 32);
  if (cache_hash(body) != hash) return Parsed::damaged;
  std::string_view rest = body;
  std::string name, text;
  if (!take_text(rest, &text)) return Parsed::damaged;
  if (text != material) return Parsed::other_key;
  while (!rest.empty()) {
    if (!take_text(rest, &name) || !take_text(rest, &text)) return Parsed::damaged;
    (*sections)[name] = text;
  }
  return Parsed::ok;
}

// Owned by the user or root, and writable by nobody else: what it holds will be executed.
bool trusted(const struct stat& s) {
  return (s.st_uid == geteuid() || s.st_uid == 0) && (s.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool trusted_directory(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode) && trusted(s);
}

std::optional<std::string> read_trusted(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return std::nullopt;
  struct stat s {};
  std::optional<std::string> out;
  if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && trusted(s) && s.st_size < (1 << 28)) {
    out.emplace(static_cast<std::size_t>(s.st_size), '\0');
    std::size_t done = 0;
    while (done < out->size()) {
      const ssize_t n = read(fd, out->data() + done, out->size() - done);
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
    if (done != out->size()) out.reset();
    // Least recently used goes first: a hit renews the time, at most once an hour.
    struct timespec now {};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out && now.tv_sec - s.st_mtim.tv_sec > 3600) futimens(fd, nullptr);
  }
  close(fd);
  return out;
}

bool make_directories(const std::string& path) {
  for (std::size_t at = 1; at <= path.size(); ++at)
    if (at == path.size() || path[at] == '/') {
      const std::string part = path.substr(0, at);
      if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return false;
    }
  return true;
}

void write_entry(const std::string& directory, const std::string& path, const std::string& bytes) {
  if (!make_directories(path.substr(0, path.rfind('/'))) || !trusted_directory(directory)) return;
  static std::atomic<int> number{0};
  const std::string aside = fmt::format("{}.{}.{}.part", path, getpid(), number++);
  const int fd = open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return;
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = write(fd, bytes.data() + done, bytes.size() - done);
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  const bool complete = close(fd) == 0 && done == bytes.size();
  if (!complete || rename(aside.c_str(), path.c_str()) != 0) unlink(aside.c_str());
}

// Every 64th store measures the directory; above the limit, the oldest entries go until 80 % is
// left.
void evict(const Settings& settings) {
  static std::atomic<int> calls{0};
  if (calls++ % 64 != 0) return;
  struct File {
    std::string path;
    std::int64_t size;
    std::int64_t time;
  };
  std::vector<File> files;
  std::int64_t total = 0;
  DIR* top = opendir(settings.directory.c_str());
  if (!top) return;
  while (const dirent* sub = readdir(top)) {
    if (std::strlen(sub->d_name) != 2 || sub->d_name[0] == '.') continue;
    const std::string folder = settings.directory + "/" + sub->d_name;
    DIR* inner = opendir(folder.c_str());
    if (!inner) continue;
    while (const dirent* file = readdir(inner)) {
      struct stat s {};
      const std::string path = folder + "/" + file->d_name;
      if (file->d_name[0] == '.' || stat(path.c_str(), &s) != 0) continue;
      files.push_back({path, s.st_size, s.st_mtim.tv_sec});
      total += s.st_size;
    }
    closedir(inner);
  }
  closedir(top);
  if (total <= settings.max_bytes) return;
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.time < b.time; });
  for (const File& file : files) {
    if (total <= settings.max_bytes / 5 * 4) break;
    if (unlink(file.path.c_str()) == 0) total -= file.size;
  }
}

}  // namespace

std::string cache_hash(std::string_view bytes) {
  std::uint64_t a = 0xcbf29ce484222325u, b = 0x84222325cbf29ce4u;
  for (const char c : bytes) {
    a = (a ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    b = (b ^ static_cast<unsigned char>(c) ^ (a >> 56)) * 0x100000001b3u;
  }
  return fmt::format("{:016x}{:016x}", mixed(a ^ bytes.size()), mixed(b + a));
}

std::optional<CacheSections> cache_parse(std::string_view bytes, std::string_view material) {
  CacheSections sections;
  if (parse(bytes, material, &sections) != Parsed::ok) return std::nullopt;
  return sections;
}

std::string cache_directory() { return read_settings().directory; }

CacheStats cache_stats() { return {hits, misses, stores, rejected}; }

std::optional<CacheSections> cache_find(std::string_view kind, std::string_view material) {
  const Settings settings = read_settings();
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
      const std::optional<std::string> bytes = read_trusted(path);
      if (!bytes) continue;
      CacheSections sections;
      const Parsed parsed = parse(*bytes, material, &sections);
      if (parsed == Parsed::ok) {
        ++hits;
        sections["key"] = material;
        const std::lock_guard lock(memory_mutex);
        return memory()[in_memory] = std::move(sections);
      }
      ++rejected;
      if (parsed == Parsed::damaged && settings.write && directory == settings.directory)
        unlink(path.c_str());
    }
  }
  ++misses;
  return std::nullopt;
}

void cache_store(std::string_view kind, std::string_view material, const CacheSections& sections) {
  const Settings settings = read_settings();
  if (!settings.read) return;
  const std::string hash = cache_hash(material);
  {
    const std::lock_guard lock(memory_mutex);
    CacheSections& entry = memory()[std::string(kind) + hash] = sections;
    entry["key"] = material;
  }
  ++stores;
  if (!settings.write || settings.directory.empty()) return;
  write_entry(settings.directory, entry_path(settings.directory, kind, hash),
              serialised(material, sections));
  evict(settings);
}

}  // namespace croton::runtime
