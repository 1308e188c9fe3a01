// Memory and order: which buffer each kept value lives in, and the launches.
//
// An update is written in place when nothing that can fail comes with or after it, no later kernel
// reads the old value, and the kernel itself reads the old value only at the element it writes.
// Otherwise the new value goes to the arena and is committed at the end.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "passes/lower.hpp"

namespace croton::passes {
namespace {

using ir::Op;
using ir::Value;

constexpr std::int64_t kAlignment = 64;

Dim aligned_bytes(const Value& v) {
  const Dim bytes = volume(v.shape()) * Dim(size_of(v.dtype()));
  const Dim alignment(kAlignment);
  return Dim::floordiv(bytes + Dim(kAlignment - 1), alignment) * alignment;
}

struct Interval {
  std::size_t first, last;  // groups
};

class Planner {
 public:
  Planner(ir::Module& module, bool fused_multiply_add, std::vector<Refusal>* refusals)
      : module_(module), fma_(fused_multiply_add) {
    Fusion fusion = fuse(module);
    groups_ = std::move(fusion.groups);
    if (refusals) *refusals = std::move(fusion.refusals);
    put_updates_last();
    make_parameters();
    choose_homes();
    for (std::size_t g = 0; g < groups_.size(); ++g) lower_group(g);
    copy_leaf_roots();
    for (const auto& [variable, value] : commits_)
      body_.push_back(ir::intern(Op::commit, {variable, value}, {}, {}));
    place_arena();
    module_.plan.parameters = parameters_;
    module_.plan.body = std::move(body_);
    module_.level = ir::Level::plan;
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
    std::vector<Group> sorted;
    std::vector<bool> done(groups_.size());
    while (sorted.size() < groups_.size())
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        if (done[g]) continue;
        bool ready = true;
        for (std::size_t other = 0; ready && other < groups_.size(); ++other)
          if (other != g && !done[other])
            for (const Value& output : groups_[other].outputs)
              for (const Value& member : groups_[g].members) ready &= !reads(member, output);
        if (!ready) continue;
        done[g] = true;
        sorted.push_back(groups_[g]);
        break;
      }
    groups_ = std::move(sorted);
  }

  [[nodiscard]] bool reads(const Value& reader, const Value& v) const {
    std::vector<Value> stack(reader.node->operands.begin(), reader.node->operands.end());
    std::vector<const ir::Node*> seen;
    while (!stack.empty()) {
      const Value next = stack.back();
      stack.pop_back();
      if (next == v) return true;
      if (std::find(seen.begin(), seen.end(), next.node.get()) != seen.end()) continue;
      seen.push_back(next.node.get());
      if (!is_kept(next))
        stack.insert(stack.end(), next.node->operands.begin(), next.node->operands.end());
    }
    return false;
  }

