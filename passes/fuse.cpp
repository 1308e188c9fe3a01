#include "passes/fuse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "passes/group_order.hpp"
#include "passes/scalars.hpp"

namespace croton::passes {
namespace {

using ir::Integers;
using ir::Op;
using ir::Value;
using NodeSet = std::unordered_set<const ir::Node*>;

constexpr int kRecomputableCost = 4;
constexpr std::size_t kMaxMembers = 24;
// Of one kernel, in additions: Clang's time grows faster than the text beyond this.
constexpr int kMaxCost = 400;
// Sibling kernels are looked for among so many that follow.
constexpr std::size_t kSiblingReach = 64;

bool is_barrier(const Value& v) {
  switch (v.op()) {
    case Op::contract:
    case Op::cumsum:
    case Op::scatter_set:
      return true;
    case Op::scatter_add:
      return !is_one_hot_scatter(*v.node);
    default:
      return ir::is_reduction(v.op());
  }
}

// A transpose below a product is a copy that was asked for (lay-out); other movement is read
// through.
bool is_movement_of_memory(Value v) {
  while (v.op() == Op::reshape) v = v.node->operands[0];
  return is_leaf(v) || is_barrier(v);
}

GroupKind kind_of(const Value& v) {
  if (v.op() == Op::contract) return GroupKind::product;
  if (ir::is_positional(v.op()) || (is_barrier(v) && !ir::is_reduction(v.op())))
    return GroupKind::serial;
  if (!ir::is_reduction(v.op())) return GroupKind::elementwise;
  const auto& axes = v.node->attribute<Integers>("axes");
  const int rank = v.node->operands[0].rank();
  if (static_cast<int>(axes.size()) == rank) return GroupKind::full;
  const bool innermost = std::find(axes.begin(), axes.end(), rank - 1) != axes.end();
  return innermost ? GroupKind::row : GroupKind::column;
}

struct Fusion {
  std::vector<Group> groups;
  std::vector<Refusal> refusals;
};

class Fuser {
 public:
  explicit Fuser(const ir::Module& module)
      : module_(module), order_(topological_order(module.roots())) {
    choose_kept();
    for (int round = 0; round < 3; ++round) {
      build_groups();
      merge();
      if (!keep_expensive()) break;
    }
  }

  Fusion result() {
    Fusion out;
    out.groups = ordered();
    out.refusals = std::move(refusals_);
    finish(out.groups);
    return out;
  }

 private:
  NodeSet root_nodes() const {
    NodeSet set;
    for (const Value& v : module_.roots()) set.insert(v.node.get());
    return set;
  }

  void keep(const Value& v) {
    if (!is_leaf(v) && kept_set_.insert(v.node.get()).second) kept_.push_back(v);
  }

  void choose_kept() {
    const NodeSet roots = root_nodes();
    NodeSet wanted;
    for (const ir::NodePtr& node : order_) {
      if (is_barrier({node, 0}) || roots.contains(node.get())) wanted.insert(node.get());
      if (node->op == Op::contract)
        for (const Value& operand : node->operands)
          if (!is_movement_of_memory(operand)) wanted.insert(operand.node.get());
    }
    for (const ir::NodePtr& node : order_)
      if (wanted.contains(node.get())) keep({node, 0});
    cut_long_expressions();
  }

  static int own_cost(const ir::Node& node) {
    if (ir::is_elementwise(node.op)) return ir::info(node.op).cost;
    return ir::info(node.op).kind == ir::OpKind::creation ? 0 : 2;
  }

  // An expression that would make too long a kernel is kept where it reaches the limit. What has
  // several users counts once, in the longest of its paths.
  void cut_long_expressions() {
    std::unordered_map<const ir::Node*, int> users, length;
    for (const ir::NodePtr& node : order_)
      for (const Value& operand : node->operands) ++users[operand.node.get()];
    for (const ir::NodePtr& node : order_) {
      int total = own_cost(*node), shared = 0;
      for (const Value& operand : node->operands) {
        if (kept_set_.contains(operand.node.get())) continue;
        const int below = length[operand.node.get()];
        if (users[operand.node.get()] > 1)
          shared = std::max(shared, below);
        else
          total += below;
      }
      total += shared;
      if (total > kMaxCost / 2 && ir::is_elementwise(node->op) && node->types[0].rank() > 0) {
        keep({node, 0});
        total = 0;
      }
      length[node.get()] = total;
    }
  }

