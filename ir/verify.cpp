#include "ir/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "ir/infer.hpp"

namespace croton::ir {
namespace {

using ValueSet = std::unordered_set<Value, ValueHash>;

class Verifier {
 public:
  explicit Verifier(const Module& module) : module_(module) {}

  void run() {
    tensor_level();
    if (module_.level >= Level::grouped) groups();
    check(module_.level >= Level::kernel || module_.kernels.empty(), "kernels at the {} level",
          name(module_.level));
    std::map<std::string, const Node*> kernels;
    for (const NodePtr& kernel : module_.kernels) {
      check(kernel->op == Op::kernel, "{} among the kernels", info(kernel->op).name);
      const auto& own = kernel->attribute<std::string>("name");
      check(kernels.emplace(own, kernel.get()).second, "two kernels are called {}", own);
      context_ = " in kernel " + own;
      scope_.clear();
      parallel_loops_ = 0;
      region(kernel->regions[0], 0);
      context_.clear();
    }
    if (module_.level >= Level::kernel) plan(kernels);
  }

 private:
  template <class... Arguments>
  void check(bool condition, fmt::format_string<Arguments...> message,
             Arguments&&... arguments) const {
    if (condition) return;
    throw UserError(fmt::format("module @{}: {}{}", module_.name,
                                fmt::format(message, std::forward<Arguments>(arguments)...),
                                context_));
  }

  void tensor_level() const {
    std::set<std::string> names;
    ValueSet inputs;
    for (const Value& v : module_.inputs) {
      check(v.op() == Op::input, "{} among the inputs", info(v.op()).name);
      check(names.insert(v.node->attribute<std::string>("name")).second, "two inputs are called {}",
            v.node->attribute<std::string>("name"));
      inputs.insert(v);
    }
    for (const NodePtr& node : topological_order(module_.roots())) {
      const OpInfo& row = info(node->op);
      check(row.kind != OpKind::kernel && row.kind != OpKind::plan && node->op != Op::group,
            "{} does not belong to a graph of tensors", row.name);
      check(node->op != Op::input || inputs.contains({node, 0}),
            "the input {} is used but not listed",
            node->op == Op::input ? node->attribute<std::string>("name") : "");
      types(*node);
    }
    for (const Value& v : module_.state)
      check(v.op() == Op::shared, "{} among the state", info(v.op()).name);
    ValueSet updated;
    for (const Update& update : module_.updates) {
      check(update.variable.op() == Op::shared, "an update of {}", info(update.variable.op()).name);
      check(updated.insert(update.variable).second, "{} is updated twice",
            update.variable.node->attribute<std::string>("name"));
      check(update.variable.dtype() == update.value.dtype() &&
                update.variable.rank() == update.value.rank(),
            "{} is {}, its update {}", update.variable.node->attribute<std::string>("name"),
            text(update.variable.type()), text(update.value.type()));
    }
  }

  // Types are what the op's rule gives.
  void types(const Node& node) const {
    const OpInfo& row = info(node.op);
    check(node.attributes.size() == row.attributes.size(), "{} has {} attributes, not {}", row.name,
          row.attributes.size(), node.attributes.size());
    for (std::size_t i = 0; i < node.attributes.size(); ++i)
      check(kind(node.attributes[i]) == row.attributes[i].kind,
            "attribute {} of {} has another kind", row.attributes[i].name, row.name);
    if (row.infer == nullptr && row.kind != OpKind::elementwise) return;
    const std::vector<Type> found = row.infer ? row.infer(node.operands, node.attributes)
                                              : infer_elementwise(node.op, node.operands);
    check(found.size() == node.types.size() && found[0].dtype == node.types[0].dtype &&
              found[0].rank() == node.types[0].rank(),
          "{} gives {}, not {}", row.name, text(found[0]), text(node.types[0]));
  }

