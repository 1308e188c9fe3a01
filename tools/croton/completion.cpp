// croton completion: what a shell needs to complete commands, options and their words, from the
// program's own command tree.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "tools/croton/command.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/words.hpp"

namespace croton::tool {
namespace {

using Visit = std::function<void(const std::string& path, const CLI::App& command)>;

void each_command(const CLI::App& command, const std::string& path, const Visit& visit) {
  visit(path, command);
  for (const CLI::App* sub : commands_of(command))
    each_command(*sub, path + " " + sub->get_name(), visit);
}

// What may follow on a command line: commands, then options.
std::vector<std::pair<std::string, std::string>> words_after(const CLI::App& command) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const CLI::App* sub : commands_of(command))
    out.emplace_back(sub->get_name(), sub->get_description());
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) continue;
    for (const std::string& name : option->get_lnames())
      out.emplace_back("--" + name, option->get_description());
  }
  return out;
}

// Calls `visit` with each command's path, an option of it, and the words that the option takes.
void each_option_with_words(
    const CLI::App& program,
    const std::function<void(const std::string& path, const std::string& option,
                             const std::vector<std::string>& words)>& visit) {
  each_command(program, "croton", [&](const std::string& path, const CLI::App& command) {
    for (const std::string& option : option_names(command))
      if (const std::vector<std::string> words = words_of(command, option); !words.empty())
        visit(path, option, words);
  });
}

// The lines of a case statement that follow commands down the tree.
std::string path_cases(const CLI::App& program) {
  std::string out;
  each_command(program, "croton", [&](const std::string& path, const CLI::App&) {
    if (path != "croton") out += fmt::format("      \"{}\") at=\"{}\" ;;\n", path, path);
  });
  return out;
}

std::string bash(const CLI::App& program) {
  std::string out =
      "# bash completion of croton: eval \"$(croton completion bash)\"\n"
      "_croton() {\n"
      "  local at=\"croton\" words=\"\" current=\"${COMP_WORDS[COMP_CWORD]}\" i\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    case \"$at ${COMP_WORDS[i]}\" in\n" +
      path_cases(program) + "    esac\n  done\n  case \"$at\" in\n";
  each_command(program, "croton", [&](const std::string& path, const CLI::App& command) {
    std::string words;
    for (const auto& [word, doc] : words_after(command)) words += (words.empty() ? "" : " ") + word;
    out += fmt::format("    \"{}\") words=\"{}\" ;;\n", path, words);
  });
  out += "  esac\n  case \"$at ${COMP_WORDS[COMP_CWORD - 1]}\" in\n";
  each_option_with_words(program, [&](const auto& path, const auto& option, const auto& words) {
    out += fmt::format("    \"{} {}\") words=\"{}\" ;;\n", path, option, fmt::join(words, " "));
  });
  return out +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -o default -F _croton croton\n";
}

// 'word:what it does', as _describe takes it.
std::string zsh_word(const std::string& word, const std::string& doc) {
  std::string out = "'";
  for (const char c : word + ":" + doc) {
    if (c == '\'') out += "'\\'";
    if (c == ':' && out.find(':') != std::string::npos) out += '\\';
    out += c;
  }
  return out + "'";
}

std::string zsh(const CLI::App& program) {
  std::string out =
      "#compdef croton\n"
      "# zsh completion of croton: croton completion zsh > a/folder/of/fpath/_croton\n"
      "_croton() {\n"
      "  local at=\"croton\" word\n"
      "  local -a choices\n"
      "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
      "    case \"$at $word\" in\n" +
      path_cases(program) + "    esac\n  done\n  case \"$at\" in\n";
  each_command(program, "croton", [&](const std::string& path, const CLI::App& command) {
    out += fmt::format("    \"{}\") choices=(", path);
    for (const auto& [word, doc] : words_after(command)) out += zsh_word(word, doc) + " ";
    out += ") ;;\n";
  });
  out += "  esac\n  case \"$at ${words[CURRENT-1]}\" in\n";
  each_option_with_words(program, [&](const auto& path, const auto& option, const auto& words) {
    out += fmt::format("    \"{} {}\") choices=({}) ;;\n", path, option, fmt::join(words, " "));
  });
  return out +
         "  esac\n"
         "  _describe croton choices\n"
         "  _files\n"
         "}\n"
         "compdef _croton croton\n";
}

std::string fish(const CLI::App& program) {
  const auto quoted = [](const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
    return out + "'";
  };
  std::string out = "# fish completion of croton: croton completion fish | source\n";
  each_command(program, "", [&](const std::string& path, const CLI::App& command) {
    // " cache why" holds where `cache` and `why` have been seen.
    std::string condition;
    for (std::size_t start = 1; start < path.size();) {
      const std::size_t end = std::min(path.find(' ', start), path.size());
      condition += fmt::format("{}__fish_seen_subcommand_from {}",
                               condition.empty() ? "" : "; and ", path.substr(start, end - start));
      start = end + 1;
    }
    std::string own;
    for (const CLI::App* sub : commands_of(command)) own += " " + sub->get_name();
    const std::string none = own.empty()
                                 ? condition
                                 : fmt::format("{}{}not __fish_seen_subcommand_from{}", condition,
                                               condition.empty() ? "" : "; and ", own);
    for (const CLI::App* sub : commands_of(command))
      out += fmt::format("complete -c croton -n {} -a {} -d {}\n", quoted(none), sub->get_name(),
                         quoted(sub->get_description()));
    for (const CLI::Option* option : command.get_options()) {
      if (option->get_positional()) continue;
      for (const std::string& name : option->get_lnames()) {
        const std::vector<std::string> words = words_of(command, "--" + name);
        out += fmt::format(
            "complete -c croton -n {} -l {} -d {}{}\n", quoted(none), name,
            quoted(option->get_description()),
            words.empty() ? "" : " -x -a " + quoted(fmt::format("{}", fmt::join(words, " "))));
      }
    }
  });
  return out;
}

}  // namespace

void add_completion(CLI::App& program) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      program.add_subcommand("completion", "what a shell needs to complete croton's commands");
  command->footer("Example: eval \"$(croton completion bash)\"");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &program] {
    write_output(
        "", *shell == "bash" ? bash(program) : (*shell == "zsh" ? zsh(program) : fish(program)));
  });
}

}  // namespace croton::tool
