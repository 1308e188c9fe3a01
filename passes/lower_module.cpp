// Groups to kernels and a plan: which buffer each kept value lives in, and the launches.
//
// An update is written in place when nothing that can fail comes with or after it, no later kernel
// reads the old value, and the kernel itself reads the old value only at the element it writes.
// Otherwise the new value goes to the arena and is committed at the end.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "passes/lower.hpp"

namespace croton::passes {
namespace {

using ir::Op;
using ir::Value;

class Lowerer {
 public:
  Lowerer(ir::Module& module, bool fused_multiply_add) : module_(module), fma_(fused_multiply_add) {
    groups_ = std::move(module.groups);
    for (const Group& group : groups_)
      for (const Value& output : group.outputs) kept_.insert(output.node.get());
    put_updates_last();
    make_parameters();
    choose_homes();
    for (std::size_t g = 0; g < groups_.size(); ++g) lower_group(g);
    copy_leaf_roots();
    for (const auto& [variable, value] : commits_)
      body_.push_back(ir::intern(Op::commit, {variable, value}, {}, {}));
    body_.insert(body_.begin(), arenas_.begin(), arenas_.end());
    module_.groups.clear();
    module_.plan.parameters = parameters_;
    module_.plan.body = std::move(body_);
    module_.level = ir::Level::kernel;
  }

 private:
  // Groups that compute nothing but updates run after all others, those that may fail first.
  void put_updates_last() {
    std::stable_partition(groups_.begin(), groups_.end(), [&](const Group& group) {
      return group.may_fail || !only_updates(group);
    });
    order_by_need();
  }

  bool only_updates(const Group& group) const {
    return std::all_of(group.outputs.begin(), group.outputs.end(), [&](const Value& v) {
      const bool output =
          std::find(module_.outputs.begin(), module_.outputs.end(), v) != module_.outputs.end();
      const bool update = std::any_of(module_.updates.begin(), module_.updates.end(),
                                      [&](const ir::Update& u) { return u.value == v; });
      return update && !output;
    });
  }

  // Restores producers before consumers, keeping the given order otherwise.
  void order_by_need() {
    std::unordered_map<const ir::Node*, std::size_t> maker;
    for (std::size_t g = 0; g < groups_.size(); ++g)
      for (const Value& output : groups_[g].outputs) maker[output.node.get()] = g;
    std::vector<Group> sorted;
    std::vector<char> state(groups_.size());  // 0 unseen, 1 begun, 2 listed
    for (std::size_t start = 0; start < groups_.size(); ++start) {
      std::vector<std::size_t> stack{start};
      while (!stack.empty()) {
        const std::size_t g = stack.back();
        if (state[g] == 0) {
          state[g] = 1;
          std::vector<std::size_t> before;
          for (const Value& member : groups_[g].members)
            for (const ir::Node* read : reads_of(member))
              if (const auto it = maker.find(read);
                  it != maker.end() && it->second != g && state[it->second] == 0)
                before.push_back(it->second);
          std::sort(before.rbegin(), before.rend());
          stack.insert(stack.end(), before.begin(), before.end());
        } else {
          stack.pop_back();
          if (state[g] == 1) sorted.push_back(std::move(groups_[g]));
          state[g] = 2;
        }
      }
    }
    groups_ = std::move(sorted);
  }

  // What computing `v` reads from memory.
  const std::unordered_set<const ir::Node*>& reads_of(const Value& v) const {
    const auto [entry, fresh] = reads_.try_emplace(v.node.get());
    if (!fresh) return entry->second;
    std::unordered_set<const ir::Node*> found, seen;
    std::vector<Value> stack(v.node->operands.begin(), v.node->operands.end());
    while (!stack.empty()) {
      const Value next = stack.back();
      stack.pop_back();
      if (!seen.insert(next.node.get()).second) continue;
      if (is_leaf(next) || kept_.contains(next.node.get()))
        found.insert(next.node.get());
      else
        stack.insert(stack.end(), next.node->operands.begin(), next.node->operands.end());
    }
    return reads_[v.node.get()] = std::move(found);
  }

  [[nodiscard]] bool reads(const Value& reader, const Value& v) const {
    return reads_of(reader).contains(v.node.get());
  }

  void make_parameters() {
    const auto add = [&](const std::string& name, const Value& v) {
      const Value made{ir::intern(Op::parameter, {}, {name},
                                  {ir::buffer(v.dtype(), v.shape(), ir::Space::parameter)}),
                       0};
      parameters_.push_back(made);
      return made;
    };
    for (const Value& input : module_.inputs)
      homes_[input] = {add(input.node->attribute<std::string>("name"), input)};
    for (const Value& variable : module_.shared_variables())
      homes_[variable] = {add(variable.node->attribute<std::string>("name"), variable)};
    for (std::size_t i = 0; i < module_.outputs.size(); ++i)
      output_buffers_.push_back(
          add(module_.outputs.size() == 1 ? "out" : fmt::format("out{}", i), module_.outputs[i]));
  }

