// Why a function was compiled anew: what differs between its key and the nearest one in the cache.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/request.hpp"

namespace croton::tool {

/// One thing in which two keys differ, in the user's words.
struct Change {
  std::string what;                // "constant", "input x", "math", "build of croton", …
  std::string there, here;         // in the entry, and as it was asked for; "" where it is absent
  std::vector<std::string> sites;  // of the user's program, where they are known
};

/// Settings first, then the graph in its order. `sites` are those of `here`, by line.
[[nodiscard]] std::vector<Change> changes(const runtime::RequestKey& there,
                                          const runtime::RequestKey& here,
                                          const std::map<int, std::vector<std::string>>& sites);

/// "constant: 0.5 there, 0.25 here  (model.cpp:12)".
[[nodiscard]] std::string text_of(const Change& change);

/// How far two keys are apart: settings and lines that differ; another function is further than any
/// change of the same one.
[[nodiscard]] std::size_t distance(const runtime::RequestKey& there,
                                   const runtime::RequestKey& here);

}  // namespace croton::tool
