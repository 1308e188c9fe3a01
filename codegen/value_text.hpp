// How the values of one kernel are spelled: identifiers that are unique, legal and nobody else's;
// dims as index arithmetic; scalar expressions from the op table. The writer decides which values
// get a statement and a name, and which are written where they are used.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/node.hpp"

namespace croton::codegen {

class ValueText {
 public:
  /// Counts the uses of every value in the kernel's region, and names its symbols.
  explicit ValueText(const ir::Region& kernel);

  /// An identifier like `wanted` that is legal in every dialect and not yet taken.
  std::string unique(std::string wanted);
  /// Lets the identifier be taken again: its scope has ended.
  void release(const std::string& name) { taken_.erase(name); }
  void take(const std::string& name) { taken_.insert(name); }

  void name(const ir::Value& v, std::string text) { names_[v] = std::move(text); }
  void forget(const ir::Value& v) { names_.erase(v); }
  /// The value is written out wherever it is read.
  void write_out(const ir::Value& v, std::string text) { inlined_[v] = std::move(text); }
  /// Stores to the buffer write `text` instead, until this is undone by end_blocks().
  void store_to_block(const ir::Value& buffer, std::string text) {
    blocks_[buffer] = std::move(text);
  }
  [[nodiscard]] bool has_block(const ir::Value& buffer) const { return blocks_.contains(buffer); }
  void end_blocks() { blocks_.clear(); }

  [[nodiscard]] bool is_named(const ir::Value& v) const { return names_.contains(v); }
  [[nodiscard]] const std::string& name_of(const ir::Value& v) const { return names_.at(v); }
  [[nodiscard]] const std::string& symbol(const std::string& symbol) const {
    return symbol_names_.at(symbol);
  }
  /// The symbols of the kernel's dims, sorted.
  [[nodiscard]] const std::set<std::string>& symbols() const { return symbols_; }

  /// The value's name, or the expression that is written in its place.
  [[nodiscard]] std::string text_of(const ir::Value& v) const;
  /// A dim, in which run-time values are names.
  [[nodiscard]] std::string index(const Dim& dim) const;
  /// A buffer's element.
  [[nodiscard]] std::string element(const ir::Value& buffer, const Shape& index) const;
  /// What the node computes, in the dialects' common language.
  [[nodiscard]] std::string expression(const ir::NodePtr& node) const;

  [[nodiscard]] bool is_used(const ir::Value& v) const { return uses_.contains(v); }
  /// True when body[at] may be written where its value is read: a pure node with one use; loads
  /// move no further than the next write.
  [[nodiscard]] bool may_inline(const std::vector<ir::NodePtr>& body, std::size_t at) const;

 private:
  void collect(const ir::Region& region);
  [[nodiscard]] std::string dim_text(const Dim& dim) const;

  std::set<std::string> symbols_, taken_;
  std::map<std::string, std::string> symbol_names_;
  std::unordered_map<ir::Value, std::string, ir::ValueHash> names_, inlined_, blocks_;
  std::unordered_map<ir::Value, int, ir::ValueHash> uses_;
};

}  // namespace croton::codegen
