// A plan's buffers, launches and locks, in the form in which calls run them.
#include <algorithm>
#include <limits>
#include <map>

#include "runtime/program.hpp"

namespace croton::runtime {

// No state, no temporaries, and the kernel's buffers and dims are raw's in the same order.
void Program::find_direct() {
  if (launches_.size() != 1 || !shared_.empty() || !commits_.empty() || prologue_) return;
  const Launch& launch = launches_[0];
  const std::size_t dims = symbol_slots_.size();
  bool same = launch.buffers.size() == inputs_.size() + outputs_.size() &&
              buffers_.size() == launch.buffers.size() && launch.dims.size() <= dims &&
              leaves_.atoms().size() == dims && launch.kernel.combine == nullptr;
  for (std::size_t i = 0; same && i < launch.buffers.size(); ++i)
    same = launch.buffers[i] == static_cast<int>(i);
  for (std::size_t i = 0; same && i < launch.dims.size(); ++i)
    same = launch.dims[i].leaf() == static_cast<int>(i);
  const bool once = launch.kernel.parallel_extent.is(1);
  if (!same || (!once && launch.extent.leaf() < 0)) return;
  direct_ = {launch.kernel.entry, launch.extent.leaf(),
             threads_ == 1 ? std::numeric_limits<std::int64_t>::max() : launch.grain};
}

// The prologue's variables are locked with the program's own, so that the dims of a call and what
// it computes come from the same state.
void Program::order_locks() {
  if (prologue_) locks_.insert(locks_.end(), prologue_->locks_.begin(), prologue_->locks_.end());
  std::sort(locks_.begin(), locks_.end(), [](const Lock& a, const Lock& b) {
    return a.state->id != b.state->id ? a.state->id < b.state->id : a.exclusive > b.exclusive;
  });
  const auto end = std::unique(locks_.begin(), locks_.end(),
                               [](const Lock& a, const Lock& b) { return a.state == b.state; });
  locks_.erase(end, locks_.end());
}

void Program::build_buffers() {
  const std::size_t inputs = inputs_.size(), variables = shared_.size();
  CROTON_CHECK(plan_.parameters.size() == inputs + variables + outputs_.size(),
               "the plan is another function's");
  for (std::size_t i = 0; i < plan_.parameters.size(); ++i) {
    Buffer buffer;
    if (i < inputs)
      buffer.kind = Buffer::Kind::input, buffer.index = static_cast<int>(i);
    else if (i < inputs + variables)
      buffer.kind = Buffer::Kind::shared, buffer.index = static_cast<int>(i - inputs);
    else
      buffer.kind = Buffer::Kind::output, buffer.index = static_cast<int>(i - inputs - variables);
    const ir::Type& type = plan_.parameters[i].type();
    buffer.bytes = DimProgram(volume(type.shape) * Dim(size_of(type.dtype)), leaves_);
    buffers_.push_back(std::move(buffer));
  }
  Dim end(0);
  for (const ir::NodePtr& node : plan_.body) {
    if (node->op != ir::Op::arena) continue;
    const ir::Type& type = node->types[0];
    const Dim offset = node->attribute<Shape>("offset")[0];
    const Dim bytes = volume(type.shape) * Dim(size_of(type.dtype));
    Buffer buffer;
    buffer.offset = DimProgram(offset, leaves_);
    buffer.bytes = DimProgram(bytes, leaves_);
    buffers_.push_back(std::move(buffer));
    end = Dim::max(end, offset + bytes);
  }
  arena_bytes_ = DimProgram(end, leaves_);
}

void Program::build_steps(const std::vector<std::pair<std::string, LoadedKernel>>& kernels) {
  std::map<const ir::Node*, int> slots;
  for (std::size_t i = 0; i < plan_.parameters.size(); ++i)
    slots[plan_.parameters[i].node.get()] = static_cast<int>(i);
  int next = static_cast<int>(plan_.parameters.size());
  for (const ir::NodePtr& node : plan_.body)
    if (node->op == ir::Op::arena) slots[node.get()] = next++;
  for (const ir::NodePtr& node : plan_.body) {
    if (node->op == ir::Op::launch) {
      const auto& name = node->attribute<std::string>("kernel");
      const auto it = std::find_if(kernels.begin(), kernels.end(),
                                   [&](const auto& k) { return k.first == name; });
      CROTON_CHECK(it != kernels.end(), "the plan launches an unknown kernel " + name);
      Launch launch{name, it->second, {}, {}, DimProgram(it->second.parallel_extent, leaves_)};
      launch.grain = codegen::grain_of(it->second.cost);
      for (const ir::Value& operand : node->operands)
        launch.buffers.push_back(slots.at(operand.node.get()));
      for (const std::string& symbol : it->second.dims)
        launch.dims.emplace_back(Dim(symbol), leaves_);
      launches_.push_back(std::move(launch));
    } else if (node->op == ir::Op::commit) {
      const int target = slots.at(node->operands[0].node.get());
      commits_.push_back({buffers_[static_cast<std::size_t>(target)].index,
                          slots.at(node->operands[1].node.get())});
    }
  }
}

}  // namespace croton::runtime
