// The same elements, kept in memory in several ways: what a caller's arguments may look like.
#pragma once

#include <cstring>
#include <vector>

#include "runtime/array.hpp"
#include "runtime/array_view.hpp"

namespace croton::test {

enum class Layout : std::uint8_t { row_major, every_second, reversed, column_major, repeated };
inline constexpr Layout kLayouts[] = {Layout::row_major, Layout::every_second, Layout::reversed,
                                      Layout::column_major, Layout::repeated};

struct Kept {
  std::vector<std::byte> memory;
  ArrayView view;
};

using Extents = std::vector<std::int64_t>;

inline std::int64_t offset_of(std::int64_t element, const Extents& shape, const Extents& strides) {
  std::int64_t offset = 0;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    offset += element % shape[axis] * strides[axis];
    element /= shape[axis];
  }
  return offset;
}

/// Along this axis of a row-major array every element equals the first one, bit for bit.
inline bool repeats(const Array& a, std::size_t axis) {
  const Extents& shape = a.shape();
  const std::size_t size = size_of(a.dtype());
  std::int64_t inner = 1;
  for (std::size_t k = axis + 1; k < shape.size(); ++k) inner *= shape[k];
  for (std::int64_t i = 0; i < a.count(); ++i) {
    const std::int64_t first = i - i / inner % shape[axis] * inner;
    if (std::memcmp(a.raw() + static_cast<std::size_t>(i) * size,
                    a.raw() + static_cast<std::size_t>(first) * size, size) != 0)
      return false;
  }
  return true;
}

/// A copy of the row-major array `a`. `repeated` is row-major but for axes along which the elements
/// are equal, whose stride is 0.
inline Kept kept_as(const Array& a, Layout layout) {
  const Extents& shape = a.shape();
  const std::size_t size = size_of(a.dtype());
  Extents strides(shape.size());
  std::int64_t count = layout == Layout::every_second ? 2 : 1;
  for (std::size_t k = 0; k < shape.size(); ++k) {
    const std::size_t axis = layout == Layout::column_major ? k : shape.size() - 1 - k;
    strides[axis] = layout == Layout::repeated && repeats(a, axis) ? 0 : count;
    count *= strides[axis] == 0 ? 1 : std::max<std::int64_t>(shape[axis], 1);
  }
  Kept kept;
  kept.memory.resize(static_cast<std::size_t>(count) * size + size);
  std::byte* start = kept.memory.data();
  if (layout == Layout::reversed)
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const std::int64_t last = std::max<std::int64_t>(shape[axis] - 1, 0) * strides[axis];
      start += static_cast<std::size_t>(last) * size;
      strides[axis] = -strides[axis];
    }
  for (std::int64_t i = 0; i < a.count(); ++i)
    std::memcpy(start + offset_of(i, shape, strides) * static_cast<std::int64_t>(size),
                a.raw() + static_cast<std::size_t>(i) * size, size);
  kept.view = ArrayView(a.dtype(), start, shape, strides);
  return kept;
}

}  // namespace croton::test
