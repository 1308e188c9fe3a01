#include "codegen/canonical_text.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <vector>

#include "codegen/function_text.hpp"
#include "codegen/spelling.hpp"

namespace croton::codegen {
namespace {

// The words that follow `mark`, in order of appearance.
std::vector<std::string> names_after(std::string_view text, std::string_view mark) {
  std::vector<std::string> names;
  for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    std::size_t end = at + mark.size();
    while (end < text.size() && is_word(text[end])) ++end;
    names.emplace_back(text.substr(at + mark.size(), end - at - mark.size()));
  }
  return names;
}

}  // namespace

std::string canonical_text(const EmittedKernel& kernel) {
  std::map<std::string, std::string, std::less<>> renamed;
  const auto rename = [&](const std::string& entry, const std::string& canonical) {
    renamed[entry] = canonical;
    renamed[body_name(entry)] = body_name(canonical);
  };
  rename(kernel.entry, kCanonicalEntry);
  if (!kernel.combine_entry.empty()) rename(kernel.combine_entry, kCanonicalCombine);
  const auto number = [&](std::string_view mark, const char* prefix) {
    int count = 0;
    for (std::string& name : names_after(kernel.source, mark))
      if (!renamed.contains(name)) renamed[std::move(name)] = fmt::format("{}_{}", prefix, count++);
  };
  number("__restrict ", "buffer");
  for (std::size_t i = 0; i < kernel.locals.size(); ++i)
    renamed.emplace(kernel.locals[i], fmt::format("local_{}", i));
  number("const i64 ", "number");  // dims first, then indices
  std::string out;
  const std::string_view text = kernel.source;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      out += text[i++];
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    const std::string_view word = text.substr(i, end - i);
    const bool member = i > 0 && (text[i - 1] == '.' || text[i - 1] == '>');
    const auto it = member ? renamed.end() : renamed.find(word);
    if (it == renamed.end())
      out += word;
    else
      out += it->second;
    i = end;
  }
  return out;
}

}  // namespace croton::codegen
