// A program that compiles the same function again and again with only a number changed (a learning
// rate written into the graph) is told so, once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace croton::runtime {

/// A text with its scalar constants taken out, and they.
struct WithoutLiterals {
  std::string skeleton;
  std::string literals;
};
[[nodiscard]] WithoutLiterals without_literals(std::string_view canonical_text);

/// Notes a request that was in no cache. The notice, the first time that `kNoticedMisses` requests
/// of this process differ in scalar constants only.
inline constexpr int kNoticedMisses = 5;
[[nodiscard]] std::optional<std::string> notice_of_miss(std::string_view name,
                                                        std::string_view material);

}  // namespace croton::runtime
