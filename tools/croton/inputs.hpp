// The arrays that a command line names: files, members of archives, random numbers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/temporary.hpp"
#include "tools/croton/problem.hpp"

namespace croton::tool {

/// "name=value"; UserError naming the option.
[[nodiscard]] std::pair<std::string, std::string> name_and_value(const std::string& text,
                                                                 const std::string& option);
/// FILE.npy, FILE.npz:KEY, or FILE.npz, whose key is then `name`.
[[nodiscard]] Array array_from(const std::string& source, const std::string& name);

struct InputOptions {
  std::vector<std::string> inputs;  // name=FILE.npy, name=FILE.npz:KEY or name=random
  std::vector<std::string> dims;    // name=extent
  unsigned seed = 1;
};
/// Extents by symbol: from --dim, then from arrays and shared variables. UserError for a name of
/// --dim that is no symbol of the program's.
[[nodiscard]] std::map<std::string, std::int64_t> extents(const Problem& problem,
                                                          const InputOptions& options,
                                                          const Arrays& given);
/// What the options name: files, and random numbers for shared variables; nothing for inputs that
/// are random. UserError for a name that is no
/// input's or shared variable's of the module in `text`.
[[nodiscard]] Arrays given_arrays(const std::string& text, const std::string& file,
                                  const InputOptions& options);
/// `given`, and seeded random numbers for the other inputs: normal ones, or 0 and 1. Extents come
/// from --dim and from the arrays that are given; UserError naming a symbol without one.
[[nodiscard]] Arrays complete_arrays(const Problem& problem, const InputOptions& options,
                                     Arrays given);

/// Sets the environment for what follows: "off" compiles everything, "cold" begins with an empty
/// cache that is removed with the object, "warm" is the cache as it is.
class CacheMode {
 public:
  explicit CacheMode(const std::string& mode);
  ~CacheMode();
  CacheMode(const CacheMode&) = delete;
  CacheMode& operator=(const CacheMode&) = delete;

 private:
  std::string directory_;
  std::optional<runtime::Temporary> noted_;
};

}  // namespace croton::tool
