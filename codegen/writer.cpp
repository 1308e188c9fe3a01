#include "codegen/writer.hpp"

#include <algorithm>

namespace croton::codegen {
namespace {

constexpr std::size_t kCommentColumn = 72;

}  // namespace

void Writer::line(std::string_view code, std::string_view comment) {
  const std::string text =
      std::string(static_cast<std::size_t>(2 * depth_), ' ') + std::string(code);
  code_ += text + "\n";
  commented_ += text;
  if (!comment.empty()) {
    const std::size_t gap = text.size() + 2 < kCommentColumn ? kCommentColumn - text.size() : 2;
    commented_ += std::string(gap, ' ') + "// " + std::string(comment);
  }
  commented_ += "\n";
}

void Writer::comment(std::string_view text) {
  commented_ +=
      std::string(static_cast<std::size_t>(2 * depth_), ' ') + "// " + std::string(text) + "\n";
}

void Writer::blank() {
  code_ += "\n";
  commented_ += "\n";
}

void Writer::open(std::string_view head, std::string_view comment) {
  line(std::string(head) + " {", comment);
  ++depth_;
}

void Writer::close(std::string_view tail) {
  --depth_;
  line("}" + std::string(tail));
}

void Writer::append(const Writer& other) {
  code_ += other.code_;
  commented_ += other.commented_;
}

}  // namespace croton::codegen
