#include "runtime/report.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <utility>

#include "ir/error.hpp"
#include "ir/module.hpp"
#include "runtime/compress.hpp"
#include "runtime/description_json.hpp"
#include "runtime/file.hpp"
#include "runtime/report_embedded.hpp"

namespace croton::runtime {
namespace {

namespace fs = std::filesystem;

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

// A relative path begins where the compiler ran: here, or in a folder that the program is in.
std::vector<fs::path> places_of(const std::string& path) {
  if (path.empty()) return {};
  std::vector<fs::path> places{path};
  if (places[0].is_absolute()) return places;
  std::error_code none;
  fs::path folder = fs::read_symlink("/proc/self/exe", none);
  while (folder.has_relative_path()) {
    folder = folder.parent_path();
    places.push_back(folder / path);
  }
  return places;
}

}  // namespace

void add_sources(Description& description, const std::vector<std::string>& directories) {
  std::set<std::string> files;
  for (const auto& stage : description.stages)
    for (const auto& node : stage.nodes)
      for (const std::string& site : node.sites) {
        const std::string place = site.substr(0, site.find(" ("));
        files.insert(place.substr(0, place.rfind(':')));
      }
  for (const std::string& file : files) {
    if (description.sources.contains(file)) continue;
    std::vector<fs::path> places = places_of(source_path(file));
    for (const std::string& directory : directories) places.push_back(fs::path(directory) / file);
    for (const fs::path& place : places) {
      std::error_code none;
      if (!fs::is_regular_file(place, none)) continue;
      try {
        description.sources[file] = read_file(place);
        break;
      } catch (const UserError&) {  // the next place may be open to the user
      }
    }
  }
}

std::string html_report(Description description, const Machine& machine) {
  for (Description::Kernel& kernel : description.kernels)
    kernel.cpp = kernel.cuda = kernel.canonical = "";
  bool graph = false;
  for (Description::Stage& stage : description.stages) {
    const bool drawn =
        stage.level == ir::name(ir::Level::tensor) || stage.level == ir::name(ir::Level::grouped);
    graph = graph || drawn;
    if (graph && !drawn)
      std::erase_if(stage.nodes, [](const auto& node) { return node.rule.empty(); });
  }
  const std::string data = fmt::format(
      R"({{"description":{},"machine":{{"operations_per_second":{},"bytes_per_second":{}}}}})",
      to_json(description, -1), machine.operations_per_second, machine.bytes_per_second);
  const std::pair<std::string_view, std::string> parts[] = {
      {"{{title}}", inside_markup(description.name)},
      {"{{style}}", std::string(kReportStyle)},
      // The stages say much the same again and again: some ten times smaller. Level 6 would win a
      // sixth of that for twice the time, and a program that asks for dumps waits for it.
      {"{{data}}", base64(compressed(data, 4))},
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

}  // namespace croton::runtime