  void groups() const {
    std::set<std::string> names;
    for (const Group& group : module_.groups) {
      check(names.insert(group.name).second, "two groups are called {}", group.name);
      check(!group.members.empty(), "the group {} has no members", group.name);
      for (const Value& output : group.outputs)
        check(std::find(group.members.begin(), group.members.end(), output) != group.members.end(),
              "an output of group {} is no member", group.name);
      check(fits(group), "the group {} is {}, but {} decides its loops", group.name,
            name(group.kind), info(group.lead().op()).name);
    }
    if (module_.level != Level::grouped) return;
    check_order();
    for (const Value& root : module_.roots()) {
      const bool in_memory = root.op() == Op::input || root.op() == Op::shared;
      check(in_memory || std::any_of(module_.groups.begin(), module_.groups.end(),
                                     [&](const Group& group) {
                                       return std::find(group.outputs.begin(), group.outputs.end(),
                                                        root) != group.outputs.end();
                                     }),
            "no group computes a result, {}", info(root.op()).name);
    }
  }

  // A group reads results of groups before it alone.
  void check_order() const {
    std::map<const Node*, std::size_t> maker;
    for (std::size_t g = 0; g < module_.groups.size(); ++g)
      for (const Value& member : module_.groups[g].members) maker[member.node.get()] = g;
    for (std::size_t g = 0; g < module_.groups.size(); ++g) {
      std::unordered_set<const Node*> seen;
      std::vector<Value> stack = module_.groups[g].members;
      while (!stack.empty()) {
        const Value next = stack.back();
        stack.pop_back();
        if (!seen.insert(next.node.get()).second) continue;
        const auto made = maker.find(next.node.get());
        check(made == maker.end() || made->second <= g, "the group {} reads {}, a later one",
              module_.groups[g].name, made == maker.end() ? "" : module_.groups[made->second].name);
        if (made != maker.end() && made->second < g) continue;
        stack.insert(stack.end(), next.node->operands.begin(), next.node->operands.end());
      }
    }
  }

  // Whether the op that decides a group's loops is one that its kind is for.
  static bool fits(const Group& group) {
    const OpKind lead = info(group.lead().op()).kind;
    switch (group.kind) {
      case GroupKind::product:
        return lead == OpKind::contraction;
      case GroupKind::row:
      case GroupKind::full:
      case GroupKind::column:
        return lead == OpKind::reduction;
      case GroupKind::serial:
        return lead == OpKind::reduction || lead == OpKind::indexing;
      case GroupKind::elementwise:
        return true;
    }
    return false;
  }

  void dims(const Shape& shape, std::string_view what) const {
    for (const Dim& d : shape)
      d.for_each_leaf([&](const Dim::Atom& atom) {
        check(atom.kind != Dim::Atom::Kind::value || scope_.contains({atom.node, atom.result}),
              "{} uses a value that is not in scope", what);
      });
  }

  void region(const Region& r, int depth) {
    std::vector<Value> added;
    const auto add = [&](const Value& v) {
      if (scope_.insert(v).second) added.push_back(v);
    };
    for (const Value& p : r.parameters) {
      check(p.op() == Op::parameter, "a region's parameter is {}", info(p.op()).name);
      dims(p.type().shape, "a parameter");
      add(p);
    }
    for (const NodePtr& node : r.body) {
      kernel_node(*node, depth);
      for (std::size_t i = 0; i < node->types.size(); ++i) add({node, static_cast<int>(i)});
    }
    for (const Value& result : r.results)
      check(scope_.contains(result), "a region yields a value that is not in scope");
    for (const Value& v : added) scope_.erase(v);
  }

  void access(const Node& node, const Value& memory) const {
    const bool is_table = memory.op() == Op::constant;
    check(is_table || memory.type().kind == Type::Kind::buffer, "{} of no buffer",
          info(node.op).name);
    check(node.attribute<Shape>("indices").size() == memory.shape().size(),
          "{} of a buffer of rank {} with {} indices", info(node.op).name, memory.rank(),
          node.attribute<Shape>("indices").size());
  }

