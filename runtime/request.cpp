#include "runtime/request.hpp"

#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ir/text.hpp"
#include "runtime/cache.hpp"

namespace croton::runtime {
namespace {

using nlohmann::json;

// A dim from its text: through a module that requires it to be 0.

Dim dim_of(const std::string& text) {
  return ir::parse("ctir 1\nmodule @d : tensor {\nrequire " + text + " == 0\n}\n")
      .requires_.at(0)
      .a;
}

int note_build_id(dl_phdr_info* info, std::size_t, void* data) {
  const auto own = reinterpret_cast<std::uintptr_t>(&library_identity);
  bool mine = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const std::uintptr_t start = info->dlpi_addr + header.p_vaddr;
    mine |= header.p_type == PT_LOAD && own >= start && own < start + header.p_memsz;
  }
  if (!mine) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    const auto* at = reinterpret_cast<const unsigned char*>(info->dlpi_addr + header.p_vaddr);
    const unsigned char* end = at + header.p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) note;
      __builtin_memcpy(&note, at, sizeof note);
      const unsigned char* description = at + sizeof note + ((note.n_namesz + 3u) & ~3u);
      if (note.n_type == NT_GNU_BUILD_ID) {
        auto& out = *static_cast<std::string*>(data);
        for (unsigned j = 0; j < note.n_descsz; ++j) out += fmt::format("{:02x}", description[j]);
        return 1;
      }
      at = description + ((note.n_descsz + 3u) & ~3u);
    }
  }
  return 1;
}

// Takes "NAME VALUE\n" off the text.
bool take_line(std::string_view& text, std::string_view name, std::string* value) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(name)) return false;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.size() == name.size()) return true;
  if (line[name.size()] != ' ') return false;
  *value = line.substr(name.size() + 1);
  return true;
}

}  // namespace

// The plan's launches name kernels; in the entry they stand as empty ones, so that the text is a
// module that verifies.
std::string plan_text(const ir::Module& planned) {
  ir::Module shell;
  shell.name = "plan";
  shell.level = ir::Level::plan;
  shell.plan = planned.plan;
  for (const ir::NodePtr& kernel : planned.kernels) {
    ir::Region region;
    region.parameters = kernel->regions[0].parameters;
    shell.kernels.push_back(
        ir::intern(ir::Op::kernel, {}, kernel->attributes, {}, {std::move(region)}));
  }
  return ir::print(shell, {.canonical = true});
}

std::optional<RequestKey> parse_request_material(std::string_view material) {
  RequestKey key;
  std::string unused;
  if (!take_line(material, "request", &unused)) return std::nullopt;
  for (const KeyLine& line : kKeyLines)
    if (!take_line(material, line.word, &(key.*line.value))) return std::nullopt;
  if (std::string names; take_line(material, "passes", &names)) {
    key.passes.emplace();
    for (std::size_t at = 0; at < names.size();) {
      const std::size_t comma = std::min(names.find(',', at), names.size());
      key.passes->push_back(names.substr(at, comma - at));
      at = comma + 1;
    }
  }
  key.graph = material;
  return key;
}

std::map<int, std::vector<std::string>> sites_by_line(const ir::Module& graph) {
  std::vector<ir::PrintedNode> nodes;
  (void)ir::print(graph, {.canonical = true, .nodes = &nodes});
  std::map<int, std::vector<std::string>> out;
  for (const ir::PrintedNode& printed : nodes)
    for (const Site& site : printed.node->provenance().sites)
      if (!site.file.empty()) out[printed.line].push_back(site.text());
  return out;
}

void note_miss(const ir::Module& graph, const std::string& material) {
  const CacheSettings settings = cache_settings();
  if (!settings.write || settings.directory.empty()) return;
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const json note{{"request", cache_hash(material)},
                  {"program", program.string()},
                  {"sites", sites_by_line(graph)}};
  const std::string key = "function " + graph.name;
  (void)write_entry(
      settings.directory, entry_path(settings.directory, "miss", cache_hash(key)),
      serialised(key, {{"name", graph.name},
                       {"note", note.dump(-1, ' ', false, json::error_handler_t::replace)}}));
}

std::optional<MissNote> find_miss(const std::string& function) {
  const std::string key = "function " + function;
  const OpenedEntry entry =
      open_entry(entry_path(cache_settings().directory, "miss", cache_hash(key)), false);
  if (!entry.problem.empty() || entry.material != key) return std::nullopt;
  try {
    const json note = json::parse(entry.sections.at("note"));
    return MissNote{note.at("request"), note.at("program"), note.at("sites")};
  } catch (const std::exception&) {
    return std::nullopt;  // another version's
  }
}

const std::string& library_identity() {
  // Outlives every call: threads may compile while static objects die.
  static const auto& identity = *new std::string([] {
    std::string id;
    dl_iterate_phdr(note_build_id, &id);
    return "croton " CROTON_VERSION + (id.empty() ? "" : " build " + id);
  }());
  return identity;
}

std::string request_material(const ir::Module& graph, const std::string& settings) {
  return fmt::format("request\nlibrary {}\n{}\n{}", library_identity(), settings,
                     ir::print(graph, {.canonical = true}));
}

std::optional<RequestEntry> find_request(const std::string& material) {
  const std::optional<CacheSections> sections = cache_find("request", material);
  if (!sections) return std::nullopt;
  try {
    RequestEntry entry;
    entry.plan = ir::parse(sections->at("plan")).plan;
    const json list = json::parse(sections->at("kernels"));
    for (std::size_t i = 0; i < list.size(); ++i) {
      const json& row = list[i];
      entry.kernels.push_back({row.at("name"), row.at("entry"), row.at("combine"), row.at("dims"),
                               row.at("failures"), dim_of(row.at("extent")), row.at("cost"),
                               sections->at(fmt::format("object {}", i))});
    }
    return entry;
  } catch (const std::exception&) {
    // The checksum held, so another version wrote it; compiling again is always right.
    return std::nullopt;
  }
}

void store_request(const std::string& material, const ir::Module& planned,
                   const std::vector<CompiledKernel>& kernels) {
  CacheSections sections{{"plan", plan_text(planned)}, {"name", planned.name}};
  json list = json::array();
  for (const CompiledKernel& kernel : kernels) {
    sections[fmt::format("object {}", list.size())] = kernel.object;
    sections[fmt::format("source {}", list.size())] = kernel.source;
    sections[fmt::format("remarks {}", list.size())] = kernel.remarks;
    list.push_back({{"name", kernel.name},
                    {"entry", kernel.entry},
                    {"combine", kernel.combine_entry},
                    {"dims", kernel.dims},
                    {"failures", kernel.failures},
                    {"extent", kernel.parallel_extent.text()},
                    {"cost", kernel.cost}});
  }
  try {
    sections["kernels"] = list.dump();
  } catch (const json::exception&) {  // a name that is no UTF-8: this function is not kept
    return;
  }
  cache_store("request", material, sections);
}

}  // namespace croton::runtime
