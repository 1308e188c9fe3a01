#include "ir/spelling.hpp"

#include <algorithm>
#include <vector>

namespace croton::ir {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace

std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
  if (name.empty() || name.size() > 64) return "";
  const std::string wanted = lowered(name);
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::vector<std::string_view> longer;
  for (const std::string_view candidate : known) {
    const std::string other = lowered(candidate);
    if (other.starts_with(wanted)) longer.push_back(candidate);
    const std::size_t d = distance(wanted, other);
    if (d >= std::max(wanted.size(), other.size()) || d >= best_distance) continue;
    best = candidate;
    best_distance = d;
  }
  // The beginning of one name, or of several that begin with one of them.
  if (best.empty() && name.size() >= 2 && !longer.empty()) {
    const std::string_view shortest = *std::min_element(
        longer.begin(), longer.end(),
        [](std::string_view a, std::string_view b) { return a.size() < b.size(); });
    if (std::all_of(longer.begin(), longer.end(),
                    [&](std::string_view other) { return other.starts_with(shortest); }))
      best = shortest;
  }
  return best.empty() ? "" : "; did you mean \"" + std::string(best) + "\"?";
}

std::string counted(std::size_t count, std::string_view noun) {
  std::string word(noun);
  if (count != 1) {
    if (word.ends_with("y")) word.replace(word.size() - 1, 1, "ie");
    if (word.ends_with("ch")) word += "e";
    word += "s";
  }
  return std::to_string(count) + " " + word;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos)
    return std::string(text);
  std::string out = "'";
  for (const char c : text)
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  return out + "'";
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) out.emplace_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

}  // namespace croton::ir