  // The kept values and leaves that computing `v` reads, not going beyond them.
  const std::vector<Value>& reads(const Value& v) const {
    const auto [it, fresh] = reads_.try_emplace(v.node.get());
    if (!fresh) return it->second;
    std::vector<Value> found, stack(v.node->operands.begin(), v.node->operands.end());
    NodeSet seen;
    int cost = own_cost(*v.node);
    while (!stack.empty()) {
      const Value next = stack.back();
      stack.pop_back();
      if (!seen.insert(next.node.get()).second) continue;
      if (kept_set_.contains(next.node.get()) || is_leaf(next)) {
        found.push_back(next);
      } else {
        cost += own_cost(*next.node);
        stack.insert(stack.end(), next.node->operands.begin(), next.node->operands.end());
      }
    }
    costs_[v.node.get()] = cost;
    return reads_[v.node.get()] = std::move(found);
  }

  [[nodiscard]] int cost_of(const Group& group) const {
    int total = 0;
    for (const Value& member : group.members) {
      (void)reads(member);
      total += costs_.at(member.node.get());
    }
    return total;
  }

  void build_groups() {
    groups_.clear();
    group_of_.clear();
    reads_.clear();
    costs_.clear();
    places_.clear();
    std::vector<Value> sorted;
    for (const ir::NodePtr& node : order_)
      if (kept_set_.contains(node.get())) sorted.push_back({node, 0});
    kept_ = sorted;
    for (const Value& v : kept_) {
      group_of_[v.node.get()] = static_cast<int>(groups_.size());
      Group group;
      group.kind = kind_of(v);
      group.domain = v.shape();
      group.members = {v};
      groups_.push_back(std::move(group));
    }
  }

  // Groups that `group` reads, without itself.
  [[nodiscard]] std::vector<int> producers(int group) const {
    std::vector<int> found;
    for (const Value& member : groups_[static_cast<std::size_t>(group)].members)
      for (const Value& read : reads(member)) {
        if (is_leaf(read)) continue;
        const int other = group_of_.at(read.node.get());
        if (other != group && std::find(found.begin(), found.end(), other) == found.end())
          found.push_back(other);
      }
    return found;
  }

  // How a group needs an earlier one.
  struct Need {
    bool directly = false, through_others = false;
    std::vector<int> others;  // groups after the earlier one that the later one needs
    explicit operator bool() const { return directly || through_others; }
  };

  // Does `late` need `early`, which comes before it?
  [[nodiscard]] Need need(int late, int early) const {
    Need found;
    std::vector<int> stack{late};
    std::unordered_set<int> seen{late};
    while (!stack.empty()) {
      const int g = stack.back();
      stack.pop_back();
      for (const int other : producers(g)) {
        if (other == early) {
          (g == late ? found.directly : found.through_others) = true;
        } else if (group_order_.before(early, other) && seen.insert(other).second) {
          found.others.push_back(other);
          stack.push_back(other);
        }
      }
    }
    return found;
  }

  const std::vector<Place>& places(const Value& reader) const {
    const auto [it, fresh] = places_.try_emplace(reader.node.get());
    if (fresh)
      it->second =
          places_read(reader, [&](const Value& v) { return kept_set_.contains(v.node.get()); });
    return it->second;
  }

  // May `v` (the only member of its group so far, or all of a group) join a group of this kind?
  std::string obstacle(const Group& host, const Group& guest) const {
    if (host.members.size() + guest.members.size() > kMaxMembers)
      return "the kernel would be too long";
    if (cost_of(host) + cost_of(guest) > kMaxCost) return "the kernel would be too long";
    const std::size_t rank = host.domain.size();
    const Shape symbols = domain_symbols(rank);
    for (const Value& member : guest.members) {
      const bool same_kind = guest.kind == host.kind && host.kind == GroupKind::row;
      if (!same_kind && guest.kind != GroupKind::elementwise)
        return fmt::format("a {} kernel takes up elementwise ops{}", name(host.kind),
                           host.kind == GroupKind::row ? " and other reductions of its rows" : "");
      const Shape& shape = member.shape();
      const bool prefix =
          shape.size() >= rank && std::equal(host.domain.begin(), host.domain.end(), shape.begin());
      const bool exact = prefix && shape.size() == rank;
      const bool row = host.kind == GroupKind::row && !ir::is_reduction(member.op());
      if (row ? !prefix : !exact)
        return fmt::format("domains differ, [{}] and [{}]", text(host.domain), text(shape));
      for (const Place& place : places(member)) {
        if (std::find(host.members.begin(), host.members.end(), place.value) == host.members.end())
          continue;
        const std::size_t compared = std::min(place.index.size(), rank);
        if (!std::equal(place.index.begin(),
                        place.index.begin() + static_cast<std::ptrdiff_t>(compared),
                        symbols.begin()))
          return "a value is read at another index than the kernel's own";
      }
    }
    return "";
  }