  [[nodiscard]] bool may_write_in_place(std::size_t g, const ir::Update& update) const {
    const Group& own = groups_[g];
    if (own.kind == GroupKind::serial) return false;
    for (std::size_t k = g; k < groups_.size(); ++k)
      if (groups_[k].may_fail) return false;
    for (std::size_t k = g + 1; k < groups_.size(); ++k)
      for (const Value& member : groups_[k].members)
        if (reads(member, update.variable)) return false;
    for (const Value& root : module_.roots())
      if (root == update.variable) return false;
    for (const Value& member : own.members) {
      if (!reads(member, update.variable)) continue;
      if (!(member == update.value) || !ir::is_elementwise(member.op())) return false;
      const auto in_memory = [&](const Value& v) {
        return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) {
          return std::find(group.members.begin(), group.members.end(), v) != group.members.end();
        });
      };
      for (const Place& place : places_read(member, in_memory))
        if (place.value == update.variable && !(place.index == domain_symbols(place.index.size())))
          return false;
    }
    return true;
  }

  void choose_homes() {
    for (std::size_t g = 0; g < groups_.size(); ++g)
      for (const Value& v : groups_[g].outputs) {
        std::vector<Value>& homes = homes_[v];
        for (std::size_t i = 0; i < module_.outputs.size(); ++i)
          if (module_.outputs[i] == v) homes.push_back(output_buffers_[i]);
        for (const ir::Update& update : module_.updates) {
          if (!(update.value == v)) continue;
          const Value variable = homes_.at(update.variable)[0];
          if (may_write_in_place(g, update))
            homes.push_back(variable);
          else if (const Value temporary = arena_for(v); temporary) {
            homes.push_back(temporary);
            commits_.emplace_back(variable, temporary);
          }
        }
        if (homes.empty()) homes.push_back(arena_for(v));
      }
  }

  Value arena_for(const Value& v) {
    return arena_like(ir::info(v.op()).name, v.dtype(), v.shape());
  }

  // Offsets are the plan pass's business.
  Value arena_like(std::string_view name, DType dtype, Shape extents) {
    arenas_.push_back(ir::intern(Op::arena, {},
                                 {fmt::format("{}{}", name, arenas_.size() + 1), Shape{Dim(0)}},
                                 {ir::buffer(dtype, std::move(extents), ir::Space::arena)}));
    return {arenas_.back(), 0};
  }

  // Inputs, variables, outputs, then temporaries: a function of one kernel hands its arguments on.
  void in_order_of_plan(std::vector<Value>& buffers) const {
    const auto place = [&](const Value& buffer) {
      const auto at = std::find(parameters_.begin(), parameters_.end(), buffer);
      if (at != parameters_.end()) return at - parameters_.begin();
      const auto temporary = std::find(arenas_.begin(), arenas_.end(), buffer.node);
      return (at - parameters_.begin()) + (temporary - arenas_.begin());
    };
    std::sort(buffers.begin(), buffers.end(),
              [&](const Value& a, const Value& b) { return place(a) < place(b); });
  }

  // Results are streamed when nothing reads them again: neither this kernel nor a later one. Zero
  // when they are not, or when the extent is known to be too small.
  [[nodiscard]] std::int64_t stream_from(std::size_t g, const std::vector<Value>& buffers,
                                         int cost) const {
    const Group& group = groups_[g];
    if (group.may_fail || !is_scheduled(group, "stream")) return 0;
    for (const Value& v : group.outputs)
      for (const Value& home : homes_.at(v))
        if (std::find(output_buffers_.begin(), output_buffers_.end(), home) ==
            output_buffers_.end())
          return 0;
    for (std::size_t k = g + 1; k < groups_.size(); ++k)
      for (const Value& member : groups_[k].members)
        for (const Value& v : group.outputs)
          if (reads(member, v)) return 0;
    // What takes longer to compute than to write gains nothing.
    constexpr int kMostCost = 24;
    if (cost > kMostCost) return 0;
    Dim count = volume(group.domain);
    for (const Value& v : group.outputs)
      if (v.shape().size() > group.domain.size()) count = volume(v.shape());
    std::int64_t bytes = 0;
    for (const Value& buffer : buffers)
      if (volume(buffer.shape()) == count)
        bytes += static_cast<std::int64_t>(size_of(buffer.dtype()));
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    const std::int64_t from = (scheduled(group, "stream", kMost) - 1) / bytes + 1;
    return count.is_constant() && *count.constant() < from ? 0 : from;
  }

