#include "runtime/visible_code.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <new>

#include "runtime/cache.hpp"
#include "runtime/cache_file.hpp"
#include "runtime/config.hpp"
#include "runtime/jitdump.hpp"

// ---- GDB's JIT interface ("JIT Compilation Interface" in its manual): these names and layouts are
// what a debugger looks for. Protected: each library's debugger list is its own.
extern "C" {
struct jit_code_entry {
  jit_code_entry *next_entry, *prev_entry;
  const char* symfile_addr;
  std::uint64_t symfile_size;
};
struct jit_descriptor {
  std::uint32_t version;
  std::uint32_t action_flag;  // 0 nothing, 1 register, 2 unregister
  jit_code_entry* relevant_entry;
  jit_code_entry* first_entry;
};
__attribute__((visibility("protected"), used))
jit_descriptor __jit_debug_descriptor = {1, 0, nullptr, nullptr};
// A debugger's breakpoint stands here.
__attribute__((visibility("protected"), used, noinline)) void __jit_debug_register_code() {
  asm volatile("" ::: "memory");
}
}

namespace croton::runtime {
namespace {

// Guards the descriptor, the list and the map's file. Never destroyed: objects may outlive main.
std::mutex& guard() {
  static auto* mutex = new std::mutex;
  return *mutex;
}

void notify(std::uint32_t action, jit_code_entry* entry) {
  __jit_debug_descriptor.action_flag = action;
  __jit_debug_descriptor.relevant_entry = entry;
  __jit_debug_register_code();
  __jit_debug_descriptor.action_flag = 0;
  __jit_debug_descriptor.relevant_entry = nullptr;
}

std::list<const LoadedCode*>& all_code() {
  static auto* list = new std::list<const LoadedCode*>;
  return *list;
}

// Appends to /tmp/perf-PID.map, perf's own name for it. A file that was there before this process's
// first line is another's and goes; a link is not followed.
void write_perf_map(const LoadedCode& added) {
  static pid_t process = 0;
  const std::string path = fmt::format("/tmp/perf-{}.map", getpid());
  std::string text;
  const auto add = [&](const LoadedCode& code) {
    for (const CodeSymbol& s : code.symbols)
      text += fmt::format("{:x} {:x} {}\n", s.address, s.size, s.name);
  };
  const bool first = process != getpid();
  if (first) {
    // A child of fork has its parent's code under its own number.
    unlink(path.c_str());
    for (const LoadedCode* older : all_code())
      if (older != &added) add(*older);
  }
  add(added);
  const int create = first ? O_CREAT | O_EXCL : 0;
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | create, 0644);
  if (fd < 0) return;
  process = getpid();
  const ssize_t written = write(fd, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) log("jit", "cannot write " + path);
  close(fd);
}

template <class T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

struct VisibleCode::Entry {
  jit_code_entry entry{};
  LoadedCode code;
  std::list<const LoadedCode*>::iterator place;
};

VisibleCode::VisibleCode(LoadedCode code) {
  auto made = std::make_unique<Entry>();
  made->code = std::move(code);
  jit_code_entry& e = made->entry;
  e.symfile_addr = made->code.image.data();
  e.symfile_size = made->code.image.size();
  const std::lock_guard lock(guard());
  made->place = all_code().insert(all_code().end(), &made->code);
  entry_ = made.release();
  e.next_entry = __jit_debug_descriptor.first_entry;
  if (e.next_entry != nullptr) e.next_entry->prev_entry = &e;
  __jit_debug_descriptor.first_entry = &e;
  notify(1, &e);
  try {
    if (setting("CROTON_PERF") == "jitdump")
      write_jitdump(entry_->code, all_code());
    else if (flag("CROTON_PERF"))
      write_perf_map(entry_->code);
  } catch (const std::bad_alloc&) {
  }
}

VisibleCode::~VisibleCode() {
  {
    const std::lock_guard lock(guard());
    jit_code_entry& e = entry_->entry;
    if (e.prev_entry != nullptr)
      e.prev_entry->next_entry = e.next_entry;
    else
      __jit_debug_descriptor.first_entry = e.next_entry;
    if (e.next_entry != nullptr) e.next_entry->prev_entry = e.prev_entry;
    notify(2, &e);
    all_code().erase(entry_->place);
  }
  delete entry_;
}

std::string symbol_image(const std::vector<CodeSymbol>& symbols) {
  std::uint64_t low = UINT64_MAX, high = 0;
  for (const CodeSymbol& s : symbols) {
    low = std::min(low, s.address);
    high = std::max(high, s.address + s.size);
  }
  if (symbols.empty()) low = high = 0;
  constexpr char kNames[] = "\0.text\0.symtab\0.strtab";
  constexpr unsigned kText = 1, kSymbols = 7, kStrings = 15;  // their places in kNames
  std::string table, strings(kNames, sizeof kNames);
  append(table, Elf64_Sym{});
  for (const CodeSymbol& s : symbols) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<Elf64_Word>(strings.size());
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_shndx = 1;
    symbol.st_value = s.address - low;
    symbol.st_size = s.size;
    append(table, symbol);
    strings += s.name;
    strings += '\0';
  }
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 4;
  header.e_shstrndx = 3;
  header.e_shoff = sizeof header;
  const std::uint64_t table_at = sizeof header + 4 * sizeof(Elf64_Shdr);
  Elf64_Shdr code{}, entries{}, names{};
  code.sh_name = kText;
  code.sh_type = SHT_NOBITS;
  code.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  code.sh_addr = low;
  code.sh_offset = table_at;
  code.sh_size = high - low;
  code.sh_addralign = 1;
  entries.sh_name = kSymbols;
  entries.sh_type = SHT_SYMTAB;
  entries.sh_offset = table_at;
  entries.sh_size = table.size();
  entries.sh_link = 3;
  entries.sh_info = 1;
  entries.sh_addralign = 8;
  entries.sh_entsize = sizeof(Elf64_Sym);
  names.sh_name = kStrings;
  names.sh_type = SHT_STRTAB;
  names.sh_offset = table_at + table.size();
  names.sh_size = strings.size();
  names.sh_addralign = 1;
  std::string out;
  append(out, header);
  append(out, Elf64_Shdr{});
  append(out, code);
  append(out, entries);
  append(out, names);
  return out + table + strings;
}

bool has_lines(std::string_view source) { return source.starts_with("#line "); }

std::string with_lines(const std::string& name, const std::string& text) {
  const CacheSettings settings = cache_settings();
  std::string directory = settings.write ? settings.directory : "";
  const std::string file = fmt::format("source/{}-{}.cpp", name, cache_hash(text).substr(0, 16));
  const auto written = [&](const std::string& folder) {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::absolute(folder, error) / file;
    return !error && write_entry(folder, path.string(), text).empty() ? path.string() : "";
  };
  std::string path = directory.empty() ? "" : written(directory);
  if (path.empty()) {
    static const std::string own = [] {
      std::error_code error;
      std::string made = (std::filesystem::temp_directory_path(error) / "croton-XXXXXX").string();
      return error || mkdtemp(made.data()) == nullptr ? std::string() : made;
    }();
    path = own.empty() ? "" : written(own);
  }
  if (path.empty() || path.find_first_of("\"\\\n") != std::string::npos) return text;
  return fmt::format("#line 1 \"{}\"\n{}", path, text);
}

}  // namespace croton::runtime
