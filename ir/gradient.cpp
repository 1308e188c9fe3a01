#include "ir/gradient.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <unordered_set>

#include "ir/builder.hpp"
#include "ir/composition.hpp"

namespace croton::ir {
namespace {

using ValueMap = std::unordered_map<Value, Value, ValueHash>;

void accumulate(ValueMap& cotangents, const Value& value, const Value& cotangent) {
  const auto [it, fresh] = cotangents.emplace(value, cotangent);
  if (!fresh) it->second = it->second + cotangent;
}

// Nodes through which a change of `wrt` reaches others; operands before users.
std::unordered_set<const Node*> dependents(const std::vector<NodePtr>& order,
                                           std::span<const Value> wrt,
                                           std::span<const Value> stops) {
  std::unordered_set<const Node*> active, stopped;
  for (const Value& v : stops) stopped.insert(v.node.get());
  for (const Value& v : wrt) active.insert(v.node.get());
  for (const NodePtr& node : order) {
    if (active.contains(node.get()) || stopped.contains(node.get())) continue;
    for (const Value& operand : node->operands)
      if (active.contains(operand.node.get()) && !stopped.contains(operand.node.get())) {
        active.insert(node.get());
        break;
      }
  }
  return active;
}

std::vector<ErrorNote> notes_of(const NodePtr& node) {
  std::vector<ErrorNote> notes;
  const Provenance from = node->provenance();
  notes.push_back(
      {fmt::format("{} : {}", info(node->op).name, text(node->types[0])), from.first_site()});
  for (const Value& operand : node->operands) {
    const Provenance p = operand.node->provenance();
    const std::string label = p.labels.empty() ? std::string(info(operand.op()).name) : p.labels[0];
    notes.push_back({fmt::format("of {} : {}", label, text(operand.type())), p.first_site()});
  }
  return notes;
}

// Raised only when the cotangent would have to pass: a bool or integer result ends the path
// instead.
void require_rule(const NodePtr& node) {
  if (info(node->op).vjp) return;
  throw UserError(
      fmt::format("grad: {} has no gradient: {}", info(node->op).name, info(node->op).no_gradient),
      notes_of(node));
}

bool carries_gradient(const Value& v) { return is_real(v.dtype()) || is_complex(v.dtype()); }

// The first value on the way from `wrt` that no derivative passes: an integer or bool one.
NodePtr end_of_path(const Value& wrt, const std::vector<NodePtr>& order,
                    std::span<const Value> stops) {
  const Value from[] = {wrt};
  const auto reached = dependents(order, from, stops);
  for (const NodePtr& node : order)
    if (reached.contains(node.get()) && node != wrt.node && !carries_gradient({node, 0}))
      return node;
  return {};
}

Value missing(const Value& wrt, const std::vector<NodePtr>& order, const GradientOptions& options) {
  const Disconnected mode = options.disconnected;
  if (mode == Disconnected::ignore) return zeros_of(wrt);
  const Provenance from = wrt.node->provenance();
  const bool named = wrt.op() == Op::input || wrt.op() == Op::shared;
  const std::string name = named                 ? wrt.node->attribute<std::string>("name")
                           : from.labels.empty() ? std::string(info(wrt.op()).name)
                                                 : from.labels[0];
  std::string message =
      fmt::format("grad: the cost does not depend on {} : {}", name, text(wrt.type()));
  std::vector<ErrorNote> notes;
  if (const NodePtr end = end_of_path(wrt, order, options.consider_constant)) {
    const std::string_view reason = info(end->op).no_gradient;
    message =
        fmt::format("grad: no derivative passes from {} : {} to the cost; the path ends at {}: {}",
                    name, text(wrt.type()), info(end->op).name,
                    reason.empty() ? "its result is no floating-point number" : reason);
    notes = notes_of(end);
  }
  if (mode == Disconnected::raise) throw UserError(message, std::move(notes));
  if (mode == Disconnected::warn) fmt::print(stderr, "croton: warning: {}\n", message);
  return zeros_of(wrt);
}

// The tangent of one node given those of some operands.
Value node_tangent(const NodePtr& node, const ValueMap& tangents) {
  const OpInfo& row = info(node->op);
  const auto tangent_of = [&](const Value& operand) {
    const auto it = tangents.find(operand);
    return it == tangents.end() ? Value{} : it->second;
  };
  if (row.traits & traits::linear) {
    std::vector<Value> operands;
    for (const Value& operand : node->operands) {
      const Value t = tangent_of(operand);
      operands.push_back(t ? t : zeros_of(operand));
    }
    return {make_node(node->op, std::move(operands), node->attributes), 0};
  }
  require_rule(node);
  if (row.kind == OpKind::elementwise) {
    Value total;
    for (std::size_t i = 0; i < node->operands.size(); ++i) {
      const Value t = tangent_of(node->operands[i]);
      if (!t) continue;
      Vjp rule(node, t.dtype() == node->types[0].dtype ? t : cast(t, node->types[0].dtype));
      row.vjp(rule);
      for (const auto& [operand, part] : rule.results()) {
        if (operand != i) continue;
        const Value same = cast(part, node->types[0].dtype);
        total = total ? total + same : same;
      }
    }
    return total ? total : zeros_of({node, 0});
  }
  // jvp(t) = d/dc <vjp(c), t> for a fresh cotangent c.
  const Value c = input("cotangent", node->types[0]);
  Vjp rule(node, c);
  row.vjp(rule);
  Value inner;
  for (const auto& [operand, part] : rule.results()) {
    const Value t = tangent_of(node->operands[operand]);
    if (!t) continue;
    Integers axes(part.shape().size());
    for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i);
    const Value product = reduce(Op::sum, part * t, axes);
    inner = inner ? inner + product : product;
  }
  if (!inner) return zeros_of({node, 0});
  const std::vector<Value> wrt{c};
  return gradient(inner, wrt, {.consider_constant = {}, .disconnected = Disconnected::ignore})[0];
}

}  // namespace

