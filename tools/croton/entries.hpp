// The cache's entries, as people name them.
#pragma once

#include <string>
#include <vector>

#include "runtime/cache.hpp"
#include "runtime/request.hpp"

namespace croton::tool {

/// An entry of the writable directory or of a read-only layer, opened.
struct Entry {
  runtime::CacheFile file;
  std::string directory;
  runtime::OpenedEntry opened;
  [[nodiscard]] std::string name() const;  // the function's or kernel's; "" when damaged
};

/// Every entry, the writable directory's first, then those of the layers; newest first in each.
[[nodiscard]] std::vector<Entry> all_entries();
/// The request whose key begins with `wanted` (at least four digits, only one such) or whose
/// function has that name (the one used last). Throws UserError with the nearest name.
[[nodiscard]] Entry request_of(const std::string& wanted);
/// The request of that key, else every one whose function has that name, newest first.
[[nodiscard]] std::vector<Entry> requests_of(const std::string& wanted);
/// A line about each other one of requests_of: its key, when it was used, and what differs first.
[[nodiscard]] std::string same_named(const std::vector<Entry>& requests);

}  // namespace croton::tool
