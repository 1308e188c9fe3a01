// Our own loader of ELF objects: what a kernel's object needs and nothing more. Every offset of the
// untrusted bytes is checked; relocations and undefined symbols outside a closed list are refused.
// Memory is written first and executable afterwards, never both.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "runtime/visible_code.hpp"

namespace croton::runtime {

class LoadedObject {
 public:
  /// Throws BackendError naming what is wrong with the bytes. Debuggers and profilers see the code
  /// (visible_code.hpp) as functions of `name`; an object with debug information says itself what
  /// its functions are called.
  explicit LoadedObject(std::string_view object, const std::string& name = "");
  ~LoadedObject();
  LoadedObject(const LoadedObject&) = delete;
  LoadedObject& operator=(const LoadedObject&) = delete;
  /// The address of a defined function, or null.
  [[nodiscard]] void* find(const std::string& name) const;

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
  std::unordered_map<std::string, void*> symbols_;
  std::unique_ptr<VisibleCode> visible_;
};

}  // namespace croton::runtime
