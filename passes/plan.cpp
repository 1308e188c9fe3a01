// The memory planner: temporaries whose lives do not meet share memory when their sizes are the
// same expression; others follow each other.
#include <algorithm>
#include <unordered_map>

#include "passes/lower.hpp"

namespace croton::passes {
namespace {

using ir::Op;
using ir::Value;

constexpr std::int64_t kAlignment = 64;

struct Interval {
  std::size_t first, last;  // steps
};

struct Slot {
  Dim offset, bytes;
  std::size_t free_after;
};

}  // namespace

Dim aligned_bytes(const Value& v) {
  const Dim bytes = volume(v.shape()) * Dim(size_of(v.dtype()));
  const Dim alignment(kAlignment);
  return Dim::floordiv(bytes + Dim(kAlignment - 1), alignment) * alignment;
}

void plan(ir::Module& module) {
  std::vector<Value> arenas;
  std::unordered_map<Value, Interval, ir::ValueHash> lives;
  const std::vector<ir::NodePtr>& steps = module.plan.body;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    if (steps[s]->op == Op::arena) arenas.push_back({steps[s], 0});
    for (const Value& operand : steps[s]->operands)
      if (operand.op() == Op::arena) {
        const auto [it, fresh] = lives.emplace(operand, Interval{s, s});
        it->second.last = steps[s]->op == Op::commit ? steps.size() : std::max(it->second.last, s);
      }
  }
  auto by_start = arenas;
  std::erase_if(by_start, [&](const Value& v) { return !lives.contains(v); });
  std::stable_sort(by_start.begin(), by_start.end(), [&](const Value& a, const Value& b) {
    return lives.at(a).first < lives.at(b).first;
  });
  std::vector<Slot> slots;
  std::unordered_map<Value, Value, ir::ValueHash> placed;
  Dim end(0);
  for (const Value& buffer : by_start) {
    const Interval life = lives.at(buffer);
    const Dim bytes = aligned_bytes(buffer);
    auto slot = std::find_if(slots.begin(), slots.end(), [&](const Slot& s) {
      return s.free_after < life.first && s.bytes == bytes;
    });
    if (slot == slots.end()) {
      slot = slots.insert(slots.end(), {end, bytes, 0});
      end = end + bytes;
    }
    slot->free_after = life.last;
    placed[buffer] = {ir::intern(Op::arena, {},
                                 {buffer.node->attribute<std::string>("name"), Shape{slot->offset}},
                                 buffer.node->types),
                      0};
  }
  std::vector<ir::NodePtr> body;
  for (const Value& buffer : arenas)
    if (placed.contains(buffer)) body.push_back(placed.at(buffer).node);
  for (const ir::NodePtr& step : steps) {
    if (step->op == Op::arena) continue;
    std::vector<Value> operands = step->operands;
    for (Value& operand : operands)
      if (const auto it = placed.find(operand); it != placed.end()) operand = it->second;
    body.push_back(ir::intern(step->op, std::move(operands), step->attributes, step->types));
  }
  module.plan.body = std::move(body);
  module.level = ir::Level::plan;
}

}  // namespace croton::passes
