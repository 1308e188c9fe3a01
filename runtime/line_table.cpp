#include "runtime/line_table.hpp"

#include <elf.h>

#include <cstring>
#include <map>
#include <stdexcept>

namespace croton::runtime {
namespace {

struct Damaged : std::runtime_error {
  Damaged() : std::runtime_error("damaged") {}
};

// Bytes read in order, with bounds.
class Reader {
 public:
  explicit Reader(std::string_view data, std::size_t at = 0) : data_(data), at_(at) {}

  template <class T>
  T take() {
    T value;
    std::memcpy(&value, bytes(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view bytes(std::uint64_t size) {
    if (at_ > data_.size() || size > data_.size() - at_) throw Damaged();
    const std::string_view out = data_.substr(at_, size);
    at_ += size;
    return out;
  }
  std::uint64_t unsigned_leb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = take<std::uint8_t>();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }
  std::int64_t signed_leb() {
    std::uint64_t value = 0;
    unsigned shift = 0;
    std::uint8_t byte = 0;
    do {
      byte = take<std::uint8_t>();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      shift += 7;
    } while ((byte & 0x80) != 0);
    if (shift < 64 && (byte & 0x40) != 0) value |= ~std::uint64_t{0} << shift;
    return static_cast<std::int64_t>(value);
  }
  std::string text() {
    const auto end = data_.find('\0', at_);
    if (end == std::string_view::npos) throw Damaged();
    const std::string_view out = bytes(end - at_);
    ++at_;
    return std::string(out);
  }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ >= data_.size(); }

 private:
  std::string_view data_;
  std::size_t at_;
};

// The sections of an object by name, with their relocations applied.
class Sections {
 public:
  explicit Sections(std::string_view image) : image_(image) {
    const auto header = Reader(image).take<Elf64_Ehdr>();
    for (unsigned i = 0; i < header.e_shnum; ++i)
      headers_.push_back(Reader(image, header.e_shoff + i * sizeof(Elf64_Shdr)).take<Elf64_Shdr>());
    for (std::size_t i = 0; i < headers_.size(); ++i)
      names_[Reader(contents(header.e_shstrndx), headers_[i].sh_name).text()] = i;
  }

  [[nodiscard]] std::string named(const std::string& name) const {
    const auto it = names_.find(name);
    if (it == names_.end()) return "";
    std::string out(contents(it->second));
    for (const Elf64_Shdr& relocations : headers_) {
      if (relocations.sh_type != SHT_RELA || relocations.sh_info != it->second) continue;
      Reader all(bytes(relocations));
      while (!all.at_end()) relocate(out, all.take<Elf64_Rela>(), relocations.sh_link);
    }
    return out;
  }

 private:
  [[nodiscard]] std::string_view bytes(const Elf64_Shdr& s) const {
    return Reader(image_, s.sh_offset).bytes(s.sh_size);
  }
  [[nodiscard]] std::string_view contents(std::size_t index) const {
    if (index >= headers_.size()) throw Damaged();
    return bytes(headers_[index]);
  }
  void relocate(std::string& out, const Elf64_Rela& r, std::size_t table) const {
    const auto symbol =
        Reader(contents(table), ELF64_R_SYM(r.r_info) * sizeof(Elf64_Sym)).take<Elf64_Sym>();
    if (symbol.st_shndx >= headers_.size()) throw Damaged();
    const std::uint64_t value = headers_[symbol.st_shndx].sh_addr + symbol.st_value +
                                static_cast<std::uint64_t>(r.r_addend);
    const bool is_wide = ELF64_R_TYPE(r.r_info) == R_X86_64_64;
    if (!is_wide && ELF64_R_TYPE(r.r_info) != R_X86_64_32) throw Damaged();
    const std::size_t width = is_wide ? 8 : 4;
    if (out.size() < width || r.r_offset > out.size() - width) throw Damaged();
    std::memcpy(out.data() + r.r_offset, &value, width);
  }

