#include "tools/croton/words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ir/spelling.hpp"
#include "passes/pipeline.hpp"
#include "runtime/aot.hpp"
#include "runtime/description_text.hpp"

namespace croton::tool {

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> out;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) continue;
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
    if (option->get_lnames().empty())
      for (const std::string& name : option->get_snames()) out.push_back("-" + name);
  }
  return out;
}

std::vector<const CLI::App*> commands_of(const CLI::App& command) {
  std::vector<const CLI::App*> out;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; }))
    if (!sub->get_group().empty()) out.push_back(sub);
  return out;
}

std::vector<std::string> words_of(const CLI::App& command, const std::string& option) {
  std::vector<std::string> out;
  const CLI::Option* known = command.get_option_no_throw(option);
  if (known == nullptr || known->get_expected_max() == 0) return out;  // a flag takes none
  const bool stages = option == "--stage" || option == "--diff" || option == "--dot";
  if (stages) out.emplace_back("graph");
  if (stages || option == "--run" || option == "--passes")
    for (const passes::Pass& pass : passes::all_passes()) out.emplace_back(pass.name);
  if (option == "--run") out.emplace_back("all");
  if (option == "--stage" || option == "--diff")
    for (const runtime::View& view : runtime::all_views())
      if (std::find(out.begin(), out.end(), view.name) == out.end()) out.emplace_back(view.name);
  if (option == "--stage") out.emplace_back("all");
  if (option == "--math") out = {"strict", "standard", "fast"};
  if (option == "--target") out = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
  if (option == "--emit" && command.get_name() == "aot")
    out.assign(runtime::aot_kinds().begin(), runtime::aot_kinds().end());
  else if (option == "--emit")
    out = {"cpp", "cuda", "asm", "llvm"};
  if (option == "--cache") out = {"off", "cold", "warm"};
  if (option == "--kind") out = {"request", "kernel", "all"};
  return out;
}

std::string what_is_wrong(const CLI::App& program, const CLI::ParseError& error, int argc,
                          char** argv) {
  const CLI::App* at = &program;
  std::string path;  // of commands, "cache why"
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--") break;
    if (word.starts_with("--")) {
      const std::string name = word.substr(0, word.find('='));
      const std::vector<std::string> known = option_names(*at);
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::vector<std::string_view> views(known.begin(), known.end());
      return fmt::format("{}unknown option {}{}; see croton {}--help",
                         path.empty() ? "" : path + ": ", name, ir::suggestion(name, views),
                         path.empty() ? "" : path + " ");
    }
    const std::vector<const CLI::App*> commands = commands_of(*at);
    if (word.starts_with("-") || commands.empty()) continue;
    const auto found = std::find_if(commands.begin(), commands.end(),
                                    [&](const CLI::App* sub) { return sub->get_name() == word; });
    if (found != commands.end()) {
      at = *found;
      path += (path.empty() ? "" : " ") + word;
      continue;
    }
    std::vector<std::string> names;
    for (const CLI::App* sub : commands) names.push_back(sub->get_name());
    const std::vector<std::string_view> known(names.begin(), names.end());
    return fmt::format("{}unknown command {}{}; there are {}", path.empty() ? "" : path + ": ",
                       word, ir::suggestion(word, known), fmt::join(names, ", "));
  }
  return fmt::format("{}{}; see croton {}--help", path.empty() ? "" : path + ": ", error.what(),
                     path.empty() ? "" : path + " ");
}

}  // namespace croton::tool
