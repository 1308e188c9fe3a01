// croton cache: what is kept, why something was not found, and keeping it in order.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ir/spelling.hpp"
#include "ir/text.hpp"
#include "runtime/cache.hpp"
#include "runtime/compile.hpp"
#include "runtime/loader.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/entries.hpp"
#include "tools/croton/module_file.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/progress.hpp"
#include "tools/croton/source.hpp"

namespace croton::tool {
namespace {

using nlohmann::json;
using runtime::CacheFile;
using runtime::CacheSettings;

// The writable directory, which may not be there yet; UserError when entries are kept in memory
// only, and for what can be none.
std::string writable() {
  const std::string directory = runtime::cache_directory();
  if (directory.empty())
    throw UserError(
        "there is no cache directory: none of CROTON_CACHE_DIR, XDG_CACHE_HOME and HOME "
        "is set, so kernels are kept in memory only");
  std::error_code error;
  const auto there = std::filesystem::status(directory, error).type();
  if (there == std::filesystem::file_type::none)
    throw UserError(fmt::format("cannot read {}: {}", directory, error.message()));
  if (there != std::filesystem::file_type::not_found &&
      there != std::filesystem::file_type::directory)
    throw UserError(fmt::format("the cache {} is no directory", directory));
  return directory;
}

std::string mode_of(const CacheSettings& settings) {
  return !settings.read ? "off" : (settings.write ? "rw" : "ro");
}

void path(bool as_json) {
  const CacheSettings settings = runtime::cache_settings();
  if (as_json)
    return write_json({{"directory", settings.directory},
                       {"layers", settings.layers},
                       {"mode", mode_of(settings)},
                       {"max_bytes", settings.max_bytes}});
  write_output("", writable() + "\n");
}

std::string target_of_entry(const Entry& entry) {
  if (const auto key = runtime::parse_request_material(entry.opened.material)) return key->target;
  return "";
}

std::size_t kernels_of(const Entry& entry) {
  return static_cast<std::size_t>(
      std::count_if(entry.opened.sections.begin(), entry.opened.sections.end(),
                    [](const auto& section) { return section.first.starts_with("object "); }));
}

void list(const std::string& kind, bool as_json) {
  json rows = json::array();
  std::string text;
  for (const Entry& entry : all_entries()) {
    if (kind != "all" && entry.file.kind != kind) continue;
    if (as_json) {
      rows.push_back({{"key", entry.file.key},
                      {"kind", entry.file.kind},
                      {"name", entry.name()},
                      {"target", target_of_entry(entry)},
                      {"kernels", kernels_of(entry)},
                      {"bytes", entry.file.bytes},
                      {"used", entry.file.time},
                      {"path", entry.file.path},
                      {"problem", entry.opened.problem}});
      continue;
    }
    text +=
        fmt::format("{:<12} {:<8} {:<24} {:<10} {:>3} {:>9}  {}{}\n", entry.file.key.substr(0, 12),
                    entry.file.kind, entry.name(), target_of_entry(entry),
                    entry.file.kind == "request" ? std::to_string(kernels_of(entry)) : "",
                    bytes_text(entry.file.bytes), time_text(entry.file.time),
                    entry.opened.problem.empty() ? "" : "  " + entry.opened.problem);
  }
  if (as_json) return write_json(rows);
  if (!text.empty())
    text = fmt::format("{:<12} {:<8} {:<24} {:<10} {:>3} {:>9}  last used\n", "key", "kind", "name",
                       "target", "", "bytes") +
           text;
  else
    write_note("the cache has no such entries");
  write_output("", text);
}

void stats(bool as_json) {
  const CacheSettings settings = runtime::cache_settings();
  json kinds = json::object();
  std::int64_t total = 0;
  for (const CacheFile& file : runtime::list_files(settings.directory)) {
    json& row = kinds.emplace(file.kind, json{{"entries", 0}, {"bytes", 0}}).first.value();
    row["entries"] = row["entries"].get<std::int64_t>() + 1;
    row["bytes"] = row["bytes"].get<std::int64_t>() + file.bytes;
    total += file.bytes;
  }
  if (as_json)
    return write_json({{"directory", settings.directory},
                       {"mode", mode_of(settings)},
                       {"bytes", total},
                       {"max_bytes", settings.max_bytes},
                       {"kinds", kinds},
                       {"layers", settings.layers}});
  std::string text = fmt::format("{}: {} of {}, mode {}\n", writable(), bytes_text(total),
                                 bytes_text(settings.max_bytes), mode_of(settings));
  for (const auto& [kind, row] : kinds.items())
    text += fmt::format("  {:<8} {:>6} entries {:>10}\n", kind, row["entries"].get<int>(),
                        bytes_text(row["bytes"].get<std::int64_t>()));
  for (const std::string& layer : settings.layers)
    text += fmt::format("  layer {}: {}\n", layer,
                        ir::counted(runtime::list_entries(layer).size(), "entry"));
  write_output("", text);
}

// "" for an entry that a compile would use.
std::string problem_of(const Entry& entry) {
  if (!entry.opened.problem.empty()) return entry.opened.problem;
  if (runtime::cache_hash(entry.opened.material) != entry.file.key)
    return "its name is not the hash of its key";
  try {
    if (entry.file.kind == "request") {
      if (!runtime::parse_request_material(entry.opened.material))
        return "its key is no function's";
      (void)ir::parse(entry.opened.sections.at("plan"));
    }
    for (const auto& [name, bytes] : entry.opened.sections)
      if (name.starts_with("object")) const runtime::LoadedObject checked(bytes);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

void verify(bool remove, bool as_json) {
  const std::vector<Entry> entries = all_entries();
  const std::string own = runtime::cache_directory();
  json bad = json::array();
  std::size_t removed = 0;
  {
    Progress progress("verifying", entries.size());
    for (const Entry& entry : entries) {
      const std::string problem = problem_of(entry);
      progress.step();
      if (problem.empty()) continue;
      bad.push_back({{"path", entry.file.path}, {"problem", problem}});
      if (remove && entry.directory == own) removed += unlink(entry.file.path.c_str()) == 0;
    }
  }
  if (as_json) {
    write_json({{"entries", entries.size()}, {"bad", bad}, {"removed", removed}});
  } else {
    std::string text;
    for (const json& row : bad)
      text += fmt::format("{}: {}\n", row["path"].get<std::string>(),
                          row["problem"].get<std::string>());
    text += fmt::format("{}, {} bad{}\n", ir::counted(entries.size(), "entry"), bad.size(),
                        remove ? fmt::format(", {} removed", removed) : "");
    write_output("", text);
  }
  if (!bad.empty() && removed < bad.size())
    throw UserError(
        remove ? "bad entries are left: they lie in a read-only layer, or cannot be removed"
               : "bad entries are compiled again when they are met; croton cache verify "
                 "--delete removes them now");
}

struct PruneOptions {
  std::int64_t max_bytes = -1, unused_days = -1;
  bool other_builds = false, json = false;
};

void report_removed(const std::vector<CacheFile>& removed, bool as_json) {
  std::int64_t bytes = 0;
  for (const CacheFile& file : removed) bytes += file.bytes;
  if (as_json) return write_json({{"removed", removed.size()}, {"bytes", bytes}});
  write_output(
      "", fmt::format("{} removed, {}\n", ir::counted(removed.size(), "entry"), bytes_text(bytes)));
}

void prune(const PruneOptions& o) {
  constexpr std::int64_t kDay = 86400, kHour = 3600;
  const std::string directory = writable();
  const std::int64_t now = std::time(nullptr);
  std::vector<CacheFile> removed;
  for (const CacheFile& file : runtime::list_files(directory)) {
    // A file that was being written an hour ago has lost its writer.
    bool goes = file.kind == "part" && now - file.time > kHour;
    goes |= o.unused_days >= 0 && now - file.time > o.unused_days * kDay;
    if (!goes && file.kind != "part") {
      const runtime::OpenedEntry opened = runtime::open_entry(file.path, false);
      goes = opened.damaged;
      const auto key = runtime::parse_request_material(opened.material);
      goes |= o.other_builds && key && key->library != runtime::library_identity();
    }
    if (goes && unlink(file.path.c_str()) == 0) removed.push_back(file);
  }
  const std::int64_t most = o.max_bytes >= 0 ? o.max_bytes : runtime::cache_settings().max_bytes;
  for (const CacheFile& file : runtime::cache_shrink(directory, most)) removed.push_back(file);
  report_removed(removed, o.json);
}

void clear(bool as_json) {
  const std::string directory = writable();
  std::vector<CacheFile> removed;
  for (const CacheFile& file : runtime::list_files(directory)) {
    if (unlink(file.path.c_str()) != 0) {
      if (errno == ENOENT) continue;  // somebody else was faster
      throw UserError(fmt::format("cannot remove {}: {}", file.path, std::strerror(errno)));
    }
    removed.push_back(file);
  }
  // The folders of entries, ab for ab…; rmdir takes only empty ones.
  for (int folder = 0; folder < 256; ++folder)
    (void)rmdir(fmt::format("{}/{:02x}", directory, folder).c_str());
  report_removed(removed, as_json);
}

void export_to(const std::string& directory, const std::vector<std::string>& functions,
               bool as_json) {
  std::vector<Entry> chosen;
  for (const std::string& function : functions)
    for (Entry& entry : requests_of(function)) chosen.push_back(std::move(entry));
  if (functions.empty())
    for (Entry& entry : all_entries())
      if (entry.file.kind == "request" && problem_of(entry).empty())
        chosen.push_back(std::move(entry));
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw UserError(fmt::format("cannot write into {}: {}", directory, error.message()));
  if (!runtime::trusted_directory(directory)) chmod(directory.c_str(), 0700);
  std::int64_t bytes = 0;
  for (const Entry& entry : chosen) {
    if (!entry.opened.problem.empty())
      throw UserError(
          fmt::format("{} cannot be exported: {}", entry.file.path, entry.opened.problem));
    const std::string problem = runtime::write_entry(
        directory, runtime::entry_path(directory, entry.file.kind, entry.file.key),
        runtime::serialised(entry.opened.material, entry.opened.sections));
    if (!problem.empty())
      throw UserError(fmt::format("cannot write into {}: {}", directory, problem));
    bytes += entry.file.bytes;
  }
  if (as_json)
    return write_json({{"directory", directory}, {"entries", chosen.size()}, {"bytes", bytes}});
  write_output("", fmt::format("{}, {}; use them with CROTON_CACHE_PATH={}\n",
                               ir::counted(chosen.size(), "function"), bytes_text(bytes),
                               ir::shell_word(directory)));
}

}  // namespace

void add_cache_why(CLI::App& cache);

void add_cache(CLI::App& program) {
  CLI::App* cache = program.add_subcommand("cache", "the kernels that are kept on disk");
  cache->require_subcommand(1);
  cache->footer("Example: croton cache ls\n         croton cache why train");
  const auto command = [&](const char* name, const char* doc, const char* example, auto body) {
    CLI::App* made = cache->add_subcommand(name, doc);
    made->footer(fmt::format("Example: croton cache {}", example));
    auto as_json = std::make_shared<bool>(false);
    made->add_flag("--json", *as_json, "as JSON");
    made->callback([as_json, body] { body(*as_json); });
    return made;
  };
  command("path", "the directory that new kernels go to", "path", path);
  auto kind = std::make_shared<std::string>("request");
  command("ls", "what is in it", "ls --kind all", [kind](bool as_json) { list(*kind, as_json); })
      ->add_option("--kind", *kind, "request (whole functions), kernel or all")
      ->check(CLI::IsMember({"request", "kernel", "all"}))
      ->capture_default_str();
  command("stats", "how much is in it", "stats --json", stats);
  add_cache_why(*cache);
  auto remove = std::make_shared<bool>(false);
  command("verify", "read every entry as a compile would", "verify --delete",
          [remove](bool as_json) { verify(*remove, as_json); })
      ->add_flag("--delete", *remove, "remove what is bad");
  auto prune_options = std::make_shared<PruneOptions>();
  CLI::App* pruning = command("prune", "remove what is damaged, left over, or used longest ago",
                              "prune --max 200M --unused-for 30", [prune_options](bool as_json) {
                                prune_options->json = as_json;
                                prune(*prune_options);
                              });
  pruning
      ->add_option("--max", prune_options->max_bytes,
                   "bytes (or 200K, 200M, 1G): above it the oldest go until 80 % is left; else "
                   "CROTON_CACHE_MAX")
      ->transform(CLI::AsSizeValue(false));
  pruning->add_option("--unused-for", prune_options->unused_days,
                      "days: entries not used for so long");
  pruning->add_flag("--other-builds", prune_options->other_builds,
                    "functions of other builds of croton, which this one cannot use");
  command("clear", "remove every entry", "clear", clear);
  auto directory = std::make_shared<std::string>();
  auto functions = std::make_shared<std::vector<std::string>>();
  CLI::App* exporting = command("export", "copy functions into a directory for CROTON_CACHE_PATH",
                                "export kernels/ train test", [directory, functions](bool as_json) {
                                  export_to(*directory, *functions, as_json);
                                });
  exporting->add_option("directory", *directory, "made when it is not there")->required();
  exporting->add_option("functions", *functions, "names or keys; else every function");
}

}  // namespace croton::tool
