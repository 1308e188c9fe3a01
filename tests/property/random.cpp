#include "tests/property/random.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace croton::test {

using ir::Literal;

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::span<const DType> sampled_dtypes() {
  static constexpr DType dtypes[] = {DType::f64,     DType::f32, DType::i64, DType::i32,
                                     DType::boolean, DType::u8,  DType::i8,  DType::i16,
                                     DType::u16,     DType::u32, DType::u64};
  return dtypes;
}

Literal random_literal(Random& random, DType dtype, std::vector<std::int64_t> shape) {
  return with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    // Many corners, one or two among ordinary numbers, or none: reductions and products spread
    // them.
    const double kind = random.unit();
    const double corner = kind < 0.2 ? 0.1
                          : kind < 0.6
                              ? 1.5 / static_cast<double>(std::max<std::int64_t>(count, 15))
                              : 0;
    std::vector<std::byte> bytes(static_cast<std::size_t>(count) * sizeof(T));
    for (std::int64_t i = 0; i < count; ++i) {
      T value{};
      if constexpr (std::is_same_v<T, bool>) {
        value = random.chance(0.5);
      } else if constexpr (std::is_integral_v<T>) {
        constexpr T corners[] = {0, 1, static_cast<T>(-1), std::numeric_limits<T>::min(),
                                 std::numeric_limits<T>::max()};
        value = random.chance(corner) ? corners[random.below(5)]
                                      : static_cast<T>(static_cast<std::int64_t>(random.below(20)) -
                                                       (std::is_signed_v<T> ? 10 : 0));
      } else {
        constexpr T inf = std::numeric_limits<T>::infinity();
        constexpr T corners[] = {T{0},
                                 T(-0.0),
                                 T{1},
                                 T(-1),
                                 inf,
                                 -inf,
                                 std::numeric_limits<T>::quiet_NaN(),
                                 std::numeric_limits<T>::max(),
                                 std::numeric_limits<T>::denorm_min()};
        const double spread = random.chance(0.2) ? std::exp(20 * random.unit() - 10) : 1.0;
        value = random.chance(corner) ? corners[random.below(9)]
                                      : static_cast<T>((4 * random.unit() - 2) * spread);
      }
      __builtin_memcpy(bytes.data() + static_cast<std::size_t>(i) * sizeof(T), &value, sizeof(T));
    }
    return Literal(dtype, std::move(shape), std::move(bytes));
  });
}

}  // namespace croton::test
