// Machine code for `perf inject --jit`: its jitdump form, version 1 (jitdump-specification.txt of
// Linux's tools/perf/Documentation), with names and lines.
#pragma once

#include <list>

#include "runtime/visible_code.hpp"

namespace croton::runtime {

/// Appends `added` to jit-PID.dump in the directory JITDUMPDIR, else in the current one. A process
/// begins its file with `all`, which holds `added`: a child of fork has its parent's code. A file
/// of that name that was there before is replaced. What cannot be written is left out and logged.
void write_jitdump(const LoadedCode& added, const std::list<const LoadedCode*>& all);

}  // namespace croton::runtime
