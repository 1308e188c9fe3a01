// The processes behind `croton run --cases`. The supervisor compiles nothing and starts no thread,
// so that a child of fork is as good as a fresh process, as often as one is needed.
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "ir/error.hpp"
#include "runtime/temporary.hpp"
#include "tools/croton/cases.hpp"

namespace croton::tool {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTasksPerWorker = 4000;  // then a fresh one: memory that grows stays bounded
constexpr std::uint64_t kMaxAnswer = std::uint64_t{1} << 30;

bool send_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool send_frame(int fd, const std::string& text) {
  const std::uint64_t size = text.size();
  return send_all(fd, reinterpret_cast<const char*>(&size), sizeof size) &&
         send_all(fd, text.data(), text.size());
}

bool receive_all(int fd, char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = recv(fd, data, size, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

[[noreturn]] void serve(int fd, const std::function<std::string(const std::string&)>& work) {
  for (;;) {
    std::uint64_t size = 0;
    if (!receive_all(fd, reinterpret_cast<char*>(&size), sizeof size)) _exit(0);
    std::string text(size, '\0');
    if (!receive_all(fd, text.data(), size)) _exit(0);
    if (!send_frame(fd, work(text))) _exit(0);
  }
}

std::string how_it_died(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    const char* name = sigdescr_np(signal);
    return fmt::format("the process died of signal {} ({})", signal, name ? name : "unknown");
  }
  return fmt::format("the process ended with exit code {}", WEXITSTATUS(status));
}

class Supervisor {
 public:
  Supervisor(const WorkerOptions& options, const std::function<bool(Task&)>& next,
             const std::function<void(const Outcome&)>& done)
      : options_(options), next_(next), done_(done) {}
  ~Supervisor() {
    for (Worker& worker : workers_) stop(worker);
  }

  void run() {
    workers_.resize(static_cast<std::size_t>(std::max(1, options_.workers)));
    for (;;) {
      for (Worker& worker : workers_)
        if (!worker.task && !give(worker)) break;
      std::vector<pollfd> waiting;
      std::vector<Worker*> who;
      Clock::time_point first = Clock::time_point::max();
      for (Worker& worker : workers_)
        if (worker.task) {
          waiting.push_back({worker.fd, POLLIN, 0});
          who.push_back(&worker);
          first = std::min(first, worker.deadline);
        }
      if (who.empty()) return;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Clock::now()).count();
      const int wait = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
      if (poll(waiting.data(), waiting.size(), wait) < 0 && errno != EINTR)
        throw InternalError(fmt::format("poll: {}", std::strerror(errno)));
      for (std::size_t i = 0; i < who.size(); ++i) {
        if (waiting[i].revents != 0) receive(*who[i]);
        if (who[i]->task && Clock::now() >= who[i]->deadline) {
          finish(*who[i], Outcome::Kind::timeout,
                 fmt::format("it took more than {} s", who[i]->task->timeout));
        }
      }
    }
  }

 private:
  struct Worker {
    pid_t pid = 0;
    int fd = -1;
    int tasks = 0;
    std::optional<Task> task;
    Clock::time_point deadline;
    std::string incoming;
    std::unique_ptr<runtime::WorkingChild> noted;
  };

  void start(Worker& worker) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      throw InternalError(fmt::format("socketpair: {}", std::strerror(errno)));
    std::fflush(nullptr);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) throw InternalError(fmt::format("fork: {}", std::strerror(errno)));
    if (pid == 0) {
      // Without the others' ends, a worker sees the supervisor's end closed whatever becomes of it.
      for (const Worker& other : workers_)
        if (other.fd >= 0) close(other.fd);
      close(ends[0]);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(0);
      serve(ends[1], options_.work);
    }
    close(ends[1]);
    worker = Worker{pid, ends[0], 0, std::nullopt, {}, {}, {}};
    worker.noted = std::make_unique<runtime::WorkingChild>(pid);
  }

  void stop(Worker& worker) {
    if (worker.pid == 0) return;
    close(worker.fd);
    if (worker.task) kill(worker.pid, SIGKILL);
    waitpid(worker.pid, nullptr, 0);
    worker = Worker{};
  }

  // False when there is no task left.
  bool give(Worker& worker) {
    Task task;
    if (!next_(task)) return false;
    if (worker.pid != 0 && worker.tasks >= kTasksPerWorker) stop(worker);
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (worker.pid == 0) start(worker);
      if (send_frame(worker.fd, task.text)) {
        const auto time = std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(std::min(task.timeout, 1e8)));
        worker.deadline = Clock::now() + time;
        worker.task = std::move(task);
        ++worker.tasks;
        return true;
      }
      stop(worker);  // it died while it was idle
    }
    done_({Outcome::Kind::crash, task.number, "no worker takes it"});
    return true;
  }

  void receive(Worker& worker) {
    char buffer[1 << 16];
    const ssize_t n = recv(worker.fd, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) return finish(worker, Outcome::Kind::crash, "");
    worker.incoming.append(buffer, static_cast<std::size_t>(n));
    std::uint64_t size = 0;
    if (worker.incoming.size() < sizeof size) return;
    std::memcpy(&size, worker.incoming.data(), sizeof size);
    if (size > kMaxAnswer) return finish(worker, Outcome::Kind::crash, "its answer is damaged");
    if (worker.incoming.size() < sizeof size + size) return;
    const Outcome outcome{Outcome::Kind::answer, worker.task->number,
                          worker.incoming.substr(sizeof size, size)};
    worker.incoming.clear();
    worker.task.reset();
    done_(outcome);
  }

  // Its process ends here, if it has not done so already.
  void finish(Worker& worker, Outcome::Kind kind, std::string how) {
    int status = 0;
    close(worker.fd);
    kill(worker.pid, SIGKILL);  // a process that is dying keeps its own reason
    waitpid(worker.pid, &status, 0);
    if (how.empty()) how = how_it_died(status);
    const Outcome outcome{kind, worker.task->number, std::move(how)};
    worker = Worker{};
    done_(outcome);
  }

  const WorkerOptions& options_;
  const std::function<bool(Task&)>& next_;
  const std::function<void(const Outcome&)>& done_;
  std::vector<Worker> workers_;
};

}  // namespace

void run_workers(const WorkerOptions& options, const std::function<bool(Task&)>& next,
                 const std::function<void(const Outcome&)>& done) {
  Supervisor(options, next, done).run();
}

}  // namespace croton::tool
