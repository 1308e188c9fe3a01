#include "tools/croton/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace croton::tool {
namespace {

using nlohmann::json;

template <class T>
json number(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    return static_cast<double>(value);
  } else {
    return value;
  }
}

// How far outside the tolerance: 0 is within, infinity is not comparable.
template <class T>
double excess(T expected, T actual, double rtol, double atol) {
  if constexpr (!std::is_floating_point_v<T>) {
    if (expected == actual) return 0;
    const auto difference = static_cast<long double>(expected) - static_cast<long double>(actual);
    return static_cast<double>(std::abs(difference));
  } else {
    if (expected == actual || (std::isnan(expected) && std::isnan(actual))) return 0;
    if (!std::isfinite(expected) || !std::isfinite(actual))
      return std::numeric_limits<double>::infinity();
    const double difference = std::abs(static_cast<double>(actual) - static_cast<double>(expected));
    const double allowed = atol + rtol * std::abs(static_cast<double>(expected));
    return difference <= allowed ? 0 : allowed > 0 ? difference / allowed : difference;
  }
}

}  // namespace

json element_json(const Array& array, std::int64_t index) {
  const Array packed = array.contiguous();
  return with_type(packed.dtype(), [&](auto zero) {
    return number(reinterpret_cast<const decltype(zero)*>(packed.raw())[index]);
  });
}

std::string type_text(const Array& array) {
  return fmt::format("{}[{}]", name(array.dtype()), fmt::join(array.shape(), ", "));
}

std::vector<std::int64_t> place_of(const Array& array, std::int64_t index) {
  std::vector<std::int64_t> place(array.shape().size());
  for (std::size_t axis = place.size(); axis-- > 0;) {
    place[axis] = index % array.shape()[axis];
    index /= array.shape()[axis];
  }
  return place;
}

std::optional<Mismatch> mismatch(const Array& expected, const Array& actual,
                                 const Tolerance& tolerance) {
  if (expected.dtype() != actual.dtype() || expected.shape() != actual.shape())
    return Mismatch{fmt::format("{} instead of {}", type_text(actual), type_text(expected)), -1, 0};
  const bool single = expected.dtype() == DType::f32;
  const double rtol = tolerance.rtol.value_or(single ? 1e-5 : 1e-10),
               atol = tolerance.atol.value_or(single ? 1e-6 : 1e-12);
  Mismatch found;
  const Array e = expected.contiguous(), a = actual.contiguous();
  with_type(e.dtype(), [&](auto zero) {
    const auto* wanted = reinterpret_cast<const decltype(zero)*>(e.raw());
    const auto* got = reinterpret_cast<const decltype(zero)*>(a.raw());
    double worst = 0;
    for (std::int64_t i = 0; i < e.count(); ++i) {
      const double d = excess(wanted[i], got[i], rtol, atol);
      if (d == 0) continue;
      ++found.outside;
      if (d > worst) worst = d, found.worst = i;
    }
  });
  if (found.outside == 0) return std::nullopt;
  const auto text = [](const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  found.message =
      fmt::format("{} of {} elements differ; the worst, [{}], is {} instead of {}", found.outside,
                  e.count(), fmt::join(place_of(e, found.worst), ", "),
                  text(element_json(a, found.worst)), text(element_json(e, found.worst)));
  return found;
}

std::string line_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace croton::tool
