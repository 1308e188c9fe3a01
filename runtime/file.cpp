#include "runtime/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "ir/error.hpp"
#include "runtime/temporary.hpp"

namespace croton::runtime {
namespace {

namespace fs = std::filesystem;

class OpenFile {
 public:
  OpenFile(const fs::path& path, int flags, mode_t mode = 0)
      : file_(open(path.c_str(), flags | O_CLOEXEC, mode)), reason_(file_ < 0 ? errno : 0) {}
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int file() const { return file_; }
  [[nodiscard]] int reason() const { return reason_; }  // why it is not open
  // Some file systems tell of a full disk only here.
  [[nodiscard]] int close() { return ::close(std::exchange(file_, -1)) == 0 ? 0 : errno; }

 private:
  int file_, reason_;
};

// What is half written stays.
int write_opened(const fs::path& path, int flags, std::string_view bytes,
                 std::optional<mode_t> mode = std::nullopt) {
  OpenFile out(path, O_WRONLY | flags, 0666);
  if (out.reason() != 0) return out.reason();
  int reason = write_all(out.file(), bytes);
  if (reason == 0 && mode && fchmod(out.file(), *mode) != 0) reason = errno;
  const int closing = out.close();
  return reason != 0 ? reason : closing;
}

}  // namespace

std::string read_open_file(int file, const std::string& name, bool (*plausible)(std::string_view)) {
  constexpr std::size_t kStart = std::size_t{1} << 16;
  struct stat status {};
  const bool sized = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  std::string bytes;
  std::size_t used = 0;
  int reason = 0;
  try {
    bytes.resize(kStart);
    for (bool asked = false;;) {
      if (!asked && used == kStart) {
        asked = true;
        if (plausible && !plausible(bytes)) break;
        if (sized) bytes.resize(std::max(used, static_cast<std::size_t>(status.st_size)) + 1);
      }
      if (used == bytes.size()) bytes.resize(2 * used);
      const ssize_t n = read(file, bytes.data() + used, bytes.size() - used);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) reason = errno;
      if (n <= 0) break;
      used += static_cast<std::size_t>(n);
    }
  } catch (const std::bad_alloc&) {
    reason = ENOMEM;
  } catch (const std::length_error&) {
    reason = ENOMEM;
  }
  if (reason != 0) throw UserError(fmt::format("cannot read {}: {}", name, std::strerror(reason)));
  bytes.resize(used);
  return bytes;
}

std::string read_file(const fs::path& path, bool (*plausible)(std::string_view)) {
  const OpenFile in(path, O_RDONLY);
  if (in.reason() != 0)
    throw UserError(fmt::format("cannot read {}: {}", path.string(), std::strerror(in.reason())));
  return read_open_file(in.file(), path.string(), plausible);
}

bool may_be_text(std::string_view start) { return start.find('\0') == std::string_view::npos; }

int write_all(int file, std::string_view bytes) {
  struct stat status {};
  struct rlimit limit {};
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
      getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < bytes.size())
    return EFBIG;
  while (!bytes.empty()) {
    const ssize_t n = write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

int write_new_file(const fs::path& path, std::string_view bytes) {
  return write_opened(path, O_CREAT | O_EXCL, bytes);
}

void write_file(const fs::path& path, std::string_view bytes) {
  const auto check = [&](int reason) {
    if (reason != 0)
      throw UserError(fmt::format("cannot write {}: {}", path.string(), std::strerror(reason)));
  };
  std::error_code error;
  const fs::file_status there = fs::status(path, error);
  if (there.type() == fs::file_type::none) check(error.value());
  const bool exists = fs::exists(there);
  // A link whose target is not there yet has nothing to replace.
  if (exists ? !fs::is_regular_file(there) : fs::is_symlink(fs::symlink_status(path, error)))
    return check(write_opened(path, exists ? 0 : O_CREAT, bytes));
  if (exists && access(path.c_str(), W_OK) != 0) check(errno);
  error.clear();
  const fs::path target = exists ? fs::canonical(path, error) : path;
  check(error.value());
  static std::atomic<int> number{0};
  const fs::path aside =
      target.parent_path() / fmt::format(".croton-{}-{}.part", getpid(), number++);
  const Temporary noted(aside);
  int reason =
      write_opened(aside, O_CREAT | O_EXCL, bytes,
                   exists ? std::optional(static_cast<mode_t>(there.permissions())) : std::nullopt);
  if (exists && (reason == EACCES || reason == EROFS))
    return check(write_opened(path, O_TRUNC, bytes));
  if (reason == 0 && rename(aside.c_str(), target.c_str()) != 0) reason = errno;
  if (reason != 0) unlink(aside.c_str());
  check(reason);
}

}  // namespace croton::runtime
