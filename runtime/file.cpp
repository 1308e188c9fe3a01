#include "runtime/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ir/error.hpp"

namespace croton::runtime {

std::string read_file(const std::filesystem::path& path) {
  const auto fail = [&](int reason) {
    throw UserError(fmt::format("cannot read {}: {}", path.string(), std::strerror(reason)));
  };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(errno);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);  // of a pipe: an error
  constexpr std::size_t kStep = std::size_t{1} << 16;
  std::string bytes;
  std::size_t used = 0;
  int reason = 0;
  try {
    bytes.resize(std::max<std::size_t>(kStep, error ? 0 : size + 1));
    for (;;) {
      if (used == bytes.size()) bytes.resize(2 * used);
      const ssize_t n = read(fd, bytes.data() + used, bytes.size() - used);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) reason = errno;
      if (n <= 0) break;
      used += static_cast<std::size_t>(n);
    }
  } catch (...) {
    close(fd);
    throw;
  }
  close(fd);
  if (reason != 0) fail(reason);
  bytes.resize(used);
  return bytes;
}

}  // namespace croton::runtime
