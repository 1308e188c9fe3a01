#include "runtime/compile_settings.hpp"

#include <fmt/format.h>

#include "runtime/config.hpp"
#include "runtime/toolchain.hpp"

namespace croton::runtime {

passes::PipelineOptions pipeline_options(const CompileSettings& settings, const Target& target) {
  const std::optional<std::string> limit = setting("CROTON_BISECT");
  return {.math = settings.math,
          .fma = target.fma,
          .vector_bytes = target.vector_bytes,
          .stream_bytes = settings.stream_bytes,
          .verify = flag("CROTON_VERIFY"),
          .keep_stages = false,
          .rewrite_limit = limit ? *natural(*limit) : -1,
          .passes = settings.passes};
}

std::string settings_text(const passes::PipelineOptions& options, const Target& target) {
  return fmt::format(
      "compiler {}\ntarget {}\nmath {}\nrewrites {}\nstream {}\nflags {}{}", compiler_identity(),
      target.name, options.math, options.rewrite_limit, options.stream_bytes, compiler_flags(),
      options.passes ? fmt::format("\npasses {}", fmt::join(*options.passes, ",")) : "");
}

}  // namespace croton::runtime
