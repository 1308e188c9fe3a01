// What a library written ahead of time says of itself, for `croton dump`: a section of its file
// that no program loads. Linked into a program, it is a section of that; `strip -R .croton` removes
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "ir/error.hpp"

namespace croton::runtime {

inline constexpr const char* kAotSection = ".croton";

struct AotRecord {
  /// A line of a graph's text, and one of the user's lines behind it.
  struct Line {
    int line = 0;
    std::string file;
    int number = 0;
    std::string scope;
  };
  struct Kernel {
    std::string target, name;
    std::string types, text;  // the emitted C++ without the prelude, with comments
  };
  struct Function {
    std::string name, signature, math;
    std::vector<std::string> constants;  // shared variables and literals that the library holds
    std::string graph;                   // text of the tensor level, as the passes take it
    std::vector<Line> lines;
    std::vector<Kernel> kernels;
  };
  std::string name, compiler, croton;  // croton: the build that wrote it
  int interface_version = 0;
  std::vector<std::string> targets;
  std::int64_t constant_bytes = 0;
  std::vector<Function> functions;  // "f.dims" computes the dims of f that depend on elements
};

/// The section's bytes: a header with a checksum, and compressed JSON. A multiple of 8.
[[nodiscard]] std::string section_bytes(const AotRecord& record);

/// Every record of an object file, a static or shared library, or a program that is linked with
/// one; none when it is another's machine code. Reads the file, runs nothing of it. UserError
/// naming `source` when the file is damaged or a newer croton wrote the record.
[[nodiscard]] std::vector<AotRecord> aot_records(std::istream& file, const std::string& source);
/// A record from the JSON that a section holds. UserError naming `source` and the place.
[[nodiscard]] AotRecord aot_record_of_json(std::string_view text, const std::string& source);
/// Whether a file begins as an ELF file or an archive does.
[[nodiscard]] bool is_machine_code(std::string_view start);

/// The record as JSON without graphs and texts: names, signatures, targets, sizes.
[[nodiscard]] std::string summary_json(const std::vector<AotRecord>& records);
/// The same for people.
[[nodiscard]] std::string summary_text(const std::vector<AotRecord>& records,
                                       const std::string& source);

}  // namespace croton::runtime
