#include "tools/croton/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace croton::tool {
namespace {

constexpr int kMostChanges = 4000;
constexpr std::size_t kContext = 3;

struct Line {
  char mark;  // ' ', '-' or '+'
  std::string_view text;
};

using Lines = std::vector<std::string_view>;

// furthest[d][k + d]: how far into `a` the path with d changes on diagonal k reaches.
std::vector<Line> edits(const Lines& a, const Lines& b) {
  const int n = static_cast<int>(a.size()), m = static_cast<int>(b.size());
  std::vector<std::vector<int>> furthest;
  const auto at = [&](int d, int k) { return furthest[d][k + d]; };
  // The first step towards diagonal k with d changes: where it leaves from.
  const auto came_down = [&](int d, int k) {
    return k == -d || (k != d && at(d - 1, k - 1) < at(d - 1, k + 1));
  };
  int last = -1;
  for (int d = 0; last < 0 && d <= std::min(n + m, kMostChanges); ++d) {
    furthest.emplace_back(2 * d + 1, 0);
    for (int k = -d; k <= d; k += 2) {
      int x = d == 0 ? 0 : (came_down(d, k) ? at(d - 1, k + 1) : at(d - 1, k - 1) + 1);
      while (x < n && x - k < m && x - k >= 0 && a[x] == b[x - k]) ++x;
      furthest[d][k + d] = x;
      if (x >= n && x - k >= m) last = d;
    }
  }
  std::vector<Line> out;
  if (last < 0) {
    for (const std::string_view line : a) out.push_back({'-', line});
    for (const std::string_view line : b) out.push_back({'+', line});
    return out;
  }
  int x = n, y = m;
  for (int d = last; d > 0; --d) {
    const int k = x - y;
    const bool down = came_down(d, k);
    const int from_x = at(d - 1, down ? k + 1 : k - 1), from_y = from_x - (down ? k + 1 : k - 1);
    const int after_x = down ? from_x : from_x + 1;
    for (; x > after_x; --x, --y) out.push_back({' ', a[x - 1]});
    out.push_back(down ? Line{'+', b[from_y]} : Line{'-', a[from_x]});
    x = from_x;
    y = from_y;
  }
  for (; x > 0; --x) out.push_back({' ', a[x - 1]});
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string difference(const std::string& from, const std::string& to, const std::string& from_name,
                       const std::string& to_name) {
  const Lines a = lines_of(from), b = lines_of(to);
  const std::vector<Line> all = edits(a, b);
  std::vector<char> shown(all.size());
  bool any = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].mark == ' ') continue;
    any = true;
    const std::size_t end = std::min(all.size(), i + kContext + 1);
    for (std::size_t j = i < kContext ? 0 : i - kContext; j < end; ++j) shown[j] = 1;
  }
  if (!any) return "";
  std::string out = fmt::format("--- {}\n+++ {}\n", from_name, to_name);
  std::size_t old_line = 1, new_line = 1;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (shown[i] && (i == 0 || !shown[i - 1])) {
      std::size_t olds = 0, news = 0;
      for (std::size_t j = i; j < all.size() && shown[j]; ++j) {
        olds += all[j].mark != '+';
        news += all[j].mark != '-';
      }
      out += fmt::format("@@ -{},{} +{},{} @@\n", old_line, olds, new_line, news);
    }
    if (shown[i]) out += fmt::format("{}{}\n", all[i].mark, all[i].text);
    old_line += all[i].mark != '+';
    new_line += all[i].mark != '-';
  }
  return out;
}

}  // namespace croton::tool
