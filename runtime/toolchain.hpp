// Emitted text to object code, through the compiler component.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/error.hpp"
#include "runtime/target.hpp"

namespace croton::runtime {

/// The compiler looked at a text and said no; its log says why.
class RefusedText : public BackendError {
  using BackendError::BackendError;
};

/// The compiler component is not there; the log names the paths that were tried.
class MissingCompiler : public BackendError {
  using BackendError::BackendError;
};

struct Compiled {
  std::string object;
  std::string remarks;  // of the vectoriser, one a line
};

/// Whether code is built to run in this process alone, with the checks that it was built with, or
/// anywhere.
enum class CodeUse : std::uint8_t { here, anywhere };
#ifdef CROTON_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// Throws BackendError with the compiler's log when it refuses the text, or when the component is
/// missing (the message names the paths that were tried, and CROTON_COMPILER). Thread-safe.
[[nodiscard]] Compiled compile_text(std::string_view source, const Target& target,
                                    CodeUse use = CodeUse::anywhere);
/// Assembly and optimised LLVM text, for people and tests.
[[nodiscard]] std::string assembly_of(std::string_view source, const Target& target);
[[nodiscard]] std::string llvm_of(std::string_view source, const Target& target);
/// The bytes of a static library of objects, given with their file names.
[[nodiscard]] std::string archive_of(
    const std::vector<std::pair<std::string, std::string>>& members);
/// The path of the component, which is loaded for it; "" when it cannot be, and `tried` says why.
[[nodiscard]] std::string compiler_component(std::string* tried);
/// "clang 19.1.7": part of cache keys; does not load the component.
[[nodiscard]] std::string compiler_identity();
/// What keys say of the compiler's flags.
[[nodiscard]] std::string compiler_flags();
/// The key material of a kernel's object.
[[nodiscard]] std::string object_material(std::string_view source, const Target& target);
/// Texts compiled by this process.
[[nodiscard]] long compile_count();

}  // namespace croton::runtime
