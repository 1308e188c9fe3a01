#include "runtime/aot_record.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <zlib.h>

#include <charconv>
#include <cstring>
#include <istream>

#include "runtime/compress.hpp"
#include "runtime/json_fields.hpp"

namespace croton::runtime {

template <class Visit>
void fields(Visit&& f, AotRecord::Line& l) {
  f("line", l.line), f("file", l.file), f("number", l.number), f("scope", l.scope);
}
template <class Visit>
void fields(Visit&& f, AotRecord::Kernel& k) {
  f("target", k.target), f("name", k.name), f("types", k.types), f("text", k.text);
}
template <class Visit>
void fields(Visit&& f, AotRecord::Function& x) {
  f("name", x.name), f("signature", x.signature), f("math", x.math);
  f("constants", x.constants), f("graph", x.graph), f("lines", x.lines), f("kernels", x.kernels);
}
template <class Visit>
void fields(Visit&& f, AotRecord& r) {
  f("name", r.name), f("compiler", r.compiler), f("croton", r.croton);
  f("interface_version", r.interface_version), f("targets", r.targets);
  f("constant_bytes", r.constant_bytes), f("functions", r.functions);
}

namespace {

constexpr char kMagic[] = {'C', 'R', 'O', 'T', 'O', 'N', 'L', 'B'};
constexpr std::uint32_t kVersion = 1;
// What a damaged size may make this process allocate.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 28;

struct Header {
  char magic[8];
  std::uint32_t version, checksum;  // of the packed bytes: CRC-32 as zlib's
  std::uint64_t packed, plain;      // bytes
};

[[noreturn]] void damaged(const std::string& source, const std::string& what) {
  throw UserError(fmt::format("{} is damaged: {}", source, what));
}

std::uint32_t checksum_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// A part of a file: every read is checked against its ends.
class Part {
 public:
  Part(std::istream& file, const std::string& source, std::uint64_t begin, std::uint64_t size)
      : file_(file), source_(source), begin_(begin), size_(size) {}
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Part part(std::uint64_t offset, std::uint64_t size) const {
    if (offset > size_ || size > size_ - offset)
      damaged(source_, "it ends before what its tables say it holds");
    return {file_, source_, begin_ + offset, size};
  }
  [[nodiscard]] std::string bytes() const {
    if (size_ > kMostBytes) damaged(source_, "a section is too large");
    std::string out(size_, '\0');
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(begin_));
    if (!file_.read(out.data(), static_cast<std::streamsize>(size_)))
      damaged(source_, "it cannot be read to its end");
    return out;
  }
  template <class T>
  [[nodiscard]] T at(std::uint64_t offset) const {
    T value;
    const std::string read = part(offset, sizeof(T)).bytes();
    std::memcpy(&value, read.data(), sizeof(T));
    return value;
  }
  [[nodiscard]] const std::string& source() const { return source_; }

 private:
  std::istream& file_;
  const std::string& source_;
  std::uint64_t begin_, size_;
};

AotRecord record_of(const std::string& packed, std::uint64_t plain, const std::string& source) {
  if (plain > kMostBytes) damaged(source, "its description is too large");
  std::string text(plain, '\0');
  uLongf size = plain;
  if (uncompress(reinterpret_cast<Bytef*>(text.data()), &size,
                 reinterpret_cast<const Bytef*>(packed.data()), packed.size()) != Z_OK ||
      size != plain)
    damaged(source, "its description cannot be unpacked");
  return aot_record_of_json(text, source);
}

// Records stand one behind the other where several libraries were linked together.
void read_section(const Part& section, std::vector<AotRecord>& out) {
  for (std::uint64_t at = 0; at < section.size();) {
    const auto header = section.at<Header>(at);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
      damaged(section.source(), fmt::format("its section {} holds no description", kAotSection));
    if (header.version > kVersion)
      throw UserError(
          fmt::format("{} has a description of version {}; this croton reads up to version {}",
                      section.source(), header.version, kVersion));
    const std::string packed = section.part(at + sizeof header, header.packed).bytes();
    if (checksum_of(packed) != header.checksum)
      damaged(section.source(), "its description's checksum does not hold");
    out.push_back(record_of(packed, header.plain, section.source()));
    at += sizeof header + (header.packed + 7) / 8 * 8;
  }
}

void read_elf(const Part& file, std::vector<AotRecord>& out) {
  const auto header = file.at<Elf64_Ehdr>(0);
  // Another machine's code holds nothing of ours.
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) return;
  if (header.e_shoff == 0) return;
  if (header.e_shentsize != sizeof(Elf64_Shdr)) damaged(file.source(), "its section table");
  const auto section = [&](std::uint64_t i) {
    return file.at<Elf64_Shdr>(file.part(0, header.e_shoff).size() + i * sizeof(Elf64_Shdr));
  };
  // Counts beyond 16 bits stand in the first section.
  const std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : section(0).sh_size;
  const std::uint64_t names_at =
      header.e_shstrndx != SHN_XINDEX ? header.e_shstrndx : section(0).sh_link;
  if (count > file.size() / sizeof(Elf64_Shdr) || names_at >= count)
    damaged(file.source(), "its section table");
  const Elf64_Shdr names = section(names_at);
  const std::string text = file.part(names.sh_offset, names.sh_size).bytes();
  for (std::uint64_t i = 0; i < count; ++i) {
    const Elf64_Shdr row = section(i);
    if (row.sh_name >= text.size()) damaged(file.source(), "the name of a section");
    if (row.sh_type != SHT_NOBITS && text.c_str() + row.sh_name == std::string_view(kAotSection))
      read_section(file.part(row.sh_offset, row.sh_size), out);
  }
}

