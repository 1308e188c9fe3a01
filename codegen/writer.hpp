// Indented text in two streams: code, and code with comments. Nobody else writes braces.
#pragma once

#include <string>
#include <string_view>

namespace croton::codegen {

class Writer {
 public:
  /// Lines begin `depth` braces deep.
  explicit Writer(int depth = 0) : depth_(depth) {}
  /// A line of both streams; `comment` goes to the commented one, in a column of its own.
  void line(std::string_view code, std::string_view comment = "");
  /// A comment line, in the commented stream alone.
  void comment(std::string_view text);
  void blank();
  /// "head {" … "}"
  void open(std::string_view head, std::string_view comment = "");
  void close(std::string_view tail = "");
  /// The lines of another, as they are.
  void append(const Writer& other);
  [[nodiscard]] const std::string& code() const { return code_; }
  [[nodiscard]] const std::string& commented() const { return commented_; }

 private:
  int depth_ = 0;
  std::string code_, commented_;
};

}  // namespace croton::codegen
