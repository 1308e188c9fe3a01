#include "runtime/literal_notice.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <set>

#include "runtime/cache.hpp"

namespace croton::runtime {

WithoutLiterals without_literals(std::string_view text) {
  constexpr std::string_view kBegin = "= constant {value = ";
  WithoutLiterals out;
  for (;;) {
    const auto at = text.find(kBegin);
    const auto dtype =
        at == std::string_view::npos ? at : text.find_first_of(" [", at + kBegin.size());
    if (dtype == std::string_view::npos) break;
    const auto end = std::min(text.find_first_of(",}\n", dtype), text.size());
    // Arrays of constants are no scalar literals: they stay in the skeleton.
    const bool scalar = text[dtype] == ' ';
    out.skeleton += text.substr(0, scalar ? dtype : end);
    if (scalar) out.literals += std::string(text.substr(dtype, end - dtype)) + ";";
    text.remove_prefix(end);
  }
  out.skeleton += text;
  return out;
}

std::optional<std::string> notice_of_miss(std::string_view name, std::string_view material) {
  static std::mutex mutex;
  static auto& seen = *new std::map<std::string, std::set<std::string>>;
  static bool told = false;
  const WithoutLiterals parts = without_literals(material);
  if (parts.literals.empty()) return std::nullopt;
  const std::lock_guard lock(mutex);
  std::set<std::string>& variants = seen[cache_hash(parts.skeleton)];
  variants.insert(cache_hash(parts.literals));
  if (told || variants.size() < kNoticedMisses) return std::nullopt;
  told = true;
  return fmt::format(
      "croton: {} was compiled {} times, and only numbers in it differed; make the number that "
      "changes an input or a shared variable, and it is compiled once\n",
      name, variants.size());
}

}  // namespace croton::runtime
