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
};

[[nodiscard]] std::span<const Setting> all_settings();
/// The value of a switch of the table, when it is set and not empty.
[[nodiscard]] std::optional<std::string> setting(std::string_view name);
/// A variable of the system's, such as HOME.
[[nodiscard]] std::string system_variable(const char* name);
/// The bytes that a text such as "4096", "200M" or "1G" means (powers of 1024). Nothing for others.
[[nodiscard]] std::optional<std::int64_t> byte_count(std::string_view text);
/// True for anything but unset, "", "0", "off" and "no".
[[nodiscard]] bool flag(std::string_view name);
/// A line to standard error when CROTON_LOG lists `topic` (cache, pass, jit, or all).
void log(std::string_view topic, std::string_view text);
[[nodiscard]] bool is_logged(std::string_view topic);

}  // namespace croton::runtime