  // `others` are what the later of both needs of the groups after the earlier one.
  void absorb(int host, int guest, std::vector<int> others) {
    group_order_.merge(host, guest, std::move(others));
    auto& h = groups_[static_cast<std::size_t>(host)];
    auto& g = groups_[static_cast<std::size_t>(guest)];
    for (const Value& member : g.members) {
      group_of_[member.node.get()] = host;
      h.members.push_back(member);
    }
    g.members.clear();
  }

  void try_merge(int producer, int consumer) {
    if (producer == consumer) return;
    Group& host = groups_[static_cast<std::size_t>(producer)];
    Group& guest = groups_[static_cast<std::size_t>(consumer)];
    if (host.members.empty() || guest.members.empty()) return;
    if (host.kind == GroupKind::serial) return;
    std::string why = obstacle(host, guest);
    Need found;
    if (why.empty() && (found = need(consumer, producer)).through_others)
      why = "another kernel lies between them";
    if (why.empty())
      absorb(producer, consumer, std::move(found.others));
    else
      refusals_.push_back({fmt::format("{} into {}", ir::info(guest.members[0].op()).name,
                                       ir::info(host.members[0].op()).name),
                           why});
  }

  void merge() {
    refusals_.clear();
    group_order_ = GroupOrder(groups_.size());
    for (const Value& v : kept_)
      for (const Value& read : reads(v))
        if (!is_leaf(read)) try_merge(group_of_.at(read.node.get()), group_of_.at(v.node.get()));
    // Siblings: elementwise kernels over one shape.
    for (std::size_t a = 0; a < groups_.size(); ++a)
      for (std::size_t b = a + 1; b < std::min(groups_.size(), a + kSiblingReach); ++b) {
        Group &x = groups_[a], &y = groups_[b];
        if (x.members.empty() || y.members.empty() || x.kind != GroupKind::elementwise ||
            y.kind != GroupKind::elementwise || !(x.domain == y.domain) ||
            x.members.size() + y.members.size() > 8 || cost_of(x) + cost_of(y) > kMaxCost)
          continue;
        const int i = static_cast<int>(a), j = static_cast<int>(b);
        Need found = group_order_.before(i, j) ? need(j, i) : need(i, j);
        if (!found) absorb(i, j, std::move(found.others));
      }
  }

  // Values of several groups that are too dear to compute twice are kept; true if there were any.
  bool keep_expensive() {
    std::unordered_map<const ir::Node*, int> cost;
    std::unordered_map<const ir::Node*, std::set<int>> users;
    for (const ir::NodePtr& node : order_) {
      int total = ir::is_elementwise(node->op) ? ir::info(node->op).cost : 0;
      if (node->op == Op::gather) total += 2;
      for (const Value& operand : node->operands)
        if (!kept_set_.contains(operand.node.get())) total += cost[operand.node.get()];
      cost[node.get()] = std::min(total, 1 << 20);
    }
    for (std::size_t k = order_.size(); k-- > 0;) {
      const ir::Node* node = order_[k].get();
      std::set<int> mine = users[node];
      if (kept_set_.contains(node)) mine = {group_of_.at(node)};
      for (const Value& operand : node->operands)
        users[operand.node.get()].insert(mine.begin(), mine.end());
    }
    bool added = false;
    for (const ir::NodePtr& node : order_) {
      const Value v{node, 0};
      if (is_leaf(v) || kept_set_.contains(node.get()) || !ir::is_elementwise(node->op)) continue;
      if (users[node.get()].size() > 1 && cost[node.get()] > kRecomputableCost && v.rank() > 0) {
        keep(v);
        added = true;
      }
    }
    return added;
  }

  [[nodiscard]] std::vector<Group> ordered() const {
    std::vector<Group> out;
    for (const int g : group_order_.order()) out.push_back(groups_[static_cast<std::size_t>(g)]);
    return out;
  }

