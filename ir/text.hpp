// The text form of modules: what tests, `croton opt`, dumps, bug reports and cache keys use.
// `parse(print(m))` is m: at the tensor level the same interned nodes (leaves are matched by
// `ParseOptions::leaf`), at the other levels a module that prints the same text.
//
//   ctir 1
//   module @name : tensor {
//     %x = input {name = "x"} : f32[n, 784]
//     %0 = exp(%x) : f32[n, 784]
//     input %x
//     output %0
//   }
//
// Types of results may be left out where the op's type rule gives them. Floats are hexadecimal,
// with the decimal in a comment; what follows // is a comment. The grammar stands in ir/README.md.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ir/module.hpp"

namespace croton::ir {

/// The version that `print` writes and the newest that `parse` reads.
inline constexpr int kTextVersion = 1;

/// Where a node stands in printed text.
struct PrintedNode {
  const Node* node = nullptr;
  std::vector<std::string> names, operands;  // "%x", "%0"
  int line = 0;                              // from 1
};

struct PrintOptions {
  /// Names by position alone and no comments: equal for graphs that differ only in labels and
  /// sites. For keys.
  bool canonical = false;
  /// Literals with more elements than this go beside the text, when `beside` is set.
  std::int64_t inline_elements = 4096;
  std::vector<Literal>* beside = nullptr;
  /// Filled with every node that is printed, in the order of the text, when it is set.
  std::vector<PrintedNode>* nodes = nullptr;
};

[[nodiscard]] std::string print(const Module& module, const PrintOptions& options = {});
/// "{rows = 6, columns = 64}": a schedule, for reading.
[[nodiscard]] std::string print_attributes(const NamedAttributes& attributes);
/// One kernel, for reading.
[[nodiscard]] std::string print_kernel(const NodePtr& kernel);

struct ParseOptions {
  std::string file = "text";  // what errors call it
  /// Nodes remember their line of this text, and their names as labels.
  bool mark = true;
  /// When set: the lines of the user's program behind a line of this text, instead of that line.
  std::function<std::vector<Site>(int line)> sites{};
  /// Gives an existing `input` or `shared` node for a name and type; an empty value makes a new
  /// one.
  std::function<Value(Op op, const std::string& name, const Type& type)> leaf{};
  /// The literal with this number beside the text; missing: an error.
  std::function<Literal(std::size_t)> beside{};
  /// When set: the names by which the text's `output` line calls its values.
  std::vector<std::string>* output_names = nullptr;
};

/// Throws UserError "file:line:column: …" for what is no module, names the nearest known op or
/// attribute, and verifies the result.
[[nodiscard]] Module parse(std::string_view text, const ParseOptions& options = {});

}  // namespace croton::ir
