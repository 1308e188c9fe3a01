// One program, several commands. Exit codes: 0; 1 for the user's mistake; 2 for ours.
#pragma once

#include <CLI/CLI.hpp>

namespace croton::tool {

/// Each adds its command to the program; its callback does the work.
void add_aot(CLI::App& program);
void add_opt(CLI::App& program);
void add_run(CLI::App& program);
void add_cache(CLI::App& program);
void add_doctor(CLI::App& program);
void add_completion(CLI::App& program);
void add_reference(CLI::App& program);
void add_bench(CLI::App& program);
void add_dump(CLI::App& program);
void add_ops(CLI::App& program);
void add_precompile(CLI::App& program);

}  // namespace croton::tool
