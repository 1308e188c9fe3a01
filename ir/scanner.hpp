// Characters, names and numbers of the text form, with positions for errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace croton::ir {

class Scanner {
 public:
  Scanner(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  /// Throws UserError "file:line:column: message" for the place of the last thing read.
  [[noreturn]] void fail(const std::string& message) const;
  [[nodiscard]] int line() const;
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::size_t remaining() const { return text_.size() - at_; }

  [[nodiscard]] bool at_end();
  [[nodiscard]] bool looks_at(std::string_view token);
  /// Takes `token` if it comes next; a word only when it ends there.
  bool accept(std::string_view token);
  void expect(std::string_view token);
  /// A letter, _ or $, then letters, digits, _ and $. "" when none comes next.
  std::string word();
  std::string identifier(std::string_view what);
  /// %name, without the sign.
  std::string value_name();
  [[nodiscard]] bool at_value();
  [[nodiscard]] bool at_number();
  /// The number that comes next has no point, exponent or letters.
  [[nodiscard]] bool number_is_integer();
  std::int64_t integer();
  /// The integer times -1: the least one can be written so, its magnitude cannot be read.
  std::int64_t negated_integer();
  std::uint64_t natural();
  /// Hexadecimal or decimal, inf, nan, and nan:0x… with a NaN's own bits.
  double real();
  float single();
  std::string quoted();
  /// The contents of a string without escapes, in place.
  std::string_view plain_quoted();
  /// Marks where the next thing begins, for fail().
  void mark();
  [[nodiscard]] std::size_t marked() const { return marked_; }
  /// Back to a place that was marked, for errors about what began there.
  void mark_at(std::size_t place) { marked_ = place; }

 private:
  void skip();
  [[nodiscard]] std::string number_text();
  std::int64_t integer(const std::string& text);
  template <class T, class Bits, class Convert>
  T floating(const Convert& convert);
  std::string_view text_;
  std::string file_;
  std::size_t at_ = 0, marked_ = 0;
  // Lines are counted once, from where they were last asked for.
  mutable std::size_t counted_ = 0;
  mutable int line_ = 1;
};

}  // namespace croton::ir
