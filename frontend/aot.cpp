#include "frontend/croton/aot.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <map>

#include "frontend/build.hpp"
#include "ir/spelling.hpp"
#include "runtime/aot.hpp"
#include "runtime/temporary.hpp"

namespace croton {
namespace {

using Builders = std::vector<std::pair<std::string, AotDefinition (*)()>>;

Builders& builders() {
  static Builders all;
  return all;
}

// --name value, each at most once; --bare.
runtime::AotRequest request_of(int argc, const char* const* argv) {
  bool bare = false;
  std::map<std::string, std::string> given{{"-o", ""},
                                           {"--name", ""},
                                           {"--target", ""},
                                           {"--emit", "static,header,hpp"},
                                           {"--linker", ""}};
  for (int i = 1; i < argc; i += 2) {
    if (std::string_view(argv[i]) == "--bare") {
      bare = true;
      --i;
      continue;
    }
    const auto it = given.find(argv[i]);
    if (it == given.end() || i + 1 == argc)
      throw UserError(fmt::format(
          "{}: not understood; usage: -o DIRECTORY --name NAME --target LIST [--emit LIST] "
          "[--linker PATH] [--bare]",
          argv[i]));
    it->second = argv[i + 1];
  }
  if (given.at("-o").empty()) throw UserError("-o DIRECTORY is missing");
  return {.name = given.at("--name"),
          .targets = ir::split_list(given.at("--target")),
          .emit = ir::split_list(given.at("--emit")),
          .directory = given.at("-o"),
          .linker = given.at("--linker"),
          .bare = bare};
}

}  // namespace

runtime::AotGraph AotDefinition::graph(const std::string& name) const {
  runtime::AotGraph named = *graph_;
  named.module.name = name;
  return named;
}

AotDefinition aot(const Exprs& inputs, const Exprs& outputs, const AotOptions& options,
                  Location where) {
  const CompileOptions compile_options{.allow_unused = options.allow_unused,
                                       .math = options.math,
                                       .name = "aot",
                                       .updates = options.updates};
  runtime::AotGraph graph{detail::module_of(inputs, outputs, compile_options, site_of(where)),
                          {},
                          detail::math_of(options.math)};
  for (const Shared& variable : options.freeze) graph.freeze.push_back(variable.name());
  return AotDefinition(std::make_shared<const runtime::AotGraph>(std::move(graph)));
}

bool register_aot(const char* name, AotDefinition (*builder)()) {
  builders().emplace_back(name, builder);
  return true;
}

int aot_main(int argc, const char* const* argv) {
  runtime::remove_temporaries_on_signals();
  std::string at;
  try {
    const runtime::AotRequest request = request_of(argc, argv);
    std::vector<runtime::AotGraph> graphs;
    for (const auto& [name, builder] : builders()) {
      at = name + ": ";
      graphs.push_back(builder().graph(name));
    }
    at.clear();
    runtime::write_aot(graphs, request);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s%s\n", at.c_str(), error.what());
  } catch (...) {
    std::fprintf(stderr, "%sthe builder threw what is no std::exception\n", at.c_str());
  }
  return 1;
}

}  // namespace croton
