#include "runtime/jitdump.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "runtime/config.hpp"
#include "runtime/line_table.hpp"

namespace croton::runtime {
namespace {

constexpr std::uint32_t kMagic = 0x4A695444, kVersion = 1;
enum : std::uint32_t { kCodeLoad = 0, kDebugInfo = 2 };

struct FileHeader {
  std::uint32_t magic = kMagic, version = kVersion, size = sizeof(FileHeader), machine = EM_X86_64;
  std::uint32_t padding = 0, process = 0;
  std::uint64_t time = 0, flags = 0;
};
struct RecordHeader {
  std::uint32_t kind = 0, size = 0;
  std::uint64_t time = 0;
};
struct CodeLoad {
  std::uint32_t process = 0, thread = 0;
  std::uint64_t virtual_address = 0, address = 0, size = 0, index = 0;
};
struct DebugInfo {
  std::uint64_t address = 0, entries = 0;
};
struct DebugEntry {
  std::uint64_t address = 0;
  std::uint32_t line = 0, discriminator = 0;
};

// perf record -k 1 (CLOCK_MONOTONIC) stamps its events with the same clock.
std::uint64_t now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(t.tv_nsec);
}

template <class T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_record(std::string& out, std::uint32_t kind, const std::string& body) {
  append(out,
         RecordHeader{kind, static_cast<std::uint32_t>(sizeof(RecordHeader) + body.size()), now()});
  out += body;
}

class JitDump {
 public:
  void write(const LoadedCode& added, const std::list<const LoadedCode*>& all) {
    std::string text;
    if (process_ == getpid()) {
      add(text, added);
    } else {
      begin(text);
      for (const LoadedCode* code : all) add(text, *code);
    }
    if (file_ < 0) return;
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = ::write(file_, text.data() + done, text.size() - done);
      if (n <= 0) {
        log("jit", fmt::format("cannot write {}", path_));
        return;
      }
      done += static_cast<std::size_t>(n);
    }
    // perf finds the file by this mapping, which must be executable and there from the start.
    if (!mapped_)
      mapped_ = mmap(nullptr, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)),
                     PROT_READ | PROT_EXEC, MAP_PRIVATE, file_, 0) != MAP_FAILED;
    if (!mapped_) log("jit", fmt::format("{} cannot be mapped, so perf does not see it", path_));
  }

 private:
  void begin(std::string& text) {
    if (file_ >= 0) close(file_);
    process_ = getpid();
    mapped_ = false;
    index_ = 0;
    const std::string directory = system_variable("JITDUMPDIR");
    path_ = fmt::format("{}/jit-{}.dump", directory.empty() ? "." : directory, process_);
    unlink(path_.c_str());
    file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file_ < 0) log("jit", fmt::format("cannot write {}", path_));
    FileHeader header;
    header.process = static_cast<std::uint32_t>(process_);
    header.time = now();
    append(text, header);
  }

  void add(std::string& text, const LoadedCode& code) {
    const std::vector<CodeLine> lines = line_table(code.image);
    for (const CodeSymbol& function : code.symbols) {
      add_lines(text, function, lines);
      std::string body;
      append(body, CodeLoad{static_cast<std::uint32_t>(process_),
                            static_cast<std::uint32_t>(syscall(SYS_gettid)), function.address,
                            function.address, function.size, index_++});
      body.append(function.name.c_str(), function.name.size() + 1);
      body.append(reinterpret_cast<const char*>(function.address), function.size);
      append_record(text, kCodeLoad, body);
    }
  }

  // The lines of a function stand before it.
  static void add_lines(std::string& text, const CodeSymbol& function,
                        const std::vector<CodeLine>& lines) {
    DebugInfo info{function.address, 0};
    std::string entries;
    for (const CodeLine& line : lines) {
      if (line.line == 0 || line.address < function.address ||
          line.address >= function.address + function.size)
        continue;
      ++info.entries;
      append(entries, DebugEntry{line.address, line.line, 0});
      entries.append(line.file.c_str(), line.file.size() + 1);
    }
    if (info.entries == 0) return;
    std::string body;
    append(body, info);
    append_record(text, kDebugInfo, body + entries);
  }

  pid_t process_ = 0;
  int file_ = -1;
  bool mapped_ = false;
  std::uint64_t index_ = 0;  // of the next function
  std::string path_;
};

}  // namespace

void write_jitdump(const LoadedCode& added, const std::list<const LoadedCode*>& all) {
  static auto* dump = new JitDump;  // never destroyed: objects may outlive main
  dump->write(added, all);
}

}  // namespace croton::runtime
