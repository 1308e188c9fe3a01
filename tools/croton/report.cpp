#include "tools/croton/report.hpp"

#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/compress.hpp"
#include "runtime/description_json.hpp"
#include "runtime/file.hpp"
#include "tools/croton/report_embedded.hpp"

namespace croton::tool {
namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string inside_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::map<std::string, std::string> source_texts(const runtime::Description& description,
                                                const std::vector<std::string>& directories) {
  std::set<std::string> files;
  for (const auto& stage : description.stages)
    for (const auto& node : stage.nodes)
      for (const std::string& site : node.sites) files.insert(site.substr(0, site.find(':')));
  std::map<std::string, std::string> texts;
  for (const std::string& file : files)
    for (const std::string& directory : directories) {
      const std::filesystem::path path = std::filesystem::path(directory) / file;
      std::error_code none;
      if (!std::filesystem::is_regular_file(path, none) || access(path.c_str(), R_OK) != 0)
        continue;
      texts[file] = runtime::read_file(path);
      break;
    }
  return texts;
}

std::string html_report(const runtime::Description& description,
                        const std::map<std::string, std::string>& sources, const Machine& machine) {
  using nlohmann::json;
  const json rest = {{"sources", sources},
                     {"machine",
                      {{"operations_per_second", machine.operations_per_second},
                       {"bytes_per_second", machine.bytes_per_second}}}};
  const std::string beside = rest.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string data =
      "{\"description\":" + runtime::to_json(description) + "," + beside.substr(1);
  const std::pair<std::string_view, std::string> parts[] = {
      {"{{title}}", inside_markup(description.name)},
      {"{{style}}", std::string(kReportStyle)},
      // The stages say much the same again and again: some ten times smaller.
      {"{{data}}", base64(runtime::compressed(data, 6))},
      {"{{script}}", std::string(kReportScript)},
  };
  std::string out;
  std::string_view page = kReportPage;
  for (const auto& [mark, text] : parts) {
    const auto at = page.find(mark);
    out += page.substr(0, at);
    out += text;
    page.remove_prefix(at + mark.size());
  }
  return out.append(page);
}

}  // namespace croton::tool
