#include "ir/node.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "ir/hash.hpp"

namespace croton::ir {
namespace {

constexpr std::size_t kMaxProvenance = 4;

// The interning table: weak, in shards so that threads building different graphs seldom meet.
struct Shard {
  std::mutex mutex;
  std::unordered_multimap<std::size_t, std::weak_ptr<const Node>> nodes;
  std::size_t sweep_at = 1024;
};

std::array<Shard, 64>& shards() {
  static auto* table = new std::array<Shard, 64>;  // outlives every node of static storage
  return *table;
}

Shard& shard_of(std::size_t hash) { return shards()[(hash >> 7) % 64]; }

std::mutex& provenance_mutex(const Node* node) {
  static auto* mutexes = new std::array<std::mutex, 64>;
  return (*mutexes)[(reinterpret_cast<std::uintptr_t>(node) >> 6) % 64];
}

std::size_t hash_of(const Node& node) {
  Hasher h;
  h.add(static_cast<std::uint64_t>(node.op));
  for (const Value& v : node.operands) {
    h.add(v.node->hash);
    h.add(static_cast<std::uint64_t>(v.index));
  }
  for (const Attribute& a : node.attributes) h.add(hash(a));
  for (const Type& t : node.types) h.add(hash(t));
  return h.value;
}

bool equal(const Node& a, const Node& b) {
  return a.op == b.op && a.operands == b.operands && a.attributes == b.attributes &&
         a.types == b.types;
}

template <class T>
void append_some(std::vector<T>& to, const T& value) {
  if (to.size() < kMaxProvenance && std::find(to.begin(), to.end(), value) == to.end())
    to.push_back(value);
}

// Nodes whose last reference goes away while another node dies wait here, so that the depth of the
// stack never follows the depth of the graph. A plain pointer: nodes of static storage die after
// thread-local objects have been destroyed.
thread_local std::vector<NodePtr>* waiting = nullptr;

void visit_dims(const Shape& shape, std::vector<NodePtr>& found) {
  for (const Dim& dim : shape)
    dim.for_each_leaf([&](const Dim::Atom& atom) {
      if (atom.node) found.push_back(atom.node);
    });
}

}  // namespace

Node::~Node() {
  std::vector<NodePtr> own;
  const bool outermost = waiting == nullptr;
  if (outermost) waiting = &own;
  for (Value& operand : operands) waiting->push_back(std::move(operand.node));
  for (Region& region : regions) {
    for (NodePtr& node : region.body) waiting->push_back(std::move(node));
    for (Value& v : region.results) waiting->push_back(std::move(v.node));
  }
  if (!outermost) return;
  while (!own.empty()) {
    const NodePtr last = std::move(own.back());
    own.pop_back();
  }
  waiting = nullptr;
}

const Attribute& Node::find_attribute(std::string_view name) const {
  const auto& columns = info(op).attributes;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].name == name) return attributes[i];
  internal_error("find_attribute",
                 std::string(info(op).name) + " has no attribute " + std::string(name),
                 std::source_location::current());
}

Provenance Node::provenance() const {
  const std::lock_guard lock(provenance_mutex(this));
  return provenance_ ? *provenance_ : Provenance{};
}

void Node::add_site(const Site& site) const {
  if (site.file.empty()) return;
  const std::lock_guard lock(provenance_mutex(this));
  if (!provenance_) provenance_ = std::make_unique<Provenance>();
  append_some(provenance_->sites, site);
}

void Node::add_label(const std::string& label) const {
  if (label.empty()) return;
  const std::lock_guard lock(provenance_mutex(this));
  if (!provenance_) provenance_ = std::make_unique<Provenance>();
  append_some(provenance_->labels, label);
}

void Node::inherit(const Node& replaced) const {
  if (&replaced == this) return;
  const Provenance other = replaced.provenance();
  for (const Site& site : other.sites) add_site(site);
  for (const std::string& label : other.labels) add_label(label);
}

