// The program's own command tree, read back: completion, the reference, and what a misspelt word
// may have meant all come from it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace croton::tool {

/// "--stage" and so on, "-o" only where there is no long name.
[[nodiscard]] std::vector<std::string> option_names(const CLI::App& command);
/// Visible commands, in the order in which they were added.
[[nodiscard]] std::vector<const CLI::App*> commands_of(const CLI::App& command);
/// The words that an option of a command takes, where a table of croton lists them: "--stage".
[[nodiscard]] std::vector<std::string> words_of(const CLI::App& command, const std::string& option);
/// One line about a command line that cannot be read: the first word that the program does not know
/// with the nearest that it does, else what the parser says.
[[nodiscard]] std::string what_is_wrong(const CLI::App& program, const CLI::ParseError& error,
                                        int argc, char** argv);

}  // namespace croton::tool
