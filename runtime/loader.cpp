#include "runtime/loader.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "codegen/canonical_text.hpp"
#include "ir/error.hpp"
#include "runtime/toolchain.hpp"

namespace croton::runtime {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw BackendError("an object cannot be loaded: " + why, "");
}

// Untrusted bytes, read with bounds.
class Bytes {
 public:
  explicit Bytes(std::string_view data) : data_(data) {}
  template <class T>
  [[nodiscard]] T at(std::uint64_t offset) const {
    check(offset, sizeof(T));
    T value;
    std::memcpy(&value, data_.data() + offset, sizeof(T));
    return value;
  }
  [[nodiscard]] const char* range(std::uint64_t offset, std::uint64_t size) const {
    check(offset, size);
    return data_.data() + offset;
  }
  [[nodiscard]] std::string text(std::uint64_t offset) const {
    check(offset, 1);
    const auto end = data_.find('\0', offset);
    if (end == std::string_view::npos) refuse("a name does not end");
    return std::string(data_.substr(offset, end - offset));
  }

 private:
  void check(std::uint64_t offset, std::uint64_t size) const {
    if (offset > data_.size() || size > data_.size() - offset) refuse("an offset leaves the file");
  }
  std::string_view data_;
};

void* host_function(const std::string& name) {
  if (name == "memcpy") return reinterpret_cast<void*>(&std::memcpy);
  if (name == "memmove") return reinterpret_cast<void*>(&std::memmove);
  if (name == "memset") return reinterpret_cast<void*>(&std::memset);
  // AddressSanitizer's run time, which a sanitized build has.
  if (kSanitized && name.starts_with("__asan_")) return dlsym(RTLD_DEFAULT, name.c_str());
  return nullptr;
}

std::uint64_t aligned(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 28;
constexpr std::size_t kStub = 16;  // jmp through an address beside it: far calls of host functions

// What tools are shown: the object itself, with the addresses at which its sections lie, when it
// has debug information; else the functions alone. Canonical names become those of the kernel.
std::unique_ptr<VisibleCode> shown(std::string_view object, const std::string& name,
                                   const std::vector<Elf64_Shdr>& sections,
                                   const std::vector<std::uint64_t>& places, const char* base,
                                   std::vector<CodeSymbol> functions, bool has_debug_information) {
  if (!has_debug_information) {
    for (CodeSymbol& function : functions)
      if (!name.empty() && (function.name == codegen::kCanonicalEntry ||
                            function.name == codegen::kCanonicalCombine))
        function.name.replace(0, std::strlen(codegen::kCanonicalEntry), "kernel_" + name);
    std::string image = symbol_image(functions);
    return std::make_unique<VisibleCode>(LoadedCode{std::move(image), std::move(functions)});
  }
  std::string image(object);
  const auto headers = Bytes(object).at<Elf64_Ehdr>(0).e_shoff;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (places[i] == UINT64_MAX) continue;
    const auto address = reinterpret_cast<std::uint64_t>(base + places[i]);
    std::memcpy(image.data() + headers + i * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_addr),
                &address, sizeof address);
  }
  return std::make_unique<VisibleCode>(LoadedCode{std::move(image), std::move(functions)});
}

}  // namespace

