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

/// How far two keys are apart.
struct Distance {
  std::size_t settings = 0;  // that differ
  std::size_t lines = 0;     // of the graphs that the other does not have, whatever their order
  bool alike = false;        // the graphs have more in common than not
  bool same_name = false;    // of the functions
  [[nodiscard]] bool operator<(const Distance& other) const {
    if (same_name != other.same_name) return same_name;
    return settings + lines < other.settings + other.lines;
  }
};
[[nodiscard]] Distance distance(const runtime::RequestKey& there, const runtime::RequestKey& here);

}  // namespace croton::tool
