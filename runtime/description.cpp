#include "runtime/description.hpp"

namespace croton::runtime {
namespace {

// The last stage up to `i` that has a text.
const Description::Stage& holder(const Description& d, std::size_t i) {
  while (i > 0 && !d.stages.at(i).changed) --i;
  return d.stages.at(i);
}

}  // namespace

const std::string& stage_text(const Description& d, std::size_t i) { return holder(d, i).text; }

const std::vector<Description::Node>& stage_nodes(const Description& d, std::size_t i) {
  return holder(d, i).nodes;
}

std::map<std::string, std::int64_t> rules_fired(const Description& d) {
  std::map<std::string, std::int64_t> out;
  for (const Description::Stage& stage : d.stages)
    for (const auto& [rule, count] : stage.rules) out[rule] += count;
  return out;
}

}  // namespace croton::runtime