constexpr std::string_view kArchive = "!<arch>\n", kThinArchive = "!<thin>\n",
                           kElf =
                               "\x7f"
                               "ELF";

// Members behind headers of 60 bytes; what they are called does not matter.
void read_archive(const Part& file, std::vector<AotRecord>& out) {
  constexpr std::uint64_t kHeaderBytes = 60;
  for (std::uint64_t at = kArchive.size(); at < file.size();) {
    const std::string header = file.part(at, kHeaderBytes).bytes();
    const std::string_view digits =
        std::string_view(header).substr(48, std::string_view(header).find(' ', 48) - 48);
    std::uint64_t size = 0;
    if (!header.ends_with("`\n") ||
        std::from_chars(digits.data(), digits.data() + digits.size(), size).ec != std::errc())
      damaged(file.source(), "the header of a member");
    const Part member = file.part(at + kHeaderBytes, size);
    if (size >= sizeof(Elf64_Ehdr) && member.part(0, kElf.size()).bytes() == kElf)
      read_elf(member, out);
    at += kHeaderBytes + size + size % 2;
  }
}

}  // namespace

std::string section_bytes(const AotRecord& record) {
  // Names may hold bytes that are no UTF-8; they must not keep the rest from being read.
  const std::string text = written(record).dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string packed = compressed(text, 9);
  Header header{{}, kVersion, checksum_of(packed), packed.size(), text.size()};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  std::string out(sizeof header, '\0');
  std::memcpy(out.data(), &header, sizeof header);
  out += packed;
  out.resize((out.size() + 7) / 8 * 8, '\0');
  return out;
}

AotRecord aot_record_of_json(std::string_view text, const std::string& source) {
  const json all = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (all.is_discarded()) damaged(source, "its description is no JSON");
  AotRecord out;
  JsonReader(source).read(all, out, "");
  return out;
}

bool is_machine_code(std::string_view start) {
  return start.starts_with(kElf) || start.starts_with(kArchive) || start.starts_with(kThinArchive);
}

std::vector<AotRecord> aot_records(std::istream& file, const std::string& source) {
  file.seekg(0, std::ios::end);
  const auto size = static_cast<std::int64_t>(file.tellg());
  if (size < 0) throw UserError(fmt::format("cannot read {}", source));
  const Part whole(file, source, 0, static_cast<std::uint64_t>(size));
  const std::string start = whole.part(0, std::min<std::uint64_t>(whole.size(), 8)).bytes();
  std::vector<AotRecord> out;
  if (start.starts_with(kElf)) read_elf(whole, out);
  if (start == kArchive) read_archive(whole, out);
  if (start == kThinArchive)
    throw UserError(fmt::format(
        "{} is a thin archive: its members are files of their own, which can be shown", source));
  return out;
}

std::string summary_json(const std::vector<AotRecord>& records) {
  json libraries = json::array();
  for (const AotRecord& record : records) {
    json library = written(record);
    for (json& function : library["functions"])
      for (const char* text : {"graph", "lines", "kernels"}) function.erase(text);
    libraries.push_back(std::move(library));
  }
  return json{{"croton_libraries", kVersion}, {"libraries", libraries}}.dump(
             1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

std::string summary_text(const std::vector<AotRecord>& records, const std::string& source) {
  std::string out;
  for (const AotRecord& record : records) {
    out += fmt::format("{}: the library {} for {}, C interface {}, written by {}\n", source,
                       record.name, fmt::join(record.targets, ", "), record.interface_version,
                       record.compiler);
    for (const AotRecord::Function& function : record.functions) {
      out += fmt::format("  {}\n", function.signature);
      if (!function.constants.empty())
        out += fmt::format("    constants: {}\n", fmt::join(function.constants, ", "));
    }
    if (record.constant_bytes > 0)
      out += fmt::format("  {} bytes of constants\n", record.constant_bytes);
  }
  return out;
}

}  // namespace croton::runtime
