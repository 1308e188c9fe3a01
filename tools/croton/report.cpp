#include "tools/croton/report.hpp"

#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/description_json.hpp"
#include "runtime/file.hpp"
#include "tools/croton/report_embedded.hpp"

namespace croton::tool {
namespace {

// Inside a script element only "</" could end it early, and JSON may write "/" as "\/".
std::string inside_script(std::string text) {
  for (auto at = text.find("</"); at != std::string::npos; at = text.find("</", at + 3))
    text.replace(at, 2, "<\\/");
  return text;
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
      {"{{data}}", inside_script(data)},
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
