// Differentiation, graph to graph, from the op table's rules; so any order is possible.
//
// Reverse mode walks users before producers and sums cotangents. Forward mode needs no rules of its
// own: an elementwise op's Jacobian is diagonal, so its vjp applied to a tangent is the jvp; ops
// with the `linear` trait apply themselves to tangents; every other op goes through the transpose
// of its vjp (Townsend's identity: jvp(t) = d/dc <vjp(c), t>).
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "ir/node.hpp"

namespace croton::ir {

/// What a rule of the table sees: one node and the cotangent of its result.
class Vjp {
 public:
  Vjp(const NodePtr& node, Value cotangent);
  [[nodiscard]] const Value& in(std::size_t i) const { return node_->operands[i]; }
  [[nodiscard]] std::size_t arity() const { return node_->operands.size(); }
  [[nodiscard]] const Value& out() const { return cotangent_; }
  [[nodiscard]] Value value() const { return {node_, 0}; }
  [[nodiscard]] const NodePtr& node() const { return node_; }
  [[nodiscard]] Value zeros() const;  // of the cotangent's type
  /// States the cotangent of operand i; without a statement an operand has none.
  void to(std::size_t i, Value cotangent) { results_.emplace_back(i, std::move(cotangent)); }
  /// The derivative is zero almost everywhere: stated, so that the path is connected.
  void zero(std::size_t i);
  /// For min and max: all to operand 0 where `first`, half where `tie`, else to operand 1.
  void share(const Value& first, const Value& tie);
  [[nodiscard]] const Integers& integers(std::string_view name) const;
  [[nodiscard]] const Shape& dims(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::span<const std::pair<std::size_t, Value>> results() const { return results_; }

 private:
  NodePtr node_;
  Value cotangent_;
  std::vector<std::pair<std::size_t, Value>> results_;
};

// Rules too long for a line of the table (gradient_rules.cpp).
void vjp_concatenate(Vjp& g);
void vjp_gather(Vjp& g);
void vjp_scatter_set(Vjp& g);
void vjp_scatter_add(Vjp& g);
void vjp_prod(Vjp& g);
void vjp_extremum(Vjp& g);
void vjp_contract(Vjp& g);
void vjp_call(Vjp& g);

enum class Disconnected : std::uint8_t { raise, warn, ignore };

struct GradientOptions {
  std::vector<Value> consider_constant;
  Disconnected disconnected = Disconnected::raise;
};

/// d(cost)/d(wrt), cost of rank 0 and a floating dtype. Results have the types of wrt. Throws
/// UserError naming the path when a node on it has no gradient.
[[nodiscard]] std::vector<Value> gradient(const Value& cost, std::span<const Value> wrt,
                                          const GradientOptions& options = {});
/// Cotangents of `wrt` given those of `outputs`.
[[nodiscard]] std::vector<Value> pullback(std::span<const Value> outputs,
                                          std::span<const Value> cotangents,
                                          std::span<const Value> wrt,
                                          const GradientOptions& options = {});
/// Tangents of `outputs` given those of `wrt`.
[[nodiscard]] std::vector<Value> pushforward(std::span<const Value> outputs,
                                             std::span<const Value> wrt,
                                             std::span<const Value> tangents);

/// `root` with values replaced (clone with substitution); shared by givens, expand and jvp.
[[nodiscard]] std::vector<Value> substitute(std::span<const Value> roots,
                                            std::span<const std::pair<Value, Value>> replacements);

}  // namespace croton::ir