Vjp::Vjp(const NodePtr& node, Value cotangent) : node_(node), cotangent_(std::move(cotangent)) {}

Value Vjp::zeros() const { return zeros_of(cotangent_); }

void Vjp::zero(std::size_t i) { to(i, zeros_of(in(i))); }

void Vjp::share(const Value& first, const Value& tie) {
  const Value half = cotangent_ * 0.5;
  to(0, where(tie, half, where(first, cotangent_, zeros())));
  to(1, where(tie, half, where(first, zeros(), cotangent_)));
}

const Integers& Vjp::integers(std::string_view name) const {
  return node_->attribute<Integers>(name);
}
const Shape& Vjp::dims(std::string_view name) const { return node_->attribute<Shape>(name); }
std::int64_t Vjp::integer(std::string_view name) const {
  return node_->attribute<std::int64_t>(name);
}
bool Vjp::flag(std::string_view name) const { return node_->attribute<bool>(name); }

std::vector<Value> pullback(std::span<const Value> outputs, std::span<const Value> cotangents,
                            std::span<const Value> wrt, const GradientOptions& options) {
  CROTON_CHECK(outputs.size() == cotangents.size(), "one cotangent per output");
  const std::vector<NodePtr> order = topological_order(outputs);
  const auto active = dependents(order, wrt, options.consider_constant);
  ValueMap sums;
  for (std::size_t i = 0; i < outputs.size(); ++i) accumulate(sums, outputs[i], cotangents[i]);
  std::unordered_set<const Node*> leaves;
  for (const Value& v : wrt) leaves.insert(v.node.get());
  for (std::size_t k = order.size(); k-- > 0;) {
    const NodePtr& node = order[k];
    const auto found = sums.find(Value{node, 0});
    if (found == sums.end() || !active.contains(node.get()) || node->operands.empty()) continue;
    const bool passes = std::any_of(node->operands.begin(), node->operands.end(), [&](auto& v) {
      return active.contains(v.node.get()) && carries_gradient(v);
    });
    if (!passes || !carries_gradient({node, 0})) continue;
    require_rule(node);
    Vjp rule(node, found->second);
    info(node->op).vjp(rule);
    for (const auto& [operand, part] : rule.results()) {
      const Value& target = node->operands[operand];
      if (!active.contains(target.node.get()) || !carries_gradient(target)) continue;
      CROTON_CHECK(part.rank() == target.rank(),
                   fmt::format("the gradient of {} has type {} for an operand of type {}",
                               info(node->op).name, text(part.type()), text(target.type())));
      inherit_through(part.node, *node);
      accumulate(sums, target, cast(part, target.dtype()));
    }
  }
  std::vector<Value> results;
  for (const Value& v : wrt) {
    const auto it = sums.find(v);
    results.push_back(it == sums.end() ? missing(v, order, options) : it->second);
  }
  return results;
}

