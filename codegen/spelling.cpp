#include "codegen/spelling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "codegen/vector_types.hpp"

namespace croton::codegen {
namespace {

template <class T>
std::string real_text(T value, const char* suffix, const char* type) {
  if (std::isnan(value)) return fmt::format("nan_{}()", type);
  if (std::isinf(value)) return fmt::format("{}infinity_{}()", value < 0 ? "-" : "", type);
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + suffix;
}

// f32x16 and f32x16_memory: see vector_types.
bool names_a_vector(std::string_view name) {
  constexpr std::string_view kMemory = "_memory";
  if (name.ends_with(kMemory)) name.remove_suffix(kMemory.size());
  if (!name.starts_with("f32x") && !name.starts_with("f64x")) return false;
  name.remove_prefix(4);
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
}

}  // namespace

bool is_atomic(const std::string& text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    if (depth == 0 && !word && c != ')' && c != ']' && c != '<' && c != '>') return false;
    if (depth == 0 && (c == '<' || c == '>') && text.find('(') == std::string::npos) return false;
    if (depth == 0 && (c == '<' || c == '>') && i + 1 < text.size() && text[i + 1] == ' ')
      return false;
  }
  return true;
}

std::string wrapped(const std::string& text) { return is_atomic(text) ? text : "(" + text + ")"; }

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string filled(std::string_view text, const std::vector<std::string>& operands,
                   std::string_view type) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      out += text[i++];
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string_view word = text.substr(i, end - i);
    if (word.size() == 1 && word[0] >= 'a' && word[0] < static_cast<char>('a' + operands.size()))
      out += operands[static_cast<std::size_t>(word[0] - 'a')];
    else if (word == "T" || word == "k")
      out += type;
    else
      out += word;
    i = end;
  }
  return out;
}

std::string literal_text(const ir::Literal& literal, std::int64_t at) {
  switch (literal.dtype()) {
    case DType::boolean:
      return literal.at<bool>(at) ? "true" : "false";
    case DType::f32:
      return real_text(literal.at<float>(at), "f", "f32");
    case DType::f64:
      return real_text(literal.at<double>(at), "", "f64");
    case DType::u64:
      return fmt::format("{}ul", literal.at<std::uint64_t>(at));
    case DType::i64: {
      const auto v = literal.at<std::int64_t>(at);
      return v == INT64_MIN ? "(-9223372036854775807l - 1)" : fmt::format("{}l", v);
    }
    default:
      return fmt::format("{}({})", name(literal.dtype()), literal.as_integer(at));
  }
}

bool is_reserved(std::string_view name) {
  static const std::set<std::string_view> reserved = {
      "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
      "case", "catch", "char", "char8_t", "char16_t", "char32_t", "class", "co_await", "co_return",
      "co_yield", "compl", "concept", "const", "const_cast", "consteval", "constexpr", "constinit",
      "continue", "decltype", "default", "delete", "do", "double", "dynamic_cast", "else", "enum",
      "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline",
      "int", "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr",
      "operator", "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast",
      "requires", "restrict", "return", "short", "signed", "sizeof", "static", "static_assert",
      "static_cast", "struct", "switch", "template", "this", "thread_local", "throw", "true", "try",
      "typedef", "typeid", "typename", "typeof", "union", "unsigned", "using", "virtual", "void",
      "volatile", "wchar_t", "while", "xor", "xor_eq",
      // parameters and namespaces of entries, what CUDA declares, and macros of some compilers
      "begin", "end", "failure", "buffers", "dims", "croton", "main", "blockIdx", "blockDim",
      "gridDim", "threadIdx", "warpSize", "atomicMin", "linux", "unix", kVectorFma};
  const bool implementation =
      name.size() > 1 && name[0] == '_' && std::isupper(static_cast<unsigned char>(name[1])) != 0;
  return reserved.contains(name) || implementation || names_a_vector(name) ||
         name.find("__") != std::string_view::npos;
}

}  // namespace croton::codegen
