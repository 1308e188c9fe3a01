// Arrays as JSON, and one array against another within a tolerance.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "runtime/array.hpp"

namespace croton::tool {

/// A number of the array's dtype, exactly; what JSON cannot write as "nan", "inf" and "-inf".
[[nodiscard]] nlohmann::json element_json(const Array& array, std::int64_t index);
/// "f32[2, 3]"
[[nodiscard]] std::string type_text(const Array& array);
/// The place of the element with a row-major number.
[[nodiscard]] std::vector<std::int64_t> place_of(const Array& array, std::int64_t index);

/// |actual - expected| <= atol + rtol * |expected|, as in numpy.allclose with equal_nan; infinities
/// must be equal. Without a number: 1e-5 and 1e-6 for f32, 1e-10 and 1e-12 for f64. Integers and
/// bools must always be equal.
struct Tolerance {
  std::optional<double> rtol, atol;
};

struct Mismatch {
  std::string message;      // in words
  std::int64_t worst = -1;  // the element furthest outside; -1: dtype or shape differ
  std::int64_t outside = 0;
};
/// Nothing when they agree.
[[nodiscard]] std::optional<Mismatch> mismatch(const Array& expected, const Array& actual,
                                               const Tolerance& tolerance);

/// One line; text that is no UTF-8 is mended.
[[nodiscard]] std::string line_of(const nlohmann::json& value);

}  // namespace croton::tool
