// What `croton dump` and its relatives are pointed at: a file, a dump, an entry of the cache.
#pragma once

#include <map>
#include <string>

#include "runtime/describe.hpp"

namespace croton::tool {

struct SourceOptions {
  std::string math = "standard", target;  // of .ctir files; target "": this machine's
  std::map<std::string, std::int64_t> dims;
  std::string function;  // of a directory that holds several dumps, or of a library
};

/// What a library written ahead of time, or a program linked with one, says of itself; nothing when
/// the source is something else. UserError when it is machine code without that.
[[nodiscard]] std::vector<runtime::AotRecord> library_records(const std::string& source);

/// Describes, in this order: "-" or a .ctir file; a cache entry's file; a library; a dump's
/// directory, or one that holds dumps; an entry of the cache by a prefix of its key or by its
/// function's name (the one used last). Throws UserError that says what there is instead.
[[nodiscard]] runtime::Description describe_source(const std::string& source,
                                                   const SourceOptions& options);

/// The target of that name, this machine's for "". UserError otherwise.
[[nodiscard]] runtime::Target target_of(const std::string& name);

/// Values of dims from "n=60"; UserError for what is no name=number.
[[nodiscard]] std::map<std::string, std::int64_t> dims_of(const std::vector<std::string>& given);

}  // namespace croton::tool
