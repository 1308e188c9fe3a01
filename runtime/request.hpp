// The request level of the cache: a whole compiled function under the text of its graph, so that a
// hit runs no pass and no compiler. Kernels' objects are in the entry.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel_abi.hpp"
#include "ir/module.hpp"

namespace croton::runtime {

/// One kernel ready to be loaded.
struct CompiledKernel {
  std::string name, entry, combine_entry;
  std::vector<std::string> dims, failures;
  Dim parallel_extent;
  std::int64_t cost = 1;
  std::string object;
  /// For readers: the emitted C++ without comments, and the vectoriser's remarks. Left empty when
  /// the kernel comes from an entry.
  std::string source{}, remarks{};
};

/// What a key says, line by line. The graph's text and these settings suffice to run the passes
/// again; the lines of the user's program are no part of it.
struct RequestKey {
  std::string library, compiler, target, math, rewrites, stream, flags;
  std::optional<std::vector<std::string>> passes;  // when they are not the default ones
  std::string graph;                               // canonical text
};
/// The lines of settings in a key, in order: the word that a line begins with, and what users call
/// it.
struct KeyLine {
  std::string_view word, what;
  std::string RequestKey::*value;
};
// clang-format off
inline constexpr KeyLine kKeyLines[] = {
  {"library", "build of croton", &RequestKey::library}, {"compiler", "compiler", &RequestKey::compiler},
  {"target", "instruction set", &RequestKey::target},   {"math", "math", &RequestKey::math},
  {"rewrites", "CROTON_BISECT", &RequestKey::rewrites}, {"stream", "stream_bytes", &RequestKey::stream},
  {"flags", "compiler's flags", &RequestKey::flags},
};
// clang-format on
/// Nothing when it is no key of a request.
[[nodiscard]] std::optional<RequestKey> parse_request_material(std::string_view material);
/// Remembers which graph of that name was compiled anew, by which program and from which of its
/// lines: for `croton cache why`. Never read by a compile.
void note_miss(const ir::Module& graph, const std::string& material);
struct MissNote {
  std::string request;                            // the key's hash
  std::string program;                            // path
  std::map<int, std::vector<std::string>> sites;  // by line of the key's graph text
};
[[nodiscard]] std::optional<MissNote> find_miss(const std::string& function);
/// The lines of the user's program behind each line of a graph's canonical text, from 1.
[[nodiscard]] std::map<int, std::vector<std::string>> sites_by_line(const ir::Module& graph);

/// The canonical text of a plan, as entries hold it.
[[nodiscard]] std::string plan_text(const ir::Module& planned);

/// The key of a graph: its canonical text and everything else that decides the outcome.
[[nodiscard]] std::string request_material(const ir::Module& graph, const std::string& settings);

struct RequestEntry {
  ir::Region plan;
  std::vector<CompiledKernel> kernels;
};

[[nodiscard]] std::optional<RequestEntry> find_request(const std::string& material);
void store_request(const std::string& material, const ir::Module& planned,
                   const std::vector<CompiledKernel>& kernels);

/// Identifies this build of croton's library: its build id, or its version without one.
[[nodiscard]] const std::string& library_identity();

}  // namespace croton::runtime
