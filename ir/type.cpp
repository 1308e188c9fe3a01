#include "ir/type.hpp"

#include "ir/hash.hpp"

namespace croton::ir {

std::string_view name(Space space) {
  switch (space) {
    case Space::parameter:
      return "parameter";
    case Space::arena:
      return "arena";
    case Space::local:
      return "local";
    case Space::shared:
      return "shared";
    case Space::reg:
      return "register";
  }
  return "";
}

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.size(), Dim(1));
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Type buffer(DType dtype, Shape extents, Space space, Shape strides) {
  if (strides.empty()) strides = row_major_strides(extents);
  return {dtype, std::move(extents), Type::Kind::buffer, space, std::move(strides)};
}

std::string text(const Type& type) {
  if (type.kind == Type::Kind::token) return "token";
  const std::string base = std::string(name(type.dtype)) + "[" + croton::text(type.shape) + "]";
  if (type.kind == Type::Kind::tensor) return base;
  return "buffer<" + base + ", strides [" + croton::text(type.strides) + "], " +
         std::string(name(type.space)) + ">";
}

std::size_t hash(const Type& type) {
  Hasher h;
  h.add(static_cast<std::uint64_t>(type.dtype) | static_cast<std::uint64_t>(type.kind) << 8 |
        static_cast<std::uint64_t>(type.space) << 16);
  for (const Dim& dim : type.shape) h.add(dim.hash());
  for (const Dim& dim : type.strides) h.add(dim.hash());
  return h.value;
}

}  // namespace croton::ir
