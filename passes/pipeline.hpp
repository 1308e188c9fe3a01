// Passes as records and pipelines as lists of their names. Around each pass, once for all: the
// level it begins at is checked, its rewrites are counted and limited, the result is verified,
// changed stages are kept, and a failure names the pass and carries the module as it was before it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/module.hpp"
#include "passes/rewrite.hpp"

namespace croton::passes {

struct Refusal;

/// What exceeds the last cache would be read into it only to be overwritten.
constexpr std::int64_t kStreamBytes = std::int64_t{24} << 20;

struct PipelineOptions {
  std::string math = "standard";  // strict, standard or fast
  bool fma = true;                // the target has a fused multiply-add
  int vector_bytes = 64;          // of the target's widest registers
  /// From how many bytes of operands and results on a kernel's results go past the caches.
  std::int64_t stream_bytes = kStreamBytes;
  bool verify = false;       // after every pass
  bool keep_stages = false;  // PipelineReport::stages is filled
  /// Rewrites that may fire, all passes together; negative: as many as do. To find the one that
  /// breaks a result, halve it.
  long rewrite_limit = -1;
  /// What run_pipeline runs on a graph of tensors instead of the default; the passes from fuse to
  /// plan that the list leaves out follow it.
  std::optional<std::vector<std::string>> passes = {};
};

/// What a pass may change in results. Options decide which passes run.
enum class Effect : std::uint8_t { none, rounding, fused_multiply_add };

struct PipelineReport {
  std::map<std::string, int> rules{};                           // how often each fired
  std::vector<std::pair<std::string, std::string>> refusals{};  // what was not fused, and why
  struct Stage {
    std::string name;   // the pass's; a second run of it is "canonicalize-2"
    ir::Module module;  // after the pass
    std::string text;
    double seconds = 0;
    bool changed = false;
    std::vector<Rewritten> rewrites{};
  };
  std::vector<Stage> stages{};        // the module before the first pass is "graph"
  std::vector<Rewritten> rewrites{};  // of the pass that runs
};

struct Pass {
  std::string_view name;
  ir::Level from, to;
  Effect effect;
  std::string_view doc;
  void (*run)(ir::Module& module, const PipelineOptions& options, PipelineReport& report,
              long* rewrites_left);
};

[[nodiscard]] std::span<const Pass> all_passes();
/// Throws UserError with the nearest name.
[[nodiscard]] const Pass& pass_named(std::string_view name);
/// The passes of compile, in order.
[[nodiscard]] std::span<const std::string_view> default_pipeline();
/// What is left of it for a module at `level`; groups keep the schedules they state.
[[nodiscard]] std::span<const std::string_view> remaining_pipeline(ir::Level level);
/// What run_pipeline runs for a module at `level`.
[[nodiscard]] std::vector<std::string_view> passes_for(ir::Level level,
                                                       const PipelineOptions& options);
/// "standard", "strict" and "fast"; throws UserError on other words.
void check_math(std::string_view math);
[[nodiscard]] bool allowed(const Pass& pass, const PipelineOptions& options);

/// A pass that failed: the module's text before it, for a reproducer.
class PassError : public InternalError {
 public:
  PassError(std::string pass, std::string before, const std::string& what);
  [[nodiscard]] const std::string& pass() const { return pass_; }
  [[nodiscard]] const std::string& before() const { return before_; }

 private:
  std::string pass_, before_;
};

/// Runs the named passes on the module; those that the options do not allow are left out. Throws
/// UserError for an unknown pass or one that does not begin at the module's level.
void run_passes(ir::Module& module, std::span<const std::string_view> names,
                const PipelineOptions& options, PipelineReport& report);
void run_pipeline(ir::Module& module, const PipelineOptions& options, PipelineReport& report);

}  // namespace croton::passes
