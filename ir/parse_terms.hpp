// What the statements of a module's text are made of: names of values, dims, types, literals and
// attributes. One function per line of the grammar in ir/README.md; each reads what it is named
// after, or throws what Scanner::fail does, at its place.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "ir/node.hpp"
#include "ir/scanner.hpp"
#include "ir/text.hpp"

namespace croton::ir {

class TermParser {
 protected:
  static constexpr int kMaxDepth = 64;  // of dims, attributes and regions in one another

  TermParser(std::string_view text, const ParseOptions& options)
      : scan_(text, options.file), options_(options) {}

  /// Of the word that was read last.
  Site site();

  /// A value that a scope around this place defines.
  Value lookup(const std::string& name);
  Value value(std::string* called = nullptr);
  std::vector<Value> values(std::vector<std::string>* called = nullptr);
  void define(const std::string& name, const Value& v);

  Dim dim();
  Shape dims();
  DType dtype();
  Type type();

  NamedAttributes named();
  /// In the order of the op's columns.
  std::vector<Attribute> column_attributes(const OpInfo& row);

  Scanner scan_;
  const ParseOptions& options_;
  std::vector<std::unordered_map<std::string, Value>> scopes_;
  int depth_ = 0;

 private:
  Dim factor(bool negative = false);
  Literal literal();
  Literal element_of(DType element);
  Integers integers();
  bool boolean();
  Attribute attribute(AttributeKind wanted);
  Attribute free_attribute();
};

}  // namespace croton::ir
