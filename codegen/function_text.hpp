// The functions around the statements of a kernel: their parameters, and the entries that callers
// see.
#pragma once

#include <string>
#include <vector>

#include "codegen/dialect.hpp"
#include "codegen/writer.hpp"

namespace croton::codegen {

struct BufferParameter {
  std::string type, name, comment;
};

/// Writes the function `entry` of the buffers, the dims, a range of the parallel loop and the
/// failure record, around the lines of `body`. In a dialect with entries of another form, the
/// function is entry_body, has the parameters that its body names, and is followed by the entry.
void write_function(Writer& writer, const Dialect& dialect, const std::string& entry,
                    const std::vector<BufferParameter>& buffers,
                    const std::vector<std::string>& dims, const Writer& body);

/// What that function is called.
[[nodiscard]] std::string body_name(const std::string& entry);

}  // namespace croton::codegen
