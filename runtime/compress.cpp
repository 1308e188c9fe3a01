#include "runtime/compress.hpp"

#include <zlib.h>

#include "ir/error.hpp"

namespace croton::runtime {

std::string compressed(std::string_view bytes, int level) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                               reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), level);
  CROTON_CHECK(status == Z_OK, "a description cannot be compressed");
  out.resize(size);
  return out;
}

}  // namespace croton::runtime
