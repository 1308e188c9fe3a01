#include "ir/prelude.hpp"

#include <map>
#include <set>
#include <vector>

#include "ir/prelude_embedded.hpp"

namespace croton::ir {
namespace {

struct Block {
  std::string name;
  std::string variant;  // "", "fma", "plain", "cpp" or "cuda"
  std::string text;
  std::set<std::string> words;
};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    words.emplace(text.substr(i, end - i));
    i = end;
  }
  return words;
}

const std::vector<Block>& blocks() {
  static const auto* parsed = [] {
    auto* list = new std::vector<Block>;
    std::string_view rest = kPreludeText;
    while (!rest.empty()) {
      const auto newline = rest.find('\n');
      const std::string_view line = rest.substr(0, newline);
      rest = newline == std::string_view::npos ? "" : rest.substr(newline + 1);
      if (line.starts_with("//! ")) {
        const std::string_view head = line.substr(4);
        const auto space = head.find(' ');
        const bool plain = space == std::string_view::npos;
        list->push_back({std::string(head.substr(0, space)),
                         plain ? "" : std::string(head.substr(space + 1)),
                         "",
                         {}});
      } else if (!list->empty() && !line.starts_with("//") && !line.empty()) {
        list->back().text += std::string(line) + "\n";
      }
    }
    for (Block& block : *list) block.words = words_of(block.text);
    return list;
  }();
  return *parsed;
}

bool is_wanted(const Block& block, const PreludeTarget& target) {
  return block.variant.empty() || block.variant == (target.fma ? "fma" : "plain") ||
         block.variant == (target.cuda ? "cuda" : "cpp");
}

// Every function of the prelude is inline, so one qualifier there makes it a device function.
std::string device_functions(const std::string& text) {
  constexpr std::string_view kInline = "inline ";
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto next = text.find(kInline, at);
    out += text.substr(at, next - at);
    if (next == std::string::npos) break;
    out += "__device__ inline ";
    at = next + kInline.size();
  }
  return out;
}

constexpr std::string_view kTypes =
    "typedef signed char i8; typedef short i16; typedef int i32; typedef long i64;\n"
    "typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; "
    "typedef unsigned long u64;\n"
    "typedef float f32; typedef double f64;\n"
    "struct Failure { i64 index, site, values[4]; };\n";

}  // namespace

bool is_prelude_name(std::string_view name) {
  static const std::set<std::string, std::less<>> types = {
      "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "Failure", "bool"};
  if (types.contains(name)) return true;
  for (const Block& block : blocks())
    if (block.name == name) return true;
  return false;
}

std::string prelude_text(std::string_view code, const PreludeTarget& target) {
  std::set<std::string> needed = words_of(code);
  // Later blocks use earlier ones, but not only: to a fixed point.
  for (bool grown = true; grown;) {
    grown = false;
    for (const Block& block : blocks()) {
      if (!is_wanted(block, target) || !needed.contains(block.name)) continue;
      for (const std::string& word : block.words)
        for (const Block& other : blocks())
          if (other.name == word) grown |= needed.insert(word).second;
    }
  }
  std::string out(kTypes);
  for (const Block& block : blocks())
    if (is_wanted(block, target) && needed.contains(block.name))
      out += target.cuda ? device_functions(block.text) : block.text;
  return out;
}

std::string prelude_whole(const PreludeTarget& target) {
  std::string names;
  for (const Block& block : blocks()) names += block.name + " ";
  return prelude_text(names, target);
}

}  // namespace croton::ir
