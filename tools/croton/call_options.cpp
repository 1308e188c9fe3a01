#include "tools/croton/call_options.hpp"

#include <fmt/format.h>

#include "ir/spelling.hpp"
#include "passes/pipeline.hpp"

namespace croton::tool {

void add_call_options(CLI::App& command, const std::shared_ptr<CallOptions>& options,
                      const std::string& repeat) {
  CallOptions& o = *options;
  command
      .add_option("--input", o.inputs.inputs,
                  "name=FILE.npy, name=FILE.npz:KEY, or name=random (the default); also shared "
                  "variables")
      ->allow_extra_args(false);
  command.add_option("--dim", o.inputs.dims, "name=extent, for random inputs")
      ->allow_extra_args(false);
  command.add_option("--seed", o.inputs.seed, "of random inputs");
  command
      .add_option("--passes", o.passes,
                  "passes, separated by commas, instead of the default; from fuse on they follow "
                  "by themselves")
      ->each([options](const std::string&) { options->has_passes = true; });
  command.add_option("--math", o.math, "strict, standard or fast");
  command.add_option("--cache", o.cache,
                     "off, cold (begin with an empty one) or warm (the default)");
  command.add_option("--threads", o.threads, "at most so many threads");
  command.add_option("--repeat", o.repeat, repeat);
  command.add_flag("--json", o.as_json, "as JSON");
  command.parse_complete_callback([&command, options] {
    check_at_least_one(command, "--threads", options->threads);
    check_at_least_one(command, "--repeat", options->repeat);
  });
}

runtime::CompileSettings settings_of(const CallOptions& options) {
  passes::check_math(options.math);
  runtime::CompileSettings settings{.math = options.math, .threads = options.threads};
  if (!options.has_passes) return settings;
  settings.passes = ir::split_list(options.passes);
  for (const std::string& name : *settings.passes) (void)passes::pass_named(name);
  return settings;
}

void check_at_least_one(const CLI::App& command, const std::string& option, int value) {
  if (command.count(option) > 0 && value < 1)
    throw UserError(fmt::format("{} {}: a whole number, at least 1", option, value));
}

}  // namespace croton::tool