  // Members in the graph's order; outputs are what roots and other groups read.
  void finish(std::vector<Group>& groups) const {
    const NodeSet roots = root_nodes();
    std::unordered_map<const ir::Node*, std::size_t> age;
    for (std::size_t i = 0; i < order_.size(); ++i) age[order_[i].get()] = i;
    std::unordered_map<const ir::Node*, const Group*> maker;
    for (const Group& group : groups)
      for (const Value& member : group.members) maker[member.node.get()] = &group;
    NodeSet read_elsewhere;
    for (const Group& group : groups)
      for (const Value& member : group.members)
        for (const Value& read : reads(member))
          if (const auto it = maker.find(read.node.get());
              it != maker.end() && it->second != &group)
            read_elsewhere.insert(read.node.get());
    for (Group& group : groups) {
      std::sort(group.members.begin(), group.members.end(), [&](const Value& a, const Value& b) {
        return age[a.node.get()] < age[b.node.get()];
      });
      for (const Value& member : group.members) {
        if (roots.contains(member.node.get()) || read_elsewhere.contains(member.node.get()))
          group.outputs.push_back(member);
        group.may_fail |= can_fail(member);
      }
    }
  }

  bool can_fail(const Value& v) const {
    std::vector<Value> stack{v};
    NodeSet seen;
    while (!stack.empty()) {
      const Value next = stack.back();
      stack.pop_back();
      if (!seen.insert(next.node.get()).second) continue;
      if (ir::info(next.op()).may_fail) return true;
      for (const Value& operand : next.node->operands)
        if (!kept_set_.contains(operand.node.get())) stack.push_back(operand);
    }
    return false;
  }

  const ir::Module& module_;
  std::vector<ir::NodePtr> order_;
  std::vector<Value> kept_;
  NodeSet kept_set_;
  std::vector<Group> groups_;
  std::unordered_map<const ir::Node*, int> group_of_;
  std::vector<Refusal> refusals_;
  mutable std::unordered_map<const ir::Node*, std::vector<Value>> reads_;
  mutable std::unordered_map<const ir::Node*, int> costs_;
  mutable std::unordered_map<const ir::Node*, std::vector<Place>> places_;
  GroupOrder group_order_;
};

}  // namespace

std::vector<Refusal> fuse(ir::Module& module) {
  Fusion fusion = Fuser(module).result();
  std::map<std::string, int> names;
  std::string prefix = module.name;
  for (char& c : prefix)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  for (Group& group : fusion.groups) {
    group.name = fmt::format("{}_{}", prefix, ir::info(group.lead().op()).name);
    if (const int count = names[group.name]++; count > 0)
      group.name += fmt::format("_{}", count + 1);
  }
  module.groups = std::move(fusion.groups);
  module.level = ir::Level::grouped;
  return std::move(fusion.refusals);
}

bool is_leaf(const Value& v) { return v.op() == Op::input || v.op() == Op::shared; }

Shape domain_symbols(std::size_t rank) {
  Shape symbols;
  for (std::size_t i = 0; i < rank; ++i) symbols.emplace_back("axis$" + std::to_string(i));
  return symbols;
}

std::vector<Place> places_read(const Value& reader,
                               const std::function<bool(const Value&)>& in_memory) {
  std::vector<Place> places;
  KernelBuilder kernel;
  Scalars scalars(kernel);
  scalars.on_memory([&](const Value& v, const Index& index) -> Value {
    if (v == reader || !(is_leaf(v) || in_memory(v))) return {};
    places.push_back({v, index});
    // Stands for the element; its value is of no interest.
    return {ir::intern(Op::parameter, {}, {"element"}, {ir::tensor(v.dtype())}), 0};
  });
  const bool reduces = ir::info(reader.op()).kind == ir::OpKind::reduction;
  if (reduces) {
    const Value& operand = reader.node->operands[0];
    Integers axes;
    if (reader.op() != Op::cumsum) axes = reader.node->attribute<Integers>("axes");
    Index index;
    int kept_axis = 0;
    for (int i = 0; i < operand.rank(); ++i) {
      const bool reduced = std::find(axes.begin(), axes.end(), i) != axes.end();
      index.emplace_back(reduced ? "reduced$" + std::to_string(i)
                                 : "axis$" + std::to_string(kept_axis++));
    }
    (void)scalars.at(operand, index);
  } else if (ir::is_elementwise(reader.op()) || !is_leaf(reader)) {
    if (reader.op() == Op::contract || reader.op() == Op::scatter_set) return {};
    (void)scalars.at(reader, domain_symbols(reader.shape().size()));
  }
  return places;
}

}  // namespace croton::passes
