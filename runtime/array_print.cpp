// Printing as NumPy prints: shortest digits that read back, one width for all elements, summaries
// of large arrays.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ostream>

#include "runtime/array.hpp"

namespace croton {
namespace {

constexpr std::int64_t kSummary = 1000, kEdge = 3;
constexpr std::size_t kLine = 75;

bool summarised(const Array& a) { return a.count() > kSummary; }

// Calls visit(offset in elements) for the elements that are shown.
void shown(const Array& a, std::size_t axis, std::int64_t offset, const auto& visit) {
  if (axis == a.shape().size()) return visit(offset);
  const std::int64_t n = a.shape()[axis];
  for (std::int64_t i = 0; i < n; ++i) {
    if (summarised(a) && n > 2 * kEdge && i == kEdge) i = n - kEdge;
    shown(a, axis + 1, offset + i * a.strides()[axis], visit);
  }
}

template <class T>
struct Format {
  bool scientific = false;
  int left = 1, right = 0;

  std::string operator()(T v) const {
    if constexpr (std::is_same_v<T, bool>) {
      return fmt::format("{:>{}}", v ? "True" : "False", left);
    } else if constexpr (std::is_integral_v<T>) {
      return fmt::format("{:>{}}", v, left);
    } else {
      const int width = left + 1 + right;
      if (std::isnan(v)) return fmt::format("{:>{}}", "nan", width);
      if (std::isinf(v)) return fmt::format("{:>{}}", v < 0 ? "-inf" : "inf", width);
      if (scientific) {
        std::string text = fmt::format("{:.{}e}", v, right);
        if (right == 0) text.insert(text.find('e'), ".");
        return fmt::format("{:>{}}", text, width + 4);
      }
      // At most 8 digits after the point, trailing zeros as blanks.
      std::string text = fmt::format("{:.{}f}", v, right);
      if (right == 0) text += '.';
      while (text.back() == '0') text.pop_back();
      const std::size_t blanks =
          static_cast<std::size_t>(right) - (text.size() - text.find('.') - 1);
      return fmt::format("{:>{}}", text + std::string(blanks, ' '), width);
    }
  }
};

template <class T>
Format<T> format_of(const Array& a) {
  Format<T> f;
  const T* data = reinterpret_cast<const T*>(a.raw());
  if constexpr (!std::is_floating_point_v<T>) {
    shown(a, 0, 0, [&](std::int64_t at) {
      const std::string text =
          std::is_same_v<T, bool> ? (data[at] ? "True" : "False") : fmt::format("{}", data[at]);
      f.left = std::max(f.left, static_cast<int>(text.size()));
    });
  } else {
    double largest = 0, smallest = INFINITY;
    shown(a, 0, 0, [&](std::int64_t at) {
      const double v = std::abs(static_cast<double>(data[at]));
      if (v == 0 || !std::isfinite(v)) return;
      largest = std::max(largest, v);
      smallest = std::min(smallest, v);
    });
    f.scientific =
        largest >= 1e8 || (largest > 0 && (smallest < 1e-4 || largest / smallest > 1e3 * 1e5));
    int digits = 0;
    shown(a, 0, 0, [&](std::int64_t at) {
      const T v = data[at];
      if (!std::isfinite(v)) {
        f.left = std::max(f.left, v < 0 ? 3 : 2);
        return;
      }
      const std::string text = f.scientific ? fmt::format("{:e}", v) : fmt::format("{:.8f}", v);
      f.left = std::max(f.left, static_cast<int>(text.find('.')));
      if (f.scientific) {
        for (int p = 0; p <= 8; ++p) {
          if (static_cast<T>(std::strtod(fmt::format("{:.{}e}", v, p).c_str(), nullptr)) == v ||
              p == 8) {
            digits = std::max(digits, p);
            break;
          }
        }
      } else {
        for (int p = 0; p <= 8; ++p)
          if (static_cast<T>(std::strtod(fmt::format("{:.{}f}", v, p).c_str(), nullptr)) == v ||
              p == 8) {
            digits = std::max(digits, p);
            break;
          }
      }
    });
    f.right = digits;
  }
  return f;
}

template <class T>
void print(std::ostream& out, const Array& a, const Format<T>& f, std::size_t axis,
           std::int64_t offset, const std::string& indent) {
  const T* data = reinterpret_cast<const T*>(a.raw());
  if (axis == a.shape().size()) {
    out << f(data[offset]);
    return;
  }
  const std::int64_t n = a.shape()[axis];
  const bool innermost = axis + 1 == a.shape().size();
  out << '[';
  std::size_t column = indent.size() + 1;
  for (std::int64_t i = 0; i < n; ++i) {
    if (summarised(a) && n > 2 * kEdge && i == kEdge) {
      out << (innermost ? " ..."
                        : "...\n" + std::string(a.shape().size() - axis - 2, '\n') + indent + " ");
      column += 4;
      i = n - kEdge;
    }
    if (innermost) {
      const std::string text = f(data[offset + i * a.strides()[axis]]);
      if (column + text.size() > kLine && i > 0) {
        out << '\n' << indent << ' ';
        column = indent.size() + 1;
      } else if (i > 0) {
        out << ' ';
      }
      out << text;
      column += text.size() + 1;
    } else {
      print(out, a, f, axis + 1, offset + i * a.strides()[axis], indent + " ");
      if (i + 1 < n) out << std::string(a.shape().size() - axis - 1, '\n') << indent << ' ';
    }
  }
  out << ']';
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Array& array) {
  array.check_memory();
  with_type(array.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if (array.rank() == 0) {
      const T v = *reinterpret_cast<const T*>(array.raw());
      if constexpr (std::is_same_v<T, bool>)
        out << (v ? "True" : "False");
      else if constexpr (std::is_floating_point_v<T>) {
        const std::string text = std::isnan(v) ? "nan" : fmt::format("{}", v);
        out << (text.find_first_of(".en") == std::string::npos ? text + ".0" : text);
      } else
        out << fmt::format("{}", v);
    } else if (array.count() == 0) {
      out << "[]";
    } else {
      print<T>(out, array, format_of<T>(array), 0, 0, "");
    }
  });
  return out;
}

}  // namespace croton
