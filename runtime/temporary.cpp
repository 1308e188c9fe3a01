#include "runtime/temporary.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iterator>

namespace croton::runtime {
namespace {

// The handler reads paths where they lie, so that they have static places: one that it has taken is
// never written to again.
enum class State : int { unused, written, noted, taken };
struct Slot {
  std::atomic<State> state{State::unused};
  pid_t owner = 0;  // a child of fork has its parent's notes, and leaves them alone
  char path[PATH_MAX];
};
Slot slots[32];
struct ChildSlot {
  std::atomic<pid_t> child{0};
  std::atomic<pid_t> owner{0};
};
ChildSlot children[256];
static_assert(std::atomic<State>::is_always_lock_free);

// Of getdents64, which the C library offers only with buffers of its own.
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short size;
  unsigned char type;
  char name[1];
};

// Everything here is what a handler of signals may do: no allocation, no lock.
void remove_contents(int folder, int depth) {  // NOLINT(misc-no-recursion)
  alignas(Entry) char buffer[2048];
  for (;;) {
    const long n = syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    if (n <= 0) return;
    for (long at = 0; at < n;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->size;
      const char* name = entry->name;
      if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
      if (unlinkat(folder, name, 0) == 0 || depth == 0) continue;
      const int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (inner < 0) continue;
      remove_contents(inner, depth - 1);
      close(inner);
      unlinkat(folder, name, AT_REMOVEDIR);
    }
  }
}

void remove_path(const char* path) {
  constexpr int kDepth = 8, kAttempts = 20;  // another thread may still be writing into a folder
  if (unlink(path) == 0) return;
  for (int i = 0; i < kAttempts; ++i) {
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return;
    remove_contents(folder, kDepth);
    close(folder);
    if (rmdir(path) == 0) return;
  }
}

// What was ended with SIGTERM has removed its own.
void end_children(pid_t self) {
  const auto each = [&](auto act) {
    for (ChildSlot& slot : children)
      if (const pid_t child = slot.child.load();
          child > 0 && slot.owner.load() == self && act(child))
        slot.child.store(0);
  };
  each([](pid_t child) { return kill(child, SIGTERM) != 0; });
  constexpr int kTurns = 50;
  for (int turn = 0; turn < kTurns; ++turn) {
    bool left = false;
    each([&](pid_t child) {
      const bool ended = waitpid(child, nullptr, WNOHANG) != 0;
      left |= !ended;
      return ended;
    });
    if (!left) return;
    constexpr timespec kPause{0, 10'000'000};
    nanosleep(&kPause, nullptr);
  }
  each([](pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return true;
  });
}

void handle(int signal) {
  const pid_t self = getpid();
  end_children(self);
  for (Slot& slot : slots) {
    State noted = State::noted;
    if (slot.state.load() == State::noted && slot.owner == self &&
        slot.state.compare_exchange_strong(noted, State::taken))
      remove_path(slot.path);
  }
  // Whatever has set this handler again meanwhile, with other flags: NVRTC does.
  std::signal(signal, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  raise(signal);
}

}  // namespace

Temporary::Temporary(const std::filesystem::path& path) : slot_(-1) {
  std::error_code error;
  // The process may go to another folder before it is interrupted.
  const std::string name = std::filesystem::absolute(path, error).string();
  if (error || name.size() >= sizeof slots[0].path) return;
  for (std::size_t i = 0; i < std::size(slots); ++i) {
    State unused = State::unused;
    if (!slots[i].state.compare_exchange_strong(unused, State::written)) continue;
    std::memcpy(slots[i].path, name.c_str(), name.size() + 1);
    slots[i].owner = getpid();
    slots[i].state.store(State::noted);
    slot_ = static_cast<int>(i);
    return;
  }
}

Temporary::~Temporary() {
  if (slot_ < 0) return;
  State noted = State::noted;
  slots[slot_].state.compare_exchange_strong(noted, State::unused);
}

WorkingChild::WorkingChild(pid_t child) : slot_(-1) {
  for (std::size_t i = 0; i < std::size(children); ++i) {
    pid_t none = 0;
    if (!children[i].child.compare_exchange_strong(none, -1)) continue;
    children[i].owner.store(getpid());
    children[i].child.store(child);
    slot_ = static_cast<int>(i);
    return;
  }
}

WorkingChild::~WorkingChild() {
  if (slot_ >= 0) children[slot_].child.store(0);
}

void remove_temporaries_on_signals() {
  for (const int signal : {SIGHUP, SIGINT, SIGPIPE, SIGTERM}) {
    struct sigaction now {};
    if (sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) continue;
    struct sigaction ours {};
    ours.sa_handler = handle;
    sigemptyset(&ours.sa_mask);
    sigaction(signal, &ours, nullptr);
  }
}

}  // namespace croton::runtime
