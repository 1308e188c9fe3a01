// Attributes: the constant part of a node. Which attributes an op has, in which order and of which
// kind, is a column of the op table.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ir/type.hpp"

namespace croton::ir {

/// Numbers known when the graph is built: row-major elements in the machine's byte order.
/// Equality and hashing are of bits, so NaNs and signed zeros are told apart.
class Literal {
 public:
  Literal() = default;
  Literal(DType dtype, std::vector<std::int64_t> shape, std::vector<std::byte> bytes);
  template <class T>
  static Literal scalar(T value) {
    std::vector<std::byte> bytes(sizeof(T));
    __builtin_memcpy(bytes.data(), &value, sizeof(T));
    return {dtype_of<T>, {}, std::move(bytes)};
  }
  /// A scalar of `dtype` from a number; the value is converted as a C++ cast would, saturating.
  static Literal scalar_of(DType dtype, double value);
  static Literal scalar_of(DType dtype, std::int64_t value);

  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] const std::vector<std::int64_t>& shape() const { return shape_; }
  [[nodiscard]] std::int64_t count() const;
  [[nodiscard]] bool is_scalar() const { return shape_.empty(); }
  [[nodiscard]] std::span<const std::byte> bytes() const;
  template <class T>
  [[nodiscard]] T at(std::int64_t index) const {
    T value;
    __builtin_memcpy(&value, bytes_->data() + index * static_cast<std::int64_t>(sizeof(T)),
                     sizeof(T));
    return value;
  }
  /// The element as a double (exact for every dtype but 64-bit integers beyond 2^53).
  [[nodiscard]] double as_double(std::int64_t index = 0) const;
  [[nodiscard]] std::int64_t as_integer(std::int64_t index = 0) const;
  friend bool operator==(const Literal& a, const Literal& b);

 private:
  DType dtype_ = DType::f32;
  std::vector<std::int64_t> shape_;
  std::shared_ptr<const std::vector<std::byte>> bytes_;
};

using Integers = std::vector<std::int64_t>;
struct Attribute;
using NamedAttributes = std::vector<std::pair<std::string, Attribute>>;  // sorted by name

/// Doubles are compared by bits.
struct Attribute {
  using Storage = std::variant<std::monostate, bool, std::int64_t, double, std::string, DType,
                               Integers, Shape, Literal, NamedAttributes>;
  Storage value;
  Attribute() = default;
  Attribute(bool v) : value(v) {}
  Attribute(int v) : value(std::int64_t{v}) {}
  Attribute(std::int64_t v) : value(v) {}
  Attribute(double v) : value(v) {}
  Attribute(const char* v) : value(std::string(v)) {}
  Attribute(std::string v) : value(std::move(v)) {}
  Attribute(DType v) : value(v) {}
  Attribute(Integers v) : value(std::move(v)) {}
  Attribute(Shape v) : value(std::move(v)) {}
  Attribute(Literal v) : value(std::move(v)) {}
  Attribute(NamedAttributes v) : value(std::move(v)) {}
  friend bool operator==(const Attribute& a, const Attribute& b);
};

/// In the order of the Storage variant.
enum class AttributeKind : std::uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  dtype,
  integers,
  dims,
  literal,
  named,
};
[[nodiscard]] inline AttributeKind kind(const Attribute& a) {
  return static_cast<AttributeKind>(a.value.index());
}
[[nodiscard]] std::size_t hash(const Attribute& attribute);

}  // namespace croton::ir
