// Modules in files: FILE.ctir holds the text, FILE.ctir.npz what is too large for it (literals by
// their numbers) and the values of shared variables (by name).
#pragma once

#include <filesystem>
#include <map>

#include "ir/text.hpp"
#include "runtime/array.hpp"

namespace croton::runtime {

/// Literals beside the text are read from `file`.npz. Throws UserError as `ir::parse` does.
/// `output_names`, when set, gets the names by which the text calls its outputs.
[[nodiscard]] ir::Module parse_module(
    std::string_view text, const std::string& file,
    const std::function<ir::Value(ir::Op, const std::string&, const ir::Type&)>& leaf = {},
    std::vector<std::string>* output_names = nullptr);
/// Writes both files, the second only when there is something for it. Each is replaced as a whole.
/// Throws UserError naming the file that cannot be written.
void write_module(const std::filesystem::path& path, const ir::Module& module,
                  const std::map<std::string, Array>& values = {});

[[nodiscard]] Array array_of(const ir::Literal& literal);
[[nodiscard]] ir::Literal literal_of(const Array& array);

}  // namespace croton::runtime
