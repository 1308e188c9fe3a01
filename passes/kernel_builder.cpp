#include "passes/kernel_builder.hpp"

#include <algorithm>

namespace croton::passes {
namespace {

using ir::Op;
using ir::Value;

Value region_parameter(const std::string& name, ir::Type type) {
  return {ir::intern(Op::parameter, {}, {name}, {std::move(type)}), 0};
}

}  // namespace

KernelBuilder::KernelBuilder() { scopes_.emplace_back(); }

Value KernelBuilder::parameter(const std::string& name, ir::Type type) {
  parameters_.push_back(region_parameter(name, std::move(type)));
  return parameters_.back();
}

bool KernelBuilder::is_listed(const ir::Node* node) const {
  return std::any_of(scopes_.begin(), scopes_.end(), [&](const Scope& scope) {
    return std::find(scope.listed.begin(), scope.listed.end(), node) != scope.listed.end();
  });
}

void KernelBuilder::emit(const ir::NodePtr& node) {
  scopes_.back().body.push_back(node);
  scopes_.back().listed.push_back(node.get());
}

std::vector<Value> KernelBuilder::loop(
    const std::string& name, const std::string& kind, const Dim& low, const Dim& high, int step,
    const std::vector<Value>& carried,
    const std::function<std::vector<Value>(const Dim&, const std::vector<Value>&)>& body) {
  return loop_over(name, kind, {low, high, Dim(step)}, carried, body);
}

std::vector<Value> KernelBuilder::loop_over(
    const std::string& name, const std::string& kind, const Shape& range,
    const std::vector<Value>& carried,
    const std::function<std::vector<Value>(const Dim&, const std::vector<Value>&)>& body) {
  ir::Region region;
  region.parameters.push_back(region_parameter(name, ir::tensor(DType::i64)));
  std::vector<Value> inner;
  std::vector<ir::Type> types;
  for (const Value& v : carried) {
    inner.push_back(region_parameter(name + "_carried", v.type()));
    region.parameters.push_back(inner.back());
    types.push_back(v.type());
  }
  scopes_.emplace_back();
  if (kind != "parallel")
    scopes_.back().parameters = region.parameters, scopes_.back().range = range;
  region.results = body(dim_of(region.parameters[0]), inner);
  region.body = std::move(scopes_.back().body);
  scopes_.pop_back();
  const ir::NodePtr node =
      ir::intern(Op::loop, carried, {name, kind, range}, types, {std::move(region)});
  emit(node);
  std::vector<Value> results;
  for (std::size_t i = 0; i < carried.size(); ++i) results.push_back({node, static_cast<int>(i)});
  return results;
}

void KernelBuilder::loop(const std::string& name, const std::string& kind, const Dim& low,
                         const Dim& high, int step, const std::function<void(const Dim&)>& body) {
  (void)loop(name, kind, low, high, step, {}, [&](const Dim& i, const std::vector<Value>&) {
    body(i);
    return std::vector<Value>{};
  });
}

void KernelBuilder::stream(const std::string& name, const std::string& kind, const Dim& extent,
                           const Dim& count, std::int64_t from,
                           const std::function<void(const Dim&)>& body) {
  Shape range{Dim(0), extent, Dim(1)};
  if (from > 0) range.insert(range.end(), {count, Dim(from)});
  (void)loop_over(name, kind, range, {}, [&](const Dim& i, const std::vector<Value>&) {
    body(i);
    return std::vector<Value>{};
  });
}

void KernelBuilder::branch(const Value& condition, const std::function<void()>& then) {
  ir::Region region;
  scopes_.emplace_back();
  then();
  region.body = std::move(scopes_.back().body);
  scopes_.pop_back();
  emit(ir::intern(Op::branch, {condition}, {}, {}, {std::move(region)}));
}

Value KernelBuilder::alloc(const std::string& name, DType dtype, Shape extents, ir::Space space) {
  return alloc(name, ir::buffer(dtype, std::move(extents), space));
}

Value KernelBuilder::alloc(const std::string& name, ir::Type type) {
  const ir::NodePtr node = ir::intern(Op::alloc, {}, {name}, {std::move(type)});
  if (served_) {
    node->add_label(std::string(ir::info(served_.op()).name));
    node->inherit(*served_.node);
  }
  emit(node);
  return {node, 0};
}

Value KernelBuilder::load(const Value& buffer, const Index& index) {
  const ir::NodePtr node =
      ir::intern(Op::load, {buffer}, {Shape(index)}, {ir::tensor(buffer.dtype())});
  emit(node);
  return {node, 0};
}

void KernelBuilder::store(const Value& value, const Value& buffer, const Index& index) {
  emit(ir::intern(Op::store, {value, buffer}, {Shape(index)}, {}));
}

Value KernelBuilder::index(const Dim& value) {
  if (value.is_constant()) return scalar(ir::constant(ir::Literal::scalar(*value.constant())));
  const ir::NodePtr node = ir::intern(Op::index, {}, {Shape{value}}, {ir::tensor(DType::i64)});
  emit(node);
  return {node, 0};
}

Dim KernelBuilder::bound(const Dim& value) {
  bool plain = true;
  for (const Dim::Term& term : value.terms())
    for (const Dim::Atom& atom : term.factors) plain &= atom.arguments.empty();
  if (plain) return value;
  const std::string key = "bound " + value.text();
  if (const Value* known = find(key)) return dim_of(*known);
  const Value made = index(value);
  remember(key, made);
  return dim_of(made);
}

void KernelBuilder::fail_if(const Value& condition, const std::string& message,
                            std::vector<Value> values, const ir::Node& origin) {
  values.insert(values.begin(), condition);
  const ir::NodePtr node = ir::intern(Op::fail_if, std::move(values), {message}, {});
  node->inherit(origin);
  emit(node);
}

Value KernelBuilder::scalar(Op op, std::vector<Value> operands,
                            std::vector<ir::Attribute> attributes) {
  return scalar(ir::make(op, std::move(operands), std::move(attributes)));
}

Value KernelBuilder::scalar(const Value& pure) {
  if (!is_listed(pure.node.get())) emit(pure.node);
  return pure;
}

Value KernelBuilder::constant(DType dtype, double value) {
  return scalar(ir::constant(ir::Literal::scalar_of(dtype, value)));
}

const Value* KernelBuilder::find(const std::string& key) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    if (const auto it = scope->known.find(key); it != scope->known.end()) return &it->second;
  return nullptr;
}

