#include "ir/module.hpp"

#include <algorithm>

namespace croton::ir {

std::string_view name(Level level) {
  switch (level) {
    case Level::tensor:
      return "tensor";
    case Level::grouped:
      return "grouped";
    case Level::kernel:
      return "kernel";
    case Level::plan:
      return "plan";
  }
  return "";
}

std::vector<Value> Module::roots() const {
  std::vector<Value> all = outputs;
  for (const Update& update : updates) all.push_back(update.value);
  return all;
}

std::vector<Value> Module::shared_variables() const {
  std::vector<Value> found;
  const auto add = [&](const Value& v) {
    if (std::find(found.begin(), found.end(), v) == found.end()) found.push_back(v);
  };
  for (const NodePtr& node : topological_order(roots()))
    if (node->op == Op::shared) add({node, 0});
  for (const Update& update : updates) add(update.variable);
  return found;
}

}  // namespace croton::ir