  std::string_view image_;
  std::vector<Elf64_Shdr> headers_;
  std::map<std::string, std::size_t> names_;
};

// Opcodes of the standard.
enum : std::uint8_t { kEndSequence = 1, kSetAddress = 2 };
enum : std::uint8_t { kCopy = 1, kAdvanceAddress, kAdvanceLine, kSetFile, kSetColumn };
enum : std::uint8_t { kAddConstant = 8, kFixedAdvance = 9 };

// One unit's program.
class Program {
 public:
  explicit Program(std::string_view unit) : in_(unit) {
    if (in_.take<std::uint16_t>() != 4) throw Damaged();
    const auto length = in_.take<std::uint32_t>();
    const std::size_t start = in_.at() + length;
    step_ = in_.take<std::uint8_t>();
    (void)in_.bytes(2);  // operations of an instruction, whether rows are statements at first
    base_ = in_.take<std::int8_t>();
    range_ = in_.take<std::uint8_t>();
    const auto first_special = in_.take<std::uint8_t>();
    if (range_ == 0 || first_special == 0) throw Damaged();
    for (const char operands : in_.bytes(first_special - 1u))
      operands_.push_back(static_cast<std::uint8_t>(operands));
    std::vector<std::string> directories{""};  // the first is the compiler's own
    for (std::string one = in_.text(); !one.empty(); one = in_.text()) directories.push_back(one);
    files_.emplace_back();  // numbers begin at 1
    for (std::string name = in_.text(); !name.empty(); name = in_.text()) {
      const std::uint64_t directory = in_.unsigned_leb();
      (void)in_.unsigned_leb(), (void)in_.unsigned_leb();  // time and size
      if (directory >= directories.size()) throw Damaged();
      const std::string& path = directories[directory];
      files_.push_back(name.starts_with('/') || path.empty() ? name : path + "/" + name);
    }
    in_ = Reader(unit, start);
  }

  void run(std::vector<CodeLine>& rows) {
    const std::size_t first_special = operands_.size() + 1;
    Row row;
    while (!in_.at_end()) {
      const auto opcode = in_.take<std::uint8_t>();
      if (opcode >= first_special) {
        const std::size_t adjusted = opcode - first_special;
        row.address += step_ * (adjusted / range_);
        row.line += base_ + static_cast<std::int64_t>(adjusted % range_);
        add(rows, row);
      } else if (opcode == 0) {
        extended(row);
      } else if (opcode == kCopy) {
        add(rows, row);
      } else if (opcode == kAdvanceAddress) {
        row.address += step_ * in_.unsigned_leb();
      } else if (opcode == kAdvanceLine) {
        row.line += in_.signed_leb();
      } else if (opcode == kSetFile) {
        row.file = in_.unsigned_leb();
      } else if (opcode == kAddConstant) {
        row.address += step_ * ((255 - first_special) / range_);
      } else if (opcode == kFixedAdvance) {
        row.address += in_.take<std::uint16_t>();
      } else {
        for (int i = 0; i < operands_[opcode - 1u]; ++i) (void)in_.unsigned_leb();
      }
    }
  }

 private:
  struct Row {
    std::uint64_t address = 0, file = 1;
    std::int64_t line = 1;
  };

  void extended(Row& row) {
    const std::string_view body = in_.bytes(in_.unsigned_leb());
    Reader operation(body);
    const auto opcode = operation.take<std::uint8_t>();
    if (opcode == kSetAddress) row.address = operation.take<std::uint64_t>();
    if (opcode == kEndSequence) row = {};
  }
  void add(std::vector<CodeLine>& rows, const Row& row) const {
    if (row.file >= files_.size()) throw Damaged();
    rows.push_back({row.address, static_cast<std::uint32_t>(row.line), files_[row.file]});
  }

  Reader in_;
  std::uint64_t step_ = 1, range_ = 1;
  std::int64_t base_ = 0;
  std::vector<std::uint8_t> operands_;  // of the standard opcodes
  std::vector<std::string> files_;
};

}  // namespace

std::vector<CodeLine> line_table(std::string_view image) {
  std::vector<CodeLine> rows;
  try {
    const std::string units = Sections(image).named(".debug_line");
    Reader in(units);
    while (!in.at_end()) {
      const auto length = in.take<std::uint32_t>();
      Program(in.bytes(length)).run(rows);
    }
  } catch (const Damaged&) {
    rows.clear();
  }
  return rows;
}

}  // namespace croton::runtime
