// What a process that is interrupted must not leave behind.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace croton::runtime {

/// Notes that `path`, a file or a folder, is this process's own and not finished; the end of the
/// object forgets it. Made before the path is. What is noted beyond 32 at a time is not removed by
/// a signal, nor what has a name of more than 4,095 bytes.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& path);
  ~Temporary();
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

 private:
  int slot_;
};

/// A child that works on what is noted: a signal ends it first, with SIGTERM, and with SIGKILL when
/// it has not ended after half a second. Beyond 256 at a time none is.
class WorkingChild {
 public:
  explicit WorkingChild(pid_t child);
  ~WorkingChild();
  WorkingChild(const WorkingChild&) = delete;
  WorkingChild& operator=(const WorkingChild&) = delete;

 private:
  int slot_;
};

/// From here on SIGHUP, SIGINT, SIGPIPE and SIGTERM remove what is noted, folders with all that is
/// in them, and then end the process as they would have. Signals that are ignored or handled stay
/// so. For croton's own programs: a library leaves the signals of its program alone.
void remove_temporaries_on_signals();

}  // namespace croton::runtime