std::vector<Value> gradient(const Value& cost, std::span<const Value> wrt,
                            const GradientOptions& options) {
  if (cost.rank() != 0)
    throw UserError(fmt::format("grad: the cost must be a scalar, not {}", text(cost.type())));
  if (!carries_gradient(cost))
    throw UserError(
        fmt::format("grad: the cost must be floating point, not {}", text(cost.type())));
  for (const Value& v : wrt)
    if (!carries_gradient(v))
      throw UserError(fmt::format(
          "grad: derivatives are taken with respect to floating point, not {}", text(v.type())));
  const std::vector<Value> outputs{cost}, seeds{full_like(cost, 1.0)};
  return pullback(outputs, seeds, wrt, options);
}

std::vector<Value> pushforward(std::span<const Value> outputs, std::span<const Value> wrt,
                               std::span<const Value> tangents) {
  CROTON_CHECK(wrt.size() == tangents.size(), "one tangent per variable");
  const std::vector<NodePtr> order = topological_order(outputs);
  const auto active = dependents(order, wrt, {});
  ValueMap map;
  for (std::size_t i = 0; i < wrt.size(); ++i) map.emplace(wrt[i], tangents[i]);
  for (const NodePtr& node : order) {
    if (!active.contains(node.get()) || map.contains({node, 0})) continue;
    if (!carries_gradient({node, 0})) continue;
    const bool reached = std::any_of(node->operands.begin(), node->operands.end(),
                                     [&](const Value& v) { return map.contains(v); });
    if (reached) map.emplace(Value{node, 0}, node_tangent(node, map));
  }
  std::vector<Value> results;
  for (const Value& out : outputs) {
    const auto it = map.find(out);
    results.push_back(it == map.end() ? zeros_of(out) : it->second);
  }
  return results;
}

std::vector<Value> substitute(std::span<const Value> roots,
                              std::span<const std::pair<Value, Value>> replacements) {
  ValueMap map;
  for (const auto& [from, to] : replacements) map.emplace(from, to);
  std::vector<Value> keys;
  for (const NodePtr& node : topological_order(roots)) {
    std::vector<Value> operands;
    for (const Value& operand : node->operands) {
      const auto it = map.find(operand);
      operands.push_back(it == map.end() ? operand : it->second);
    }
    if (operands == node->operands) continue;
    const NodePtr made = with_operands(node, std::move(operands));
    for (std::size_t i = 0; i < node->types.size(); ++i) {
      const Value old{node, static_cast<int>(i)};
      map.emplace(old, Value{made, static_cast<int>(i)});  // a replacement stands first
    }
  }
  std::vector<Value> results;
  for (const Value& root : roots) {
    const auto it = map.find(root);
    results.push_back(it == map.end() ? root : it->second);
  }
  return results;
}

}  // namespace croton::ir
