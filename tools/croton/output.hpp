// How the program writes: to a file or standard output, coloured only where a person looks.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace croton::tool {

/// True when `stream` (1 or 2) is a terminal, NO_COLOR is unset or empty, and TERM is not dumb.
[[nodiscard]] bool coloured(int stream);
/// A line that begins a section of output.
[[nodiscard]] std::string heading(std::string_view text);
/// "1.5 MiB".
[[nodiscard]] std::string bytes_text(std::int64_t bytes);
/// Local time to the minute, from seconds since 1970.
[[nodiscard]] std::string time_text(std::int64_t seconds);
/// Standard output for "". UserError naming the file that cannot be written.
void write_output(const std::string& file, const std::string& text);
/// To standard error: what the command found beside what it was asked for.
void write_note(const std::string& note);
/// As the text of a document; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string json_text(const nlohmann::json& value);
/// To standard output, which holds a document from then on.
void write_json(const nlohmann::json& value);
/// For documents that are written otherwise.
void note_json_written();
[[nodiscard]] bool json_written();

}  // namespace croton::tool
