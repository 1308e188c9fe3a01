#include "ir/module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ir/error.hpp"
#include "ir/spelling.hpp"

namespace croton::ir {

std::string text(const Fact& fact) {
  return fact.kind == Fact::Kind::divisible ? fmt::format("{} % {} == 0", fact.symbol, fact.value)
                                            : fmt::format("{} >= {}", fact.symbol, fact.value);
}

std::string_view name(Level level) {
  switch (level) {
    case Level::tensor:
      return "tensor";
    case Level::grouped:
      return "grouped";
    case Level::kernel:
      return "kernel";
    case Level::plan:
      return "plan";
  }
  return "";
}

std::optional<Level> level_named(std::string_view wanted) {
  for (const Level level : {Level::tensor, Level::grouped, Level::kernel, Level::plan})
    if (name(level) == wanted) return level;
  return std::nullopt;
}

std::string_view name(GroupKind kind) {
  constexpr std::string_view names[] = {"elementwise", "row",     "full",
                                        "column",      "product", "serial"};
  return names[static_cast<std::size_t>(kind)];
}

std::optional<GroupKind> group_kind_named(std::string_view wanted) {
  for (int i = 0; i <= static_cast<int>(GroupKind::serial); ++i)
    if (name(static_cast<GroupKind>(i)) == wanted) return static_cast<GroupKind>(i);
  return std::nullopt;
}

const Value& Group::lead() const {
  const auto decides = [](const Value& v) {
    const OpKind kind = info(v.op()).kind;
    return kind == OpKind::reduction || kind == OpKind::contraction || v.op() == Op::scatter_add ||
           v.op() == Op::scatter_set;
  };
  const auto it = std::find_if(members.begin(), members.end(), decides);
  return it == members.end() ? members.front() : *it;
}

std::vector<Value> Module::roots() const {
  std::vector<Value> all = outputs;
  for (const Update& update : updates) all.push_back(update.value);
  return all;
}

void Module::set_roots(std::span<const Value> values) {
  CROTON_CHECK(values.size() == outputs.size() + updates.size(), "as many roots as there are");
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = values[i];
  for (std::size_t i = 0; i < updates.size(); ++i) updates[i].value = values[outputs.size() + i];
}

std::vector<Value> Module::shared_variables() const {
  if (!state.empty()) return state;
  std::vector<Value> found;
  const auto add = [&](const Value& v) {
    if (std::find(found.begin(), found.end(), v) == found.end()) found.push_back(v);
  };
  for (const NodePtr& node : topological_order(roots()))
    if (node->op == Op::shared) add({node, 0});
  for (const Update& update : updates) add(update.variable);
  return found;
}

void check_symbol(const Module& module, std::string_view name) {
  std::set<std::string> symbols;
  const auto note = [&](const Value& leaf) {
    for (const Dim& dim : leaf.shape())
      dim.for_each_leaf([&](const Dim::Atom& atom) { symbols.insert(atom.name); });
  };
  for (const Value& input : module.inputs) note(input);
  for (const Value& variable : module.shared_variables()) note(variable);
  const std::vector<std::string_view> known(symbols.begin(), symbols.end());
  if (!symbols.contains(std::string(name)))
    throw UserError(fmt::format("{} has no dim {}{}", module.name, name, suggestion(name, known)));
}

}  // namespace croton::ir
