#include "tests/property/cells.hpp"

#include <fmt/format.h>

#include "ir/composition.hpp"
#include "tests/property/random.hpp"

namespace croton::test {

using namespace ir;

namespace {

// Ops that tensors are made with.
bool is_counted(const OpInfo& row) {
  switch (row.kind) {
    case OpKind::elementwise:
    case OpKind::movement:
    case OpKind::indexing:
    case OpKind::reduction:
    case OpKind::contraction:
      return true;
    case OpKind::creation:
      return !row.has_identity;
    default:
      return false;
  }
}

// What no operand gives its dtype, and no attribute, has one of its own.
bool has_choice_of_dtype(const OpInfo& row) {
  for (const AttributeColumn& column : row.attributes)
    if (column.kind == AttributeKind::dtype || column.kind == AttributeKind::literal) return true;
  return row.arity != 0;
}

std::vector<Cell> make_cells() {
  std::vector<Cell> out;
  for (const DType dtype : sampled_dtypes()) {
    for (const OpInfo& row : all_ops())
      if (is_counted(row) && in_domain(row.domain, dtype) &&
          (has_choice_of_dtype(row) || dtype == DType::i64))
        out.push_back({*op_named(row.name), row.name, dtype});
    if (is_real(dtype))
      for (const Composition& composition : all_compositions())
        out.push_back({Op::call, composition.name, dtype});
  }
  return out;
}

std::vector<RuleCell> make_rule_cells() {
  std::vector<std::vector<RuleCell>> of_rule;
  std::size_t most = 0;
  for (const passes::RuleSet& set : passes::all_rule_sets())
    for (const passes::Rule& rule : set.rules) {
      std::vector<RuleCell>& own = of_rule.emplace_back();
      for (const DType dtype : sampled_dtypes())
        if (rule.code != nullptr ? own.empty() : bool(passes::instantiate(rule, dtype)))
          own.push_back({&rule, dtype});
      CROTON_CHECK(!own.empty(), fmt::format("the rule {} has no sample", rule.name));
      most = std::max(most, own.size());
    }
  std::vector<RuleCell> out;
  for (std::size_t round = 0; round < most; ++round)
    for (const std::vector<RuleCell>& own : of_rule) out.push_back(own[round % own.size()]);
  return out;
}

}  // namespace

std::string Cell::key() const { return fmt::format("{} {}", name, croton::name(dtype)); }

std::span<const Cell> all_cells() {
  static const std::vector<Cell> cells = make_cells();
  return cells;
}

std::string cell_key(const Value& v) {
  const Node& node = *v.node;
  const Value& of = node.operands.empty() ? v : node.operands[node.op == Op::where ? 1 : 0];
  const std::string_view op = node.op == Op::call
                                  ? std::string_view(node.attribute<std::string>("name"))
                                  : info(node.op).name;
  return Cell{node.op, op, of.dtype()}.key();
}

std::span<const RuleCell> all_rule_cells() {
  static const std::vector<RuleCell> cells = make_rule_cells();
  return cells;
}

std::size_t rule_count() {
  std::size_t count = 0;
  for (const passes::RuleSet& set : passes::all_rule_sets()) count += set.rules.size();
  return count;
}

}  // namespace croton::test