  void kernel_node(const Node& node, int depth) {
    const OpInfo& row = info(node.op);
    for (const Value& operand : node.operands)
      check(scope_.contains(operand), "{} uses a value that is not in scope", row.name);
    for (const Attribute& attribute : node.attributes)
      if (const auto* shape = std::get_if<Shape>(&attribute.value)) dims(*shape, row.name);
    if (row.kind == OpKind::elementwise || node.op == Op::constant) {
      types(node);
      return;
    }
    switch (node.op) {
      case Op::loop:
        loop(node, depth);
        return;
      case Op::branch:
        check(node.operands[0].dtype() == DType::boolean, "a branch on no bool");
        for (const Region& inner : node.regions) region(inner, depth + 1);
        return;
      case Op::alloc:
        for (const Dim& extent : node.types[0].shape)
          check(node.types[0].space != Space::reg || extent.is_constant(),
                "a register buffer of symbolic extent {}", extent.text());
        return;
      case Op::load:
        access(node, node.operands[0]);
        check(node.types[0].dtype == node.operands[0].dtype(), "a load changes the dtype");
        return;
      case Op::store:
        access(node, node.operands[1]);
        check(node.operands[0].dtype() == node.operands[1].dtype() && node.operands[0].rank() == 0,
              "a store of {} into {}", text(node.operands[0].type()),
              text(node.operands[1].type()));
        return;
      case Op::fail_if:
        check(!node.operands.empty() && node.operands[0].dtype() == DType::boolean &&
                  node.operands.size() <= 5,
              "fail_if needs a bool and at most four values");
        return;
      case Op::index:
        return;
      default:
        check(false, "{} does not belong into a kernel", row.name);
    }
  }

  void loop(const Node& node, int depth) {
    const auto& kind = node.attribute<std::string>("kind");
    const auto& range = node.attribute<Shape>("range");
    constexpr std::string_view kinds[] = {"serial", "parallel", "lanes",
                                          "unroll", "block",    "thread"};
    check(std::find(std::begin(kinds), std::end(kinds), kind) != std::end(kinds),
          "unknown kind of loop {}", kind);
    check(range.size() >= 3 && range[2].is_constant() && *range[2].constant() > 0,
          "a loop needs low, high and a positive constant step");
    check(range.size() == 3 || (range.size() == 5 && (kind == "parallel" || kind == "lanes") &&
                                range[4].is_constant()),
          "a {} loop cannot stream its stores", kind);
    check(kind != "parallel" || (depth == 0 && ++parallel_loops_ == 1),
          "a parallel loop is the only one and the outermost");
    const Region& body = node.regions[0];
    check(body.parameters.size() == node.operands.size() + 1 &&
              body.results.size() == node.operands.size() &&
              node.types.size() == node.operands.size(),
          "a loop carries {} values in, {} through and {} out", node.operands.size(),
          body.results.size(), node.types.size());
    for (std::size_t i = 0; i < node.operands.size(); ++i)
      check(node.operands[i].type() == body.results[i].type() &&
                node.types[i] == body.results[i].type(),
            "carried value {} of a loop changes its type", i);
    region(body, depth + 1);
  }

  void plan(const std::map<std::string, const Node*>& kernels) {
    scope_.clear();
    for (const Value& p : module_.plan.parameters) scope_.insert(p);
    for (const NodePtr& step : module_.plan.body) {
      const OpInfo& row = info(step->op);
      for (const Value& operand : step->operands)
        check(scope_.contains(operand), "the plan's {} uses a buffer that is not there", row.name);
      switch (step->op) {
        case Op::arena:
          scope_.insert({step, 0});
          break;
        case Op::launch: {
          const auto& wanted = step->attribute<std::string>("kernel");
          const auto found = kernels.find(wanted);
          check(found != kernels.end(), "the plan launches {}, which is no kernel", wanted);
          const auto& parameters = found->second->regions[0].parameters;
          check(parameters.size() == step->operands.size(), "{} takes {} buffers, not {}", wanted,
                parameters.size(), step->operands.size());
          for (std::size_t i = 0; i < parameters.size(); ++i)
            check(parameters[i].dtype() == step->operands[i].dtype(),
                  "buffer {} of {} is {}, but {} is passed", i, wanted, name(parameters[i].dtype()),
                  name(step->operands[i].dtype()));
          break;
        }
        case Op::commit:
          check(step->operands[0].dtype() == step->operands[1].dtype(),
                "a commit changes the dtype");
          break;
        default:
          check(false, "{} does not belong into a plan", row.name);
      }
    }
  }

  const Module& module_;
  ValueSet scope_;
  int parallel_loops_ = 0;
  std::string context_;
};

}  // namespace

void verify(const Module& module) { Verifier(module).run(); }

}  // namespace croton::ir
