// Whole files.
#pragma once

#include <filesystem>
#include <string>

namespace croton::runtime {

/// The bytes of a file, a pipe or a device. UserError "cannot read PATH: …" with the system's
/// reason; a directory is none of them.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace croton::runtime