  void lower_group(std::size_t g) {
    const Group& group = groups_[g];
    check_schedule(group);
    KernelBuilder kernel;
    kernel.serve(group.lead());
    Scalars scalars(kernel);
    // The buffers that the kernel needs, each once: a variable updated in place is one parameter
    // for reading and writing.
    std::vector<Value> arguments, read;
    const auto need = [&](const Value& buffer) {
      if (std::find(arguments.begin(), arguments.end(), buffer) == arguments.end())
        arguments.push_back(buffer);
    };
    std::vector<Value> stack(group.members.begin(), group.members.end());
    std::vector<const ir::Node*> seen;
    int cost = 0;  // of one element, counting what members share once
    while (!stack.empty()) {
      const Value next = stack.back();
      stack.pop_back();
      if (std::find(seen.begin(), seen.end(), next.node.get()) != seen.end()) continue;
      seen.push_back(next.node.get());
      const bool own =
          std::find(group.members.begin(), group.members.end(), next) != group.members.end();
      if (!own && homes_.contains(next)) {
        need(homes_.at(next)[0]);
        read.push_back(next);
        continue;
      }
      if (ir::is_elementwise(next.op())) cost += ir::info(next.op()).cost;
      stack.insert(stack.end(), next.node->operands.rbegin(), next.node->operands.rend());
    }
    for (const Value& v : group.outputs)
      for (const Value& home : homes_.at(v)) need(home);
    Value partials;
    if (const Shape extents = partials_of(group); !extents.empty())
      need(partials = arena_like("partials", group.lead().dtype(), extents));
    in_order_of_plan(arguments);
    std::map<std::string, int> used;
    std::unordered_map<Value, Value, ir::ValueHash> by_buffer;
    for (const Value& buffer : arguments) {
      const std::string wanted =
          buffer == partials ? "partials" : buffer.node->attribute<std::string>("name");
      const int count = used[wanted]++;
      by_buffer.emplace(
          buffer,
          kernel.parameter(count == 0 ? wanted : fmt::format("{}_{}", wanted, count + 1),
                           ir::buffer(buffer.dtype(), buffer.shape(), ir::Space::parameter)));
    }
    for (const Value& v : read) scalars.in_memory(v, by_buffer.at(homes_.at(v)[0]));
    std::vector<Target> targets;
    for (const Value& v : group.outputs)
      for (const Value& home : homes_.at(v)) targets.push_back({v, by_buffer.at(home)});
    Lowering lowering{group, kernel, scalars, targets, {}, fma_};
    if (partials) lowering.partials = by_buffer.at(partials);
    lowering.stream_from = stream_from(g, arguments, cost);
    switch (group.kind) {
      case GroupKind::elementwise:
        lower_elementwise(lowering);
        break;
      case GroupKind::row:
        lower_row(lowering);
        break;
      case GroupKind::full:
        lower_full(lowering);
        break;
      case GroupKind::column:
        lower_column(lowering);
        break;
      case GroupKind::product:
        lower_product(lowering);
        break;
      case GroupKind::serial:
        lower_serial(lowering);
        break;
    }
    const std::string& name = group.name;
    module_.kernels.push_back(kernel.finish(name));
    for (const Value& member : group.members) module_.kernels.back()->inherit(*member.node);
    body_.push_back(ir::intern(Op::launch, arguments, {name}, {}));
  }

  // An output (or update) that is itself an input or a variable is copied.
  void copy_leaf_roots() {
    const auto copy = [&](const Value& from, const Value& to) {
      KernelBuilder kernel;
      const Value a = kernel.parameter("from", from.type());
      const Value b = kernel.parameter("to", to.type());
      const Shape& shape = from.shape();
      const auto move = [&](const Dim& i) {
        Index index(shape.size(), Dim(0));
        if (!index.empty()) index.back() = i;
        kernel.store(kernel.load(a, index), b, index);
      };
      if (shape.empty())
        move(0);
      else
        kernel.loop("i", "parallel", 0, volume(shape), 1, move);
      const std::string name = fmt::format("copy_{}", copies_++);
      module_.kernels.push_back(kernel.finish(name));
      body_.insert(body_.begin(), ir::intern(Op::launch, {from, to}, {name}, {}));
    };
    for (std::size_t i = 0; i < module_.outputs.size(); ++i)
      if (is_leaf(module_.outputs[i])) copy(homes_.at(module_.outputs[i])[0], output_buffers_[i]);
    for (const ir::Update& update : module_.updates) {
      if (!is_leaf(update.value) || update.value == update.variable) continue;
      const Value temporary = arena_for(update.value);
      copy(homes_.at(update.value)[0], temporary);
      commits_.emplace_back(homes_.at(update.variable)[0], temporary);
    }
  }

  ir::Module& module_;
  bool fma_;
  std::vector<Group> groups_;
  std::vector<Value> parameters_, output_buffers_;
  std::unordered_map<Value, std::vector<Value>, ir::ValueHash> homes_;
  std::vector<ir::NodePtr> arenas_;
  std::unordered_set<const ir::Node*> kept_;
  mutable std::unordered_map<const ir::Node*, std::unordered_set<const ir::Node*>> reads_;
  std::vector<std::pair<Value, Value>> commits_;
  std::vector<ir::NodePtr> body_;
  int copies_ = 0;
};

}  // namespace

void lower(ir::Module& module, bool fused_multiply_add) { Lowerer(module, fused_multiply_add); }

}  // namespace croton::passes
