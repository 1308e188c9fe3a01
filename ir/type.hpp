// Types of values. A tensor has a dtype and dims (rank always known); a buffer is memory inside a
// kernel, with strides and a space; a scalar inside a kernel is a tensor of rank 0.
#pragma once

#include <string>

#include "ir/dim.hpp"
#include "ir/dtype.hpp"

namespace croton::ir {

enum class Space : std::uint8_t { parameter, arena, local, shared, reg };

struct Type {
  enum class Kind : std::uint8_t { tensor, buffer, token };
  DType dtype = DType::f32;
  Shape shape{};  // of a buffer: extents
  Kind kind = Kind::tensor;
  Space space = Space::parameter;  // buffers only
  Shape strides{};                 // buffers only, in elements; one per extent
  [[nodiscard]] int rank() const { return static_cast<int>(shape.size()); }
  friend bool operator==(const Type&, const Type&) = default;
};

[[nodiscard]] inline Type tensor(DType dtype, Shape shape = {}) {
  return {dtype, std::move(shape)};
}
/// A buffer with row-major strides unless others are given.
[[nodiscard]] Type buffer(DType dtype, Shape extents, Space space, Shape strides = {});
[[nodiscard]] Shape row_major_strides(const Shape& shape);
[[nodiscard]] std::string_view name(Space space);

/// "f32[n, 784]"; a buffer as "buffer<f32[n, 784], strides [784, 1], arena>".
[[nodiscard]] std::string text(const Type& type);
[[nodiscard]] std::size_t hash(const Type& type);

}  // namespace croton::ir