void inherit_through(const NodePtr& made, const Node& origin) {
  made->inherit(origin);
  if (origin.provenance().sites.empty()) return;
  const auto is_known = [&](const Node& node) {
    return &node == &origin || info(node.op).kind == OpKind::creation ||
           !node.provenance().sites.empty() ||
           std::any_of(origin.operands.begin(), origin.operands.end(),
                       [&](const Value& v) { return v.node.get() == &node; });
  };
  std::vector<NodePtr> stack{made};
  while (!stack.empty()) {
    const NodePtr node = stack.back();
    stack.pop_back();
    if (node.get() == &origin) continue;
    for (const Value& operand : node->operands) {
      if (is_known(*operand.node)) continue;
      operand.node->inherit(origin);
      stack.push_back(operand.node);
    }
  }
}

NodePtr intern(Op op, std::vector<Value> operands, std::vector<Attribute> attributes,
               std::vector<Type> types, std::vector<Region> regions,
               std::shared_ptr<void> payload) {
  static std::atomic<std::uint64_t> next_serial{1};
  auto node = std::make_shared<Node>();
  node->op = op;
  node->operands = std::move(operands);
  node->attributes = std::move(attributes);
  node->types = std::move(types);
  node->regions = std::move(regions);
  node->payload = std::move(payload);
  node->hash = hash_of(*node);
  const auto stamp = [&] { node->serial = next_serial.fetch_add(1, std::memory_order_relaxed); };
  if (info(op).has_identity) {
    stamp();
    Hasher h;
    h.add(node->serial);
    node->hash = h.value;
    return node;
  }
  Shard& shard = shard_of(node->hash);
  std::vector<NodePtr> keep;  // references must not die under the lock
  const std::lock_guard lock(shard.mutex);
  const auto [first, last] = shard.nodes.equal_range(node->hash);
  for (auto it = first; it != last; ++it) {
    NodePtr existing = it->second.lock();
    if (existing && equal(*existing, *node)) {
      keep.push_back(node);
      return existing;
    }
    if (existing) keep.push_back(std::move(existing));
  }
  stamp();
  if (shard.nodes.size() >= shard.sweep_at) {
    std::erase_if(shard.nodes, [](const auto& entry) { return entry.second.expired(); });
    shard.sweep_at = std::max<std::size_t>(1024, 2 * shard.nodes.size());
  }
  shard.nodes.emplace(node->hash, node);
  return node;
}

std::size_t live_interned_nodes() {
  std::size_t count = 0;
  for (Shard& shard : shards()) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [hash, node] : shard.nodes) count += node.expired() ? 0 : 1;
  }
  return count;
}

std::vector<NodePtr> topological_order(std::span<const Value> roots) {
  std::vector<NodePtr> order;
  std::unordered_set<const Node*> seen;
  struct Frame {
    NodePtr node;
    std::vector<NodePtr> below;
    std::size_t next = 0;
  };
  std::vector<Frame> stack;
  const auto enter = [&](const NodePtr& node) {
    if (!node || !seen.insert(node.get()).second) return;
    Frame frame{node, {}, 0};
    for (const Value& operand : node->operands) frame.below.push_back(operand.node);
    for (const Type& type : node->types) visit_dims(type.shape, frame.below);
    for (const Attribute& attribute : node->attributes)
      if (const auto* dims = std::get_if<Shape>(&attribute.value)) visit_dims(*dims, frame.below);
    stack.push_back(std::move(frame));
  };
  for (const Value& root : roots) {
    enter(root.node);
    while (!stack.empty()) {
      Frame& top = stack.back();
      if (top.next < top.below.size()) {
        const NodePtr next = top.below[top.next++];
        enter(next);
      } else {
        order.push_back(std::move(top.node));
        stack.pop_back();
      }
    }
  }
  return order;
}

}  // namespace croton::ir
