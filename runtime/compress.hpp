// Bytes made smaller.
#pragma once

#include <string>
#include <string_view>

namespace croton::runtime {

/// What zlib's `uncompress` and a browser's "deflate" make into `bytes` again; `level` is zlib's,
/// from 1, fast, to 9, small. InternalError when there is no memory for it.
[[nodiscard]] std::string compressed(std::string_view bytes, int level);

}  // namespace croton::runtime
