// Rules as data: a name, two patterns, what may change, on which dtypes, under which fact. A rule
// that a pattern cannot say is a function in the same tables, with an example on which it fires.
//
// Etiquette: the right side is never dearer than the left; canonicalise in one direction only; a
// rule may drop a value's use, never duplicate a costly value. Every rule is tested from its own
// row: the driver fires it on samples, and both sides agree but for what it declares.
#pragma once

#include <functional>
#include <source_location>
#include <span>
#include <string>
#include <unordered_map>

#include "ir/node.hpp"
#include "passes/pattern.hpp"

namespace croton::passes {

/// What a rule may change in results. None: every bit but the payload of NaNs is kept. `overflow`:
/// a number where an intermediate left the range; `domain`: another result where operands are
/// infinite or the left side is undefined.
namespace may {
inline constexpr std::uint32_t nothing = 0, rounding = 1, zero_sign = 2, nans = 4, overflow = 8,
                               domain = 16;
}
[[nodiscard]] std::string effects_text(std::uint32_t effects);

/// On which dtypes (of the root, or of its operands when it is a comparison) a rule applies.
enum class On : std::uint8_t { any, numbers, integers, reals, booleans };

/// A property of a value that its graph shows.
enum class Fact : std::uint8_t { none, non_negative, positive };
[[nodiscard]] bool holds(Fact fact, const ir::Value& value);
[[nodiscard]] std::string_view name(Fact fact);

/// When: `fact` holds for the value bound to placeholder `variable` (0: x, 1: y, 2: z).
struct When {
  Fact fact = Fact::none;
  std::int8_t variable = 0;
};

struct RuleContext {
  bool fma = true;                       // what folding computes: the target's bits
  bool fused_products = true;            // as ir::ExactOptions
  std::int64_t fold_elements = 1 << 16;  // largest folded constant
  /// How many operands and roots of the graph each node is; a node that is not listed was made by
  /// the rule that reads it.
  const std::unordered_map<const ir::Node*, int>* uses = nullptr;

  [[nodiscard]] bool single_use(const ir::Value& v) const {
    if (uses == nullptr) return true;
    const auto it = uses->find(v.node.get());
    return it == uses->end() || it->second <= 1;
  }
};

struct Rule {
  std::string_view name;
  Pattern from{}, to{};
  std::uint32_t effects = may::nothing;
  On on = On::any;
  When when{};
  /// For rules of code: the op at the root (nullopt: any), what they do, and graphs on which they
  /// fire.
  std::optional<ir::Op> root{};
  ir::Value (*code)(const ir::Value& root, const RuleContext& context) = nullptr;
  ir::Value (*example)() = nullptr;
  std::string_view algebra{};  // of code, in words
  std::source_location where{};

  [[nodiscard]] std::string text() const;
  /// The replacement, of the root's type, or an empty value when the rule does not apply.
  [[nodiscard]] ir::Value apply(const ir::Value& root, const RuleContext& context) const;
  [[nodiscard]] bool may_start_at(ir::Op op) const;
};

/// A left side's variables, in cells of a right side, must all be bound.
constexpr bool binds(const Pattern& from, const Pattern& to) {
  for (std::int8_t i = 0; i < to.count; ++i) {
    const Cell& cell = to.cells[static_cast<std::size_t>(i)];
    bool found = cell.kind != CellKind::value && cell.kind != CellKind::constant;
    bool attributes = cell.attributes == Attributes::none;
    for (std::int8_t k = 0; k < from.count; ++k) {
      const Cell& other = from.cells[static_cast<std::size_t>(k)];
      found |= other.kind == cell.kind && other.variable == cell.variable;
      attributes |= other.attributes == cell.attributes;
    }
    if (!found || !attributes) return false;
  }
  return true;
}

struct RuleOptions {
  std::uint32_t may = may::nothing;
  On on = On::any;
  When when{};
};

/// A compile error in a table, a UserError-like exception at run time, when the right side uses
/// what the left does not bind.
constexpr Rule rule(std::string_view name, const Pattern& from, const Pattern& to,
                    RuleOptions options = {},
                    std::source_location where = std::source_location::current()) {
  if (!binds(from, to))
    throw std::logic_error("the right side of a rule uses what the left does not bind");
  return {.name = name,
          .from = from,
          .to = to,
          .effects = options.may,
          .on = options.on,
          .when = options.when,
          .where = where};
}

constexpr Rule rule_fn(std::string_view name, std::optional<ir::Op> root, std::string_view algebra,
                       ir::Value (*code)(const ir::Value&, const RuleContext&),
                       ir::Value (*example)(), std::uint32_t effects = may::nothing,
                       std::source_location where = std::source_location::current()) {
  return {.name = name,
          .effects = effects,
          .root = root,
          .code = code,
          .example = example,
          .algebra = algebra,
          .where = where};
}

/// What stands for a variable of a pattern: a value of the type of which the fact holds; for a
/// constant, one repeated element.
using Leaf = std::function<ir::Value(CellKind kind, const ir::Type& type, Fact fact)>;
/// The left side over leaves of a dtype and shape, structured ops over the last axis: what a
/// generated test starts from. Empty when the pattern cannot be built on the dtype.
[[nodiscard]] ir::Value instantiate(const Rule& rule, DType dtype, const Shape& shape,
                                    const Leaf& leaf);
/// Over fresh inputs of shape [n, 5].
[[nodiscard]] ir::Value instantiate(const Rule& rule, DType dtype);

// The sets, by topic.
[[nodiscard]] std::span<const Rule> arithmetic_rules();
[[nodiscard]] std::span<const Rule> logic_rules();
[[nodiscard]] std::span<const Rule> movement_rules();
[[nodiscard]] std::span<const Rule> layout_rules();
[[nodiscard]] std::span<const Rule> folding_rules();
[[nodiscard]] std::span<const Rule> stability_rules();
[[nodiscard]] std::span<const Rule> specialize_rules();
[[nodiscard]] std::span<const Rule> expand_rules();
[[nodiscard]] std::span<const Rule> fma_rules();

struct RuleSet {
  std::string_view name;  // of the topic
  std::span<const Rule> rules;
};
[[nodiscard]] std::span<const RuleSet> all_rule_sets();

}  // namespace croton::passes
