// Files of arrays: NumPy's .npy (versions 1 to 3, both byte orders and orders of axes) and .npz
// (stored or deflated members), and the idx files of image collections. Every size is checked
// against the file before memory is taken; a damaged file is a UserError that names it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/array.hpp"

namespace croton {

[[nodiscard]] Array load_npy(const std::filesystem::path& path);
void save_npy(const std::filesystem::path& path, const Array& array);

/// The array of a .npy file's bytes; errors call them `name`.
[[nodiscard]] Array parse_npy(std::string_view bytes, const std::string& name);

using NamedArrays = std::vector<std::pair<std::string, Array>>;
[[nodiscard]] NamedArrays load_npz(const std::filesystem::path& path);
[[nodiscard]] NamedArrays parse_npz(const std::string& bytes, const std::string& name);
/// Written aside and renamed, so that a failure leaves an existing file as it was.
void save_npz(const std::filesystem::path& path, const NamedArrays& arrays);

/// An idx file of unsigned bytes, plain or gzipped.
[[nodiscard]] Array load_idx(const std::filesystem::path& path);

}  // namespace croton
