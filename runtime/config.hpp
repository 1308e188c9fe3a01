// The environment's one door: every switch is a row of one table, read when it is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace croton::runtime {

struct Setting {
  std::string_view name, meaning;
  std::string_view allowed = {};  // the values it may have, for people; "": any
  bool (*fits)(std::string_view value) = nullptr;
  bool is_refused = false;  // another value is an error instead of being ignored
};

[[nodiscard]] std::span<const Setting> all_settings();
/// "" or what is wrong with the value of a switch: "CROTON_CACHE=of: it may be off, ro or rw".
[[nodiscard]] std::string problem_with(const Setting& row);
/// The value of a switch of the table, when it is set and not empty. One that it may not have is
/// none, and a line on standard error says so once; or, by the table, a UserError.
[[nodiscard]] std::optional<std::string> setting(std::string_view name);
/// A variable of the system's, such as HOME.
[[nodiscard]] std::string system_variable(const char* name);
/// The bytes that a text such as "4096", "200M" or "1G" means (powers of 1024). Nothing for others.
[[nodiscard]] std::optional<std::int64_t> byte_count(std::string_view text);
/// True for "1", "on", "yes" and "true"; false when unset or another value.
[[nodiscard]] bool flag(std::string_view name);
/// "1,024" is none: a whole number without sign.
[[nodiscard]] std::optional<std::int64_t> natural(std::string_view text);
/// A line to standard error when CROTON_LOG lists `topic` (cache, pass, jit, or all).
void log(std::string_view topic, std::string_view text);
[[nodiscard]] bool is_logged(std::string_view topic);

}  // namespace croton::runtime
