#include "ir/attribute.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "ir/error.hpp"
#include "ir/hash.hpp"

namespace croton::ir {

Literal::Literal(DType dtype, std::vector<std::int64_t> shape, std::vector<std::byte> bytes)
    : dtype_(dtype),
      shape_(std::move(shape)),
      bytes_(std::make_shared<const std::vector<std::byte>>(std::move(bytes))) {
  CROTON_CHECK(bytes_->size() == static_cast<std::size_t>(count()) * size_of(dtype_),
               "a literal's bytes do not fit its shape");
}

std::int64_t Literal::count() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape_) product *= extent;
  return product;
}

std::span<const std::byte> Literal::bytes() const {
  return bytes_ ? std::span<const std::byte>(*bytes_) : std::span<const std::byte>();
}

Literal Literal::scalar_of(DType dtype, double value) {
  return with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, bool>) {
      return scalar(value != 0);
    } else if constexpr (std::is_integral_v<T>) {
      if (std::isnan(value)) return scalar(T{0});
      if (value <= static_cast<double>(std::numeric_limits<T>::min()))
        return scalar(std::numeric_limits<T>::min());
      if (value >= static_cast<double>(std::numeric_limits<T>::max()))
        return scalar(std::numeric_limits<T>::max());
      return scalar(static_cast<T>(value));
    } else {
      return scalar(static_cast<T>(value));
    }
  });
}

Literal Literal::scalar_of(DType dtype, std::int64_t value) {
  return with_type(dtype, [&](auto zero) { return scalar(static_cast<decltype(zero)>(value)); });
}

double Literal::as_double(std::int64_t index) const {
  return with_type(dtype_,
                   [&](auto zero) { return static_cast<double>(at<decltype(zero)>(index)); });
}

std::int64_t Literal::as_integer(std::int64_t index) const {
  return with_type(dtype_,
                   [&](auto zero) { return static_cast<std::int64_t>(at<decltype(zero)>(index)); });
}

bool operator==(const Literal& a, const Literal& b) {
  if (a.dtype_ != b.dtype_ || a.shape_ != b.shape_) return false;
  const auto x = a.bytes(), y = b.bytes();
  return x.data() == y.data() ||
         (x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size()) == 0);
}

bool operator==(const Attribute& a, const Attribute& b) {
  const double *x = std::get_if<double>(&a.value), *y = std::get_if<double>(&b.value);
  if (x && y) return std::bit_cast<std::uint64_t>(*x) == std::bit_cast<std::uint64_t>(*y);
  return a.value == b.value;
}

std::size_t hash(const Attribute& attribute) {
  Hasher h;
  h.add(attribute.value.index());
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
        } else if constexpr (std::is_same_v<T, double>) {
          h.add(std::bit_cast<std::uint64_t>(v));
        } else if constexpr (std::is_same_v<T, std::string>) {
          h.add_bytes(v.data(), v.size());
        } else if constexpr (std::is_same_v<T, Integers>) {
          for (const std::int64_t i : v) h.add(static_cast<std::uint64_t>(i));
        } else if constexpr (std::is_same_v<T, Shape>) {
          for (const Dim& dim : v) h.add(dim.hash());
        } else if constexpr (std::is_same_v<T, Literal>) {
          h.add(static_cast<std::uint64_t>(v.dtype()));
          h.add_bytes(v.bytes().data(), v.bytes().size());
        } else if constexpr (std::is_same_v<T, NamedAttributes>) {
          for (const auto& [name, value] : v) {
            h.add_bytes(name.data(), name.size());
            h.add(hash(value));
          }
        } else {
          h.add(static_cast<std::uint64_t>(v));
        }
      },
      attribute.value);
  return h.value;
}

}  // namespace croton::ir
