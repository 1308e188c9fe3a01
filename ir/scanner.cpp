#include "ir/scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "ir/error.hpp"

namespace croton::ir {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool is_word(char c) { return is_letter(c) || is_digit(c); }

}  // namespace

int Scanner::line() const {
  if (marked_ < counted_) counted_ = 0, line_ = 1;
  const std::string_view more = text_.substr(counted_, marked_ - counted_);
  line_ += static_cast<int>(std::count(more.begin(), more.end(), '\n'));
  counted_ = marked_;
  return line_;
}

void Scanner::fail(const std::string& message) const {
  const auto start = text_.rfind('\n', marked_ == 0 ? 0 : marked_ - 1);
  const std::size_t column =
      marked_ - (start == std::string_view::npos || marked_ == 0 ? 0 : start + 1) + 1;
  throw UserError(fmt::format("{}:{}:{}: {}", file_, line(), column, message));
}

void Scanner::skip() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at_;
    } else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '/') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else {
      return;
    }
  }
}

void Scanner::mark() {
  skip();
  marked_ = at_;
}

bool Scanner::at_end() {
  mark();
  return at_ >= text_.size();
}

bool Scanner::looks_at(std::string_view token) {
  mark();
  if (text_.substr(at_, token.size()) != token) return false;
  const std::size_t after = at_ + token.size();
  return !(is_word(token.back()) && after < text_.size() && is_word(text_[after]));
}

bool Scanner::accept(std::string_view token) {
  if (!looks_at(token)) return false;
  at_ += token.size();
  return true;
}

void Scanner::expect(std::string_view token) {
  if (accept(token)) return;
  const std::string found =
      at_ >= text_.size()
          ? "the end of the text"
          : fmt::format("'{}'",
                        text_.substr(at_, std::min<std::size_t>(12, text_.find('\n', at_) - at_)));
  fail(fmt::format("expected '{}', found {}", token, found));
}

std::string Scanner::word() {
  mark();
  if (at_ >= text_.size() || !is_letter(text_[at_])) return "";
  const std::size_t start = at_;
  while (at_ < text_.size() && is_word(text_[at_])) ++at_;
  return std::string(text_.substr(start, at_ - start));
}

std::string Scanner::identifier(std::string_view what) {
  std::string found = word();
  if (found.empty()) fail(fmt::format("expected {}", what));
  return found;
}

bool Scanner::at_value() {
  mark();
  return at_ < text_.size() && text_[at_] == '%';
}

std::string Scanner::value_name() {
  if (!at_value()) fail("expected a value, as %name");
  ++at_;
  const std::size_t start = at_;
  while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.')) ++at_;
  if (at_ == start) fail("expected a name after %");
  return std::string(text_.substr(start, at_ - start));
}

bool Scanner::at_number() {
  mark();
  return at_ < text_.size() &&
         (is_digit(text_[at_]) || text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.');
}

std::string Scanner::number_text() {
  mark();
  const std::size_t start = at_;
  if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
  while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.' || text_[at_] == ':' ||
                                ((text_[at_] == '-' || text_[at_] == '+') &&
                                 (text_[at_ - 1] == 'p' || text_[at_ - 1] == 'e'))))
    ++at_;
  return std::string(text_.substr(start, at_ - start));
}

std::int64_t Scanner::integer() { return integer(number_text()); }

std::int64_t Scanner::negated_integer() {
  const std::string text = number_text();
  if (text.starts_with('-')) return integer(text.substr(1));
  return integer("-" + text.substr(text.starts_with('+') ? 1 : 0));
}

std::int64_t Scanner::integer(const std::string& text) {
  errno = 0;
  char* end = nullptr;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || errno == ERANGE)
    fail(fmt::format("expected an integer, found '{}'", text));
  return value;
}

std::uint64_t Scanner::natural() {
  const std::string text = number_text();
  errno = 0;
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || text[0] == '-' || *end != '\0' || errno == ERANGE)
    fail(fmt::format("expected a natural number, found '{}'", text));
  return value;
}

bool Scanner::number_is_integer() {
  mark();
  const std::size_t start = at_;
  const std::string text = number_text();
  at_ = start;
  return std::all_of(text.begin() + (text[0] == '-' || text[0] == '+' ? 1 : 0), text.end(),
                     is_digit);
}

// A NaN's payload must not pass through a conversion, which would make it quiet.
template <class T, class Bits, class Convert>
T Scanner::floating(const Convert& convert) {
  const std::string text = number_text();
  char* end = nullptr;
  T value;
  if (text.starts_with("nan:")) {
    value = std::bit_cast<T>(static_cast<Bits>(std::strtoull(text.c_str() + 4, &end, 16)));
    if (!std::isnan(value)) fail(fmt::format("these are not the bits of a NaN: '{}'", text));
  } else {
    value = convert(text.c_str(), &end);
  }
  if (text.empty() || *end != '\0') fail(fmt::format("expected a number, found '{}'", text));
  return value;
}

double Scanner::real() { return floating<double, std::uint64_t>(std::strtod); }
float Scanner::single() { return floating<float, std::uint32_t>(std::strtof); }

std::string_view Scanner::plain_quoted() {
  expect("\"");
  const std::size_t start = at_, end = text_.find('"', at_);
  if (end == std::string_view::npos) fail("a string does not end");
  at_ = end + 1;
  return text_.substr(start, end - start);
}

std::string Scanner::quoted() {
  expect("\"");
  std::string out;
  while (at_ < text_.size() && text_[at_] != '"') {
    char c = text_[at_++];
    if (c == '\n') fail("a string does not end on its line");
    if (c == '\\') {
      if (at_ >= text_.size()) break;
      c = text_[at_++];
      if (c == 'x') {
        const std::string digits(text_.substr(at_, 2));
        char* end = nullptr;
        c = static_cast<char>(std::strtol(digits.c_str(), &end, 16));
        if (digits.size() != 2 || *end != '\0') fail("\\x needs two hexadecimal digits");
        at_ += 2;
      } else if (c != '"' && c != '\\') {
        fail(fmt::format("unknown escape \\{}", c));
      }
    }
    out += c;
  }
  if (at_ >= text_.size()) fail("a string does not end");
  ++at_;
  return out;
}

}  // namespace croton::ir
