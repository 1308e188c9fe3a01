#include "runtime/cache_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "runtime/file.hpp"
#include "runtime/temporary.hpp"

namespace croton::runtime {
namespace {

constexpr std::string_view kMagic = "CROTON-CACHE-1\n";
constexpr std::size_t kHashLength = 32;
constexpr std::int64_t kLargestEntry = std::int64_t{1} << 28;
constexpr std::string_view kPart = ".part", kNote = "miss";

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

void append_text(std::string& out, std::string_view text) {
  const std::uint64_t size = text.size();
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out += text;
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

OpenedEntry refused(std::string problem, bool damaged = false) {
  OpenedEntry out;
  out.problem = std::move(problem);
  out.damaged = damaged;
  return out;
}

// Owned by the user or root, and writable by nobody else: what it holds will be executed.
bool trusted(const struct stat& s) {
  return (s.st_uid == geteuid() || s.st_uid == 0) && (s.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool read_all(int fd, std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = read(fd, bytes.data() + done, bytes.size() - done);
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

bool make_directories(const std::string& path) {
  for (std::size_t at = 1; at <= path.size(); ++at)
    if (at == path.size() || path[at] == '/') {
      const std::string part = path.substr(0, at);
      if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return false;
    }
  return true;
}

bool is_hexadecimal(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
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

std::string entry_path(const std::string& directory, std::string_view kind,
                       const std::string& hash) {
  return fmt::format("{}/{}/{}.{}", directory, hash.substr(0, 2), hash, kind);
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

OpenedEntry parse_entry(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + kHashLength)
    return refused("it does not begin as an entry", true);
  const std::string_view hash = bytes.substr(kMagic.size(), kHashLength);
  std::string_view rest = bytes.substr(kMagic.size() + kHashLength);
  if (cache_hash(rest) != hash) return refused("its checksum does not hold", true);
  OpenedEntry out;
  if (!take_text(rest, &out.material)) return refused("its key is cut off", true);
  std::string name, text;
  while (!rest.empty()) {
    if (!take_text(rest, &name) || !take_text(rest, &text))
      return refused("a section is cut off", true);
    out.sections[name] = text;
  }
  return out;
}

OpenedEntry open_entry(const std::string& path, bool renew) {
  // Not blocking: a pipe in an entry's place must not hold the program.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return refused(std::strerror(errno));
  struct stat s {};
  OpenedEntry out;
  std::string bytes;
  if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
    out = refused("it is no ordinary file");
  } else if (!trusted(s)) {
    out =
        refused(fmt::format("it belongs to user {} and has mode {:o}: it must belong to you or "
                            "root and be writable by nobody else",
                            s.st_uid, s.st_mode & 07777));
  } else if (s.st_size >= kLargestEntry) {
    out = refused("it is too large", true);
  } else {
    bytes.resize(static_cast<std::size_t>(s.st_size));
    out = read_all(fd, bytes) ? parse_entry(bytes) : refused("it cannot be read");
    struct timespec now {};
    clock_gettime(CLOCK_REALTIME, &now);
    if (renew && out.problem.empty() && now.tv_sec - s.st_mtim.tv_sec > 3600) futimens(fd, nullptr);
  }
  close(fd);
  return out;
}

bool trusted_directory(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode) && trusted(s);
}

std::string write_entry(const std::string& directory, const std::string& path,
                        std::string_view bytes) {
  const std::string folder = path.substr(0, path.rfind('/'));
  if (!make_directories(folder)) return std::strerror(errno);
  for (const std::string& one : {directory, folder})
    if (struct stat s{}; stat(one.c_str(), &s) == 0 && !S_ISDIR(s.st_mode))
      return one + " is no directory";
    else if (!trusted_directory(one))
      return one + " must belong to you or root and be writable by nobody else";
  static std::atomic<int> number{0};
  const std::string aside = fmt::format("{}.{}.{}{}", path, getpid(), number++, kPart);
  const Temporary noted(aside);
  const int fd = open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return std::strerror(errno);
  int reason = write_all(fd, bytes);
  if (close(fd) != 0 && reason == 0) reason = errno;
  if (reason == 0 && rename(aside.c_str(), path.c_str()) != 0) reason = errno;
  if (reason == 0) return "";
  unlink(aside.c_str());
  return std::strerror(reason);
}

std::vector<CacheFile> list_entries(const std::string& directory, bool parts) {
  std::vector<CacheFile> files = list_files(directory);
  std::erase_if(files, [&](const CacheFile& file) {
    return file.kind == kNote || (!parts && file.kind == "part");
  });
  return files;
}

std::vector<CacheFile> list_files(const std::string& directory) {
  std::vector<CacheFile> files;
  DIR* top = opendir(directory.c_str());
  if (!top) return files;
  while (const dirent* sub = readdir(top)) {
    if (std::strlen(sub->d_name) != 2 || !is_hexadecimal(sub->d_name)) continue;
    const std::string folder = directory + "/" + sub->d_name;
    DIR* inner = opendir(folder.c_str());
    if (!inner) continue;
    while (const dirent* file = readdir(inner)) {
      const std::string name = file->d_name, path = folder + "/" + name;
      struct stat s {};
      if (name.size() < kHashLength + 2 || name[kHashLength] != '.' ||
          !is_hexadecimal(name.substr(0, kHashLength)) || lstat(path.c_str(), &s) != 0 ||
          !S_ISREG(s.st_mode))
        continue;
      const bool part = name.ends_with(kPart);
      files.push_back({path, part ? "part" : name.substr(kHashLength + 1),
                       name.substr(0, kHashLength), s.st_size, s.st_mtim.tv_sec});
    }
    closedir(inner);
  }
  closedir(top);
  std::sort(files.begin(), files.end(), [](const CacheFile& a, const CacheFile& b) {
    return a.time != b.time ? a.time > b.time : a.path < b.path;
  });
  return files;
}

std::vector<CacheFile> cache_shrink(const std::string& directory, std::int64_t max_bytes) {
  std::vector<CacheFile> files = list_files(directory), removed;
  std::int64_t total = 0;
  for (const CacheFile& file : files) {
    // A file that was being written an hour ago belongs to a process that was killed.
    if (file.kind == "part" && file.time < std::time(nullptr) - 3600 &&
        unlink(file.path.c_str()) == 0)
      removed.push_back(file);
    else
      total += file.bytes;
  }
  if (total <= max_bytes) return removed;
  for (auto file = files.rbegin(); file != files.rend() && total > max_bytes / 5 * 4; ++file) {
    if (unlink(file->path.c_str()) != 0) continue;
    total -= file->bytes;
    removed.push_back(*file);
  }
  return removed;
}

}  // namespace croton::runtime
