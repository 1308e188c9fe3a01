// What random graphs must hold between them, from the tables: every op and composition on every
// dtype that it is defined on, and the left side of every rule.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "passes/rule.hpp"

namespace croton::test {

/// An op or a composition on one dtype: of its first operand that is no condition, or, where there
/// is none, of its result.
struct Cell {
  ir::Op op{};            // `call` for a composition
  std::string_view name;  // the op's or the composition's
  DType dtype{};
  [[nodiscard]] std::string key() const;  // "exp f32"
};

/// By dtype, then in the order of the tables.
[[nodiscard]] std::span<const Cell> all_cells();
/// The key of the cell that a node belongs to.
[[nodiscard]] std::string cell_key(const ir::Value& value);

/// A rule on one of the dtypes on which its left side can be built.
struct RuleCell {
  const passes::Rule* rule = nullptr;
  DType dtype{};
};

/// Every rule on a first dtype, then every rule on its next one, and so on; rules of few dtypes
/// come again.
[[nodiscard]] std::span<const RuleCell> all_rule_cells();
[[nodiscard]] std::size_t rule_count();

/// How often each cell was made.
using Coverage = std::map<std::string, long>;

}  // namespace croton::test
