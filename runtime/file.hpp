// Whole files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace croton::runtime {

/// The bytes of a file, a pipe or a device. UserError "cannot read PATH: …" with the system's
/// reason; a directory is none of them. `plausible` looks at the first bytes, 64 KiB at most, of
/// which there are fewer only when the file has no more: when it says no, they are the answer, so
/// that whoever parses them says what is wrong before gigabytes are read.
[[nodiscard]] std::string read_file(const std::filesystem::path& path,
                                    bool (*plausible)(std::string_view start) = nullptr);
/// The same of a descriptor that is open; errors call it `name`.
[[nodiscard]] std::string read_open_file(int file, const std::string& name,
                                         bool (*plausible)(std::string_view start) = nullptr);
/// For read_file: texts have no byte that is 0.
[[nodiscard]] bool may_be_text(std::string_view start);

/// Replaces a file as a whole: it is written aside and renamed, so that readers and whatever ends
/// the process meet the old bytes or the new ones. A link stays, its target is replaced. A device
/// or a pipe is written to, and so is a file in a folder where none can be made. UserError "cannot
/// write PATH: …" with the system's reason.
void write_file(const std::filesystem::path& path, std::string_view bytes);
/// 0 or errno, EEXIST when there is a file already.
[[nodiscard]] int write_new_file(const std::filesystem::path& path, std::string_view bytes);
/// 0 or errno. A size beyond the process's limit is EFBIG, which would be a signal else.
[[nodiscard]] int write_all(int file, std::string_view bytes);

}  // namespace croton::runtime
