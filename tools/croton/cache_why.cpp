// croton cache why: the nearest entry, and what differs from it.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runtime/cache.hpp"
#include "runtime/compile.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/entries.hpp"
#include "tools/croton/module_file.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/source.hpp"
#include "tools/croton/why.hpp"

namespace croton::tool {
namespace {

using nlohmann::json;
using runtime::RequestKey;

// What is asked about: a key, with the lines of the user's program where they are known.
struct Question {
  std::string function, material, hash;
  std::map<int, std::vector<std::string>> sites;
  std::string program;    // that compiled it anew last, if that is known
  std::int64_t time = 0;  // when
  bool of_file = false;
};

Question about_file(const std::string& file, const std::string& math, const std::string& target) {
  const ir::Module module = runtime::prepare(read_module(file)).module;
  const runtime::Target chosen = target_of(target);
  Question q;
  q.function = module.name;
  q.material = runtime::request_material(
      module, runtime::settings_text(runtime::pipeline_options({.math = math}, chosen), chosen));
  q.hash = runtime::cache_hash(q.material);
  q.sites = runtime::sites_by_line(module);
  q.of_file = true;
  return q;
}

Question about_function(const std::string& name) {
  Entry entry = request_of(name);
  if (!entry.opened.problem.empty())
    throw UserError(fmt::format("{}: {}", entry.file.path, entry.opened.problem));
  Question q;
  q.function = entry.name();
  // The request that was compiled anew last, when a note of it is there; else the one found.
  if (const auto note = runtime::find_miss(q.function)) {
    const bool by_key = entry.file.key != note->request && entry.file.key.starts_with(name);
    for (Entry& any : all_entries())
      if (!by_key && any.file.kind == "request" && any.file.key == note->request) {
        entry = std::move(any);
        q.program = note->program;
        q.sites = note->sites;
        break;
      }
  }
  q.material = entry.opened.material;
  q.hash = entry.file.key;
  q.time = entry.file.time;
  return q;
}

json as_rows(const std::vector<Change>& all) {
  json rows = json::array();
  for (const Change& c : all)
    rows.push_back({{"what", c.what}, {"there", c.there}, {"here", c.here}, {"sites", c.sites}});
  return rows;
}

void why(const std::string& wanted, const std::string& math, const std::string& target,
         bool as_json) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status there = fs::status(wanted, error);
  if (there.type() == fs::file_type::none)
    throw UserError(fmt::format("cannot read {}: {}", wanted, error.message()));
  const bool file = wanted == "-" || (fs::exists(there) && !fs::is_directory(there)) ||
                    wanted.find('/') != std::string::npos || wanted.ends_with(".ctir");
  const Question q = file ? about_file(wanted, math, target) : about_function(wanted);
  const auto here = runtime::parse_request_material(q.material);
  if (!here) throw UserError(fmt::format("the key of {} has another form", q.hash));
  const Entry* hit = nullptr;
  const Entry* nearest = nullptr;
  std::optional<Distance> least;
  const std::vector<Entry> entries = all_entries();
  for (const Entry& entry : entries) {
    if (entry.file.kind != "request" || !entry.opened.problem.empty()) continue;
    if (entry.file.key == q.hash) {
      hit = &entry;
      continue;
    }
    const auto there = runtime::parse_request_material(entry.opened.material);
    if (!there) continue;
    const Distance far = distance(*there, *here);
    // A function of another name explains something only where it computes nearly the same; and
    // every function that got no name has the same one.
    const bool is_named = q.function != ir::Module{}.name;
    if (!far.alike && !(far.same_name && is_named)) continue;
    if (!least || far < *least) nearest = &entry, least = far;
  }
  std::vector<Change> all;
  if (nearest)
    all = changes(*runtime::parse_request_material(nearest->opened.material), *here, q.sites);
  const runtime::CacheSettings settings = runtime::cache_settings();
  if (as_json)
    return write_json({{"function", q.function},
                       {"key", q.hash},
                       {"hit", hit != nullptr},
                       {"program", q.program},
                       {"cache", !settings.read ? "off" : (settings.write ? "rw" : "ro")},
                       {"nearest", nearest ? json(nearest->file.key) : json()},
                       {"nearest_function", nearest ? json(nearest->name()) : json()},
                       {"changes", as_rows(all)}});
  std::string text;
  if (!settings.read) text += "the cache is off (CROTON_CACHE=off): everything is compiled anew\n";
  if (q.of_file)
    text += hit ? fmt::format("{}: in the cache as {}, last used {}\n", q.function,
                              q.hash.substr(0, 12), time_text(hit->file.time))
                : fmt::format("{}: not in the cache\n", q.function);
  else
    text += fmt::format("{}: {} is in the cache, last used {}{}\n", q.function,
                        q.hash.substr(0, 12), time_text(q.time),
                        q.program.empty() ? "" : "; it was compiled for " + q.program);
  if (!nearest) {
    text += "nothing else in the cache is like it: its first compile found no entry to use\n";
  } else if (!(q.of_file && hit)) {
    text += fmt::format("the nearest entry is {} {}, last used {}; it was not used because of\n",
                        nearest->file.key.substr(0, 12), nearest->name(),
                        time_text(nearest->file.time));
    constexpr std::size_t kShown = 5;
    for (std::size_t i = 0; i < std::min(kShown, all.size()); ++i)
      text += "  " + text_of(all[i]) + "\n";
    if (all.size() > kShown)
      text += fmt::format("  and {} more lines of the graph\n", all.size() - kShown);
  }
  write_output("", text);
}

}  // namespace

void add_cache_why(CLI::App& cache) {
  auto wanted = std::make_shared<std::string>();
  auto math = std::make_shared<std::string>("standard");
  auto target = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = cache.add_subcommand("why", "why a function was compiled anew");
  command->footer(
      "Example: croton cache why train        # the last time that a program compiled `train`\n"
      "         croton cache why model.ctir   # whether it would be found now");
  command
      ->add_option("function", *wanted,
                   "a function's name, the beginning of its key, or a .ctir file")
      ->required();
  command->add_option("--math", *math, "strict, standard or fast, for a .ctir file");
  command->add_option("--target", *target, "x86-64-v2, x86-64-v3 or x86-64-v4, for a .ctir file");
  command->add_flag("--json", *as_json, "as JSON");
  command->callback([=] { why(*wanted, *math, *target, *as_json); });
}

}  // namespace croton::tool
