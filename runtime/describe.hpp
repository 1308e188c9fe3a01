// Descriptions of functions: the passes run once more on the graph that was compiled, so the answer
// is the same on cache hits, and a call pays nothing for it.
#pragma once

#include <filesystem>

#include "ir/module.hpp"
#include "runtime/aot_record.hpp"
#include "runtime/compile_settings.hpp"
#include "runtime/description.hpp"

namespace croton::runtime {

struct DescribeOptions {
  std::string origin;
  passes::PipelineOptions pipeline;
  Target target;
  /// Values of symbolic dims; others are taken as 64.
  std::map<std::string, std::int64_t> dims = {};
};

/// Everything that needs no compiler. A module above the tensor level has the stages that are left
/// to it.
[[nodiscard]] Description describe(const ir::Module& graph, const DescribeOptions& options);

/// A request's entry of the cache, in a process that need not have built its graph: the key's text
/// goes through the passes again with the key's settings, and the C++ and remarks are the entry's
/// own. Notes say when another build of croton made it or would plan it differently. UserError when
/// the file is no whole and trusted request.
[[nodiscard]] Description describe_entry(const std::string& path,
                                         const std::map<std::string, std::int64_t>& dims = {});

/// A function of a library written ahead of time, as its variant for `target`: the graph of its
/// record goes through the passes again, and the C++ is the record's own. Notes as above.
[[nodiscard]] Description describe_record(const AotRecord& record,
                                          const AotRecord::Function& function,
                                          const std::string& target, const std::string& origin,
                                          const std::map<std::string, std::int64_t>& dims = {});

/// What the description is for. UserError when this build does not know it.
[[nodiscard]] Target target_of(const Description& description);

/// The texts that a compiler makes.
enum class Generated : std::uint8_t { llvm, assembly, ptx, remarks };
/// Adds one of them to every kernel that lacks it. Throws BackendError when the compiler refuses;
/// for ptx, UserError when there is no NVRTC. `architecture` is for ptx: "sm_80".
void generate(Description& description, Generated what, const std::string& architecture = "sm_80");

/// The lines of the user's program behind one failure of a kernel.
[[nodiscard]] std::vector<Site> failure_sites(const ir::Module& graph,
                                              const passes::PipelineOptions& options,
                                              const std::string& kernel, std::size_t failure);

class Program;
[[nodiscard]] Description describe(const Program& program);
/// The emitted code with comments, which compiles by itself, kernels in launch order.
[[nodiscard]] std::string source(const Program& program);
/// Groups, kernels, cache, rules, refusals.
[[nodiscard]] std::string explain(const Program& program);
/// The file of a dump that holds the whole description.
inline constexpr const char* kDescriptionFile = "description.json";
/// Writes the description, every stage, the emitted code, the explanation and the page for a
/// browser into a directory, which is made. UserError with the file and the system's reason when it
/// cannot be written; the directory is then no dump. Needs no compiler.
void dump(const Program& program, const std::filesystem::path& directory);

}  // namespace croton::runtime