void KernelBuilder::remember(const std::string& key, const Value& value) {
  scopes_.back().known.insert_or_assign(key, value);
}

void KernelBuilder::before_loops(const Index& place,
                                 const std::function<void(const Value&)>& body) {
  const auto is_of = [&](const Scope& scope, const Dim::Atom& atom) {
    if (atom.kind != Dim::Atom::Kind::value) return false;
    const auto own = [&](const Value& v) { return v.node == atom.node; };
    return std::any_of(scope.parameters.begin(), scope.parameters.end(), own) ||
           std::find(scope.listed.begin(), scope.listed.end(), atom.node.get()) !=
               scope.listed.end();
  };
  Index used = place;
  std::size_t outer = scopes_.size();
  for (; !scopes_[outer - 1].parameters.empty(); --outer) {
    const Scope& scope = scopes_[outer - 1];
    bool needs = false;
    for (const Dim& dim : used)
      dim.for_each_leaf([&](const Dim::Atom& atom) { needs |= is_of(scope, atom); });
    if (needs) break;
    used.insert(used.end(), {scope.range[0], scope.range[1]});
  }
  std::vector<Scope> inner(std::make_move_iterator(scopes_.begin() + std::ptrdiff_t(outer)),
                           std::make_move_iterator(scopes_.end()));
  scopes_.resize(outer);
  Value any_step;
  for (const Scope& scope : inner) {
    const Dim steps = scope.range[1] - scope.range[0];
    if (provably_less_equal(Dim(1), steps)) continue;
    const Value some = scalar(Op::gt, {index(steps), constant(DType::i64, 0)});
    any_step = any_step ? scalar(Op::logical_and, {any_step, some}) : some;
  }
  body(any_step);
  // What the loops had listed and now stands before them is said once, so that what follows the
  // loops does not read it from inside of one.
  const auto is_said = [&](const ir::Node* node) {
    return node->regions.empty() && node->op != Op::store && node->op != Op::fail_if &&
           node->op != Op::alloc && is_listed(node);
  };
  for (Scope& scope : inner) {
    std::erase_if(scope.body, [&](const ir::NodePtr& node) { return is_said(node.get()); });
    std::erase_if(scope.listed, is_said);
  }
  scopes_.insert(scopes_.end(), std::make_move_iterator(inner.begin()),
                 std::make_move_iterator(inner.end()));
}

ir::NodePtr KernelBuilder::finish(const std::string& name) {
  ir::Region region;
  region.parameters = parameters_;
  region.body = std::move(scopes_.back().body);
  return ir::intern(Op::kernel, {}, {name}, {}, {std::move(region)});
}

}  // namespace croton::passes