LoadedObject::LoadedObject(std::string_view object, const std::string& name) {
  const Bytes bytes(object);
  const auto header = bytes.at<Elf64_Ehdr>(0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64 ||
      header.e_type != ET_REL || header.e_shentsize != sizeof(Elf64_Shdr))
    refuse("it is no relocatable x86-64 ELF file");
  std::vector<Elf64_Shdr> sections;
  for (unsigned i = 0; i < header.e_shnum; ++i)
    sections.push_back(bytes.at<Elf64_Shdr>(header.e_shoff + i * sizeof(Elf64_Shdr)));

  // Sections that occupy memory, one after the other; then room for stubs.
  std::vector<std::uint64_t> places(sections.size(), UINT64_MAX);
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const Elf64_Shdr& s = sections[i];
    if (s.sh_type == SHT_INIT_ARRAY || s.sh_type == SHT_FINI_ARRAY || (s.sh_flags & SHF_TLS) != 0)
      refuse("it has constructors or thread-local data");
    if ((s.sh_flags & SHF_ALLOC) == 0 || s.sh_type == SHT_NOTE) continue;
    if (s.sh_addralign > 4096 || (s.sh_addralign & (s.sh_addralign - 1)) != 0 ||
        s.sh_size > kMaxSize)
      refuse("a section is too large or strangely aligned");
    end = aligned(end, std::max<std::uint64_t>(64, s.sh_addralign));
    places[i] = end;
    end += s.sh_size;
    if (end > kMaxSize) refuse("it is too large");
  }
  std::size_t stubs = 0;
  for (const Elf64_Shdr& s : sections)
    if (s.sh_type == SHT_RELA) stubs += s.sh_size / sizeof(Elf64_Rela);
  if (stubs > (1u << 20)) refuse("it has too many relocations");
  const std::uint64_t stub_start = aligned(end, 16);
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  size_ = aligned(std::max<std::uint64_t>(stub_start + stubs * kStub, 1), page);
  memory_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory_ == MAP_FAILED) {
    memory_ = nullptr;
    refuse("there is no memory");
  }
  auto* base = static_cast<char*>(memory_);
  try {
    for (std::size_t i = 0; i < sections.size(); ++i)
      if (places[i] != UINT64_MAX && sections[i].sh_type != SHT_NOBITS)
        std::memcpy(base + places[i], bytes.range(sections[i].sh_offset, sections[i].sh_size),
                    sections[i].sh_size);
    std::size_t used_stubs = 0;
    const auto symbol_address = [&](const Elf64_Shdr& table, std::uint64_t index, std::string* name,
                                    bool* external) -> char* {
      const auto symbol = bytes.at<Elf64_Sym>(table.sh_offset + index * sizeof(Elf64_Sym));
      if ((index + 1) * sizeof(Elf64_Sym) > table.sh_size || table.sh_link >= sections.size())
        refuse("a symbol leaves its table");
      *name = bytes.text(sections[table.sh_link].sh_offset + symbol.st_name);
      *external = false;
      if (symbol.st_shndx == SHN_UNDEF) {
        if (name->empty()) return nullptr;
        *external = true;
        void* host = host_function(*name);
        if (!host) refuse("the symbol " + *name + " is not defined");
        return static_cast<char*>(host);
      }
      if (symbol.st_shndx >= sections.size() || places[symbol.st_shndx] == UINT64_MAX ||
          symbol.st_value > sections[symbol.st_shndx].sh_size)
        refuse("a symbol lies nowhere");
      return base + places[symbol.st_shndx] + symbol.st_value;
    };
    for (const Elf64_Shdr& rel : sections) {
      if (rel.sh_type == SHT_REL) refuse("it has relocations without addends");
      if (rel.sh_type != SHT_RELA || rel.sh_info >= sections.size() ||
          places[rel.sh_info] == UINT64_MAX)
        continue;
      if (rel.sh_link >= sections.size()) refuse("a symbol table is missing");
      const Elf64_Shdr& target = sections[rel.sh_info];
      for (std::uint64_t at = 0; at + sizeof(Elf64_Rela) <= rel.sh_size; at += sizeof(Elf64_Rela)) {
        const auto r = bytes.at<Elf64_Rela>(rel.sh_offset + at);
        const auto type = ELF64_R_TYPE(r.r_info);
        const std::uint64_t width = type == R_X86_64_64 ? 8 : 4;
        if (target.sh_size < width || r.r_offset > target.sh_size - width)
          refuse("a relocation leaves its section");
        std::string name;
        bool external = false;
        char* value =
            symbol_address(sections[rel.sh_link], ELF64_R_SYM(r.r_info), &name, &external);
        if (!value) refuse("a relocation has no symbol");
        char* place = base + places[rel.sh_info] + r.r_offset;
        if (external) {
          // jmp *[rip + 2]; the address follows, 8-aligned.
          char* stub = base + stub_start + used_stubs++ * kStub;
          const unsigned char jump[8] = {0xff, 0x25, 0x02, 0, 0, 0, 0x90, 0x90};
          std::memcpy(stub, jump, sizeof jump);
          std::memcpy(stub + 8, &value, 8);
          value = stub;
        }
        const auto absolute =
            reinterpret_cast<std::uint64_t>(value) + static_cast<std::uint64_t>(r.r_addend);
        if (type == R_X86_64_64) {
          std::memcpy(place, &absolute, 8);
        } else if (type == R_X86_64_PC32 || type == R_X86_64_PLT32) {
          const auto relative =
              static_cast<std::int64_t>(absolute - reinterpret_cast<std::uint64_t>(place));
          if (relative != static_cast<std::int32_t>(relative))
            refuse("a relocation does not reach");
          const auto narrow = static_cast<std::int32_t>(relative);
          std::memcpy(place, &narrow, 4);
        } else {
          refuse(fmt::format("relocation type {} is not known", type));
        }
      }
    }
    std::vector<CodeSymbol> functions;
    for (const Elf64_Shdr& table : sections) {
      if (table.sh_type != SHT_SYMTAB) continue;
      for (std::uint64_t i = 1; (i + 1) * sizeof(Elf64_Sym) <= table.sh_size; ++i) {
        const auto symbol = bytes.at<Elf64_Sym>(table.sh_offset + i * sizeof(Elf64_Sym));
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
        std::string function;
        bool external = false;
        char* address = symbol_address(table, i, &function, &external);
        if (symbol.st_size > sections[symbol.st_shndx].sh_size - symbol.st_value)
          refuse("a function leaves its section");
        symbols_[function] = address;
        functions.push_back({function, reinterpret_cast<std::uint64_t>(address), symbol.st_size});
      }
    }
    if (mprotect(memory_, size_, PROT_READ | PROT_EXEC) != 0)
      refuse("memory cannot be made executable");
    const bool debug = std::any_of(sections.begin(), sections.end(), [&](const Elf64_Shdr& s) {
      return header.e_shstrndx < sections.size() &&
             bytes.text(sections[header.e_shstrndx].sh_offset + s.sh_name) == ".debug_info";
    });
    visible_ = shown(object, name, sections, places, base, std::move(functions), debug);
  } catch (...) {
    munmap(memory_, size_);
    throw;
  }
}

LoadedObject::~LoadedObject() {
  visible_.reset();
  if (memory_) munmap(memory_, size_);
}

void* LoadedObject::find(const std::string& name) const {
  const auto it = symbols_.find(name);
  return it == symbols_.end() ? nullptr : it->second;
}

}  // namespace croton::runtime