  [[nodiscard]] bool is_kept(const Value& v) const {
    return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) {
      return std::find(group.outputs.begin(), group.outputs.end(), v) != group.outputs.end();
    });
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
      std::vector<Value> kept;
      for (const Group& group : groups_)
        kept.insert(kept.end(), group.members.begin(), group.members.end());
      for (const Shape& place : places_read(member, update.variable, kept))
        if (!(place == domain_symbols(place.size()))) return false;
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
          else if (const Value temporary = arena_for(v, g); temporary) {
            homes.push_back(temporary);
            commits_.emplace_back(variable, temporary);
            lifetimes_.at(temporary).last = groups_.size();
          }
        }
        if (homes.empty()) homes.push_back(arena_for(v, g));
        // Later kernels read the first home, so it must not be a variable whose old value they
        // need.
        for (std::size_t k = g + 1; k < groups_.size(); ++k)
          for (const Value& member : groups_[k].members)
            if (reads(member, v))
              if (const auto it = lifetimes_.find(homes[0]); it != lifetimes_.end())
                it->second.last = std::max(it->second.last, k);
      }
  }

  Value arena_for(const Value& v, std::size_t group) {
    const std::string name = fmt::format("t{}", lifetimes_.size());
    const Value made{ir::intern(Op::arena, {}, {name, Shape{Dim(0)}},
                                {ir::buffer(v.dtype(), v.shape(), ir::Space::arena)}),
                     0};
    lifetimes_[made] = {group, group};
    arena_order_.emplace_back(made, aligned_bytes(v));
    return made;
  }

  [[nodiscard]] std::string label_of(const Value& v) const {
    const ir::Provenance from = v.node->provenance();
    if (!from.labels.empty()) return from.labels[0];
    return std::string(ir::info(v.op()).name);
  }

  std::string unique_kernel_name(const Group& group) {
    std::string base = module_.name;
    for (char& c : base)
      if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    const Value& first = group.members[0];
    base += "_" + std::string(ir::info(first.op()).name);
    const int count = names_[base]++;
    return count == 0 ? base : fmt::format("{}_{}", base, count + 1);
  }

  void lower_group(std::size_t g) {
    const Group& group = groups_[g];
    KernelBuilder kernel;
    Scalars scalars(kernel);
    std::vector<Value> arguments;
    std::map<std::string, int> used;
    const auto parameter = [&](const std::string& wanted, const Value& buffer) {
      const int count = used[wanted]++;
      const Value made =
          kernel.parameter(count == 0 ? wanted : fmt::format("{}_{}", wanted, count + 1),
                           ir::buffer(buffer.dtype(), buffer.shape(), ir::Space::parameter));
      arguments.push_back(buffer);
      return made;
    };
    const auto name_of = [](const Value& buffer) {
      return buffer.node->attribute<std::string>("name");
    };
    // Outputs first, so that a variable updated in place is one parameter for reading and writing.
    std::vector<Target> targets;
    std::unordered_map<Value, Value, ir::ValueHash> by_buffer;
    for (const Value& v : group.outputs)
      for (const Value& home : homes_.at(v)) {
        const Value made = parameter(name_of(home), home);
        by_buffer.emplace(home, made);
        targets.push_back({v, made});
      }
    std::vector<Value> stack(group.members.begin(), group.members.end());
    std::vector<const ir::Node*> seen;
    while (!stack.empty()) {
      const Value next = stack.back();
      stack.pop_back();
      if (std::find(seen.begin(), seen.end(), next.node.get()) != seen.end()) continue;
      seen.push_back(next.node.get());
      const bool own =
          std::find(group.members.begin(), group.members.end(), next) != group.members.end();
      if (!own && homes_.contains(next)) {
        const Value home = homes_.at(next)[0];
        auto it = by_buffer.find(home);
        if (it == by_buffer.end())
          it = by_buffer.emplace(home, parameter(name_of(home), home)).first;
        scalars.in_memory(next, it->second);
        continue;
      }
      stack.insert(stack.end(), next.node->operands.rbegin(), next.node->operands.rend());
    }
    Lowering lowering{group, kernel, scalars, targets, {}, fma_};
    if (group.kind == GroupKind::full)
      if (const Dim chunks = full_reduction_chunks(group.members[0]); !chunks.is(1)) {
        const Value temporary = arena_like(group.members[0].dtype(), chunks, g);
        lowering.partials = parameter("partials", temporary);
      }
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
    const std::string name = unique_kernel_name(group);
    module_.kernels.push_back(kernel.finish(name));
    for (const Value& member : group.members) module_.kernels.back()->inherit(*member.node);
    body_.push_back(ir::intern(Op::launch, arguments, {name}, {}));
  }

  Value arena_like(DType dtype, const Dim& count, std::size_t group) {
    const Value made{
        ir::intern(Op::arena, {}, {fmt::format("t{}", lifetimes_.size()), Shape{Dim(0)}},
                   {ir::buffer(dtype, {count}, ir::Space::arena)}),
        0};
    lifetimes_[made] = {group, group};
    const Dim alignment(kAlignment);
    arena_order_.emplace_back(
        made,
        Dim::floordiv(count * Dim(size_of(dtype)) + Dim(kAlignment - 1), alignment) * alignment);
    return made;
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
      const Value temporary = arena_for(update.value, 0);
      lifetimes_.at(temporary).last = groups_.size();
      copy(homes_.at(update.value)[0], temporary);
      commits_.emplace_back(homes_.at(update.variable)[0], temporary);
    }
  }

  // Temporaries whose lives do not meet share memory when their sizes are the same expression;
  // others follow each other.
  void place_arena() {
    struct Slot {
      Dim offset, bytes;
      std::size_t free_after;
    };
    std::vector<Slot> slots;
    Dim end(0);
    std::unordered_map<Value, Dim, ir::ValueHash> offsets;
    auto by_start = arena_order_;
    std::stable_sort(by_start.begin(), by_start.end(), [&](const auto& a, const auto& b) {
      return lifetimes_.at(a.first).first < lifetimes_.at(b.first).first;
    });
    for (const auto& [buffer, bytes] : by_start) {
      const Interval life = lifetimes_.at(buffer);
      const auto fits = std::find_if(slots.begin(), slots.end(), [&, size = bytes](const Slot& s) {
        return s.free_after < life.first && s.bytes == size;
      });
      if (fits != slots.end()) {
        offsets[buffer] = fits->offset;
        fits->free_after = life.last;
      } else {
        offsets[buffer] = end;
        slots.push_back({end, bytes, life.last});
        end = end + bytes;
      }
    }
    std::vector<std::pair<Value, Value>> placed;
    std::vector<ir::NodePtr> head;
    for (const auto& [buffer, bytes] : arena_order_) {
      const ir::NodePtr node = ir::intern(
          Op::arena, {}, {buffer.node->attribute<std::string>("name"), Shape{offsets.at(buffer)}},
          buffer.node->types);
      head.push_back(node);
      placed.emplace_back(buffer, Value{node, 0});
    }
    for (ir::NodePtr& step : body_) {
      std::vector<Value> operands = step->operands;
      for (Value& operand : operands)
        for (const auto& [old, fresh] : placed)
          if (operand == old) operand = fresh;
      step = ir::intern(step->op, std::move(operands), step->attributes, step->types);
    }
    body_.insert(body_.begin(), head.begin(), head.end());
  }

  ir::Module& module_;
  bool fma_;
  std::vector<Group> groups_;
  std::vector<Value> parameters_, output_buffers_;
  std::unordered_map<Value, std::vector<Value>, ir::ValueHash> homes_;
  std::unordered_map<Value, Interval, ir::ValueHash> lifetimes_;
  std::vector<std::pair<Value, Dim>> arena_order_;
  std::vector<std::pair<Value, Value>> commits_;
  std::vector<ir::NodePtr> body_;
  std::map<std::string, int> names_;
  int copies_ = 0;
};

}  // namespace

void lower_and_plan(ir::Module& module, bool fused_multiply_add, std::vector<Refusal>* refusals) {
  Planner(module, fused_multiply_add, refusals);
}

}  // namespace croton::passes
