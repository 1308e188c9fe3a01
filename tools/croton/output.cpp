#include "tools/croton/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>

#include "runtime/config.hpp"
#include "runtime/file.hpp"

namespace croton::tool {
namespace {

bool has_document = false;

}  // namespace

bool coloured(int stream) {
  return isatty(stream) != 0 && runtime::system_variable("NO_COLOR").empty() &&
         runtime::system_variable("TERM") != "dumb";
}

std::string heading(std::string_view text) {
  return coloured(STDOUT_FILENO) ? fmt::format("\x1b[1m== {}\x1b[0m\n", text)
                                 : fmt::format("== {}\n", text);
}

std::string bytes_text(std::int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string time_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm local{};
  localtime_r(&time, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
  return text;
}

void write_note(const std::string& note) {
  std::fprintf(stderr, "croton: note: %s\n", note.c_str());
}

void write_output(const std::string& file, const std::string& text) {
  if (file.empty())
    std::fwrite(text.data(), 1, text.size(), stdout);
  else
    runtime::write_file(file, text);
}

std::string json_text(const nlohmann::json& value) {
  return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void write_json(const nlohmann::json& value) {
  note_json_written();
  write_output("", json_text(value));
}

void note_json_written() { has_document = true; }
bool json_written() { return has_document; }

}  // namespace croton::tool
