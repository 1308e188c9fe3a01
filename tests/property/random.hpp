// Seeded random numbers, and arrays of them with the corners of every dtype.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/attribute.hpp"

namespace croton::test {

/// SplitMix64 (Steele, Lea, Flood, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// 0 … count - 1.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double p) { return unit() < p; }
  template <class Range>
  const auto& of(const Range& range) {
    return std::data(range)[below(std::size(range))];
  }

 private:
  std::uint64_t state_;
};

/// Every dtype that ops take.
[[nodiscard]] std::span<const DType> sampled_dtypes();
/// Small numbers, wide ones, and corners: zeros of both signs, infinities, NaN, the ends of the
/// range.
[[nodiscard]] ir::Literal random_literal(Random& random, DType dtype,
                                         std::vector<std::int64_t> shape);

}  // namespace croton::test
