#include "tools/croton/why.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>

#include "ir/text.hpp"
#include "tools/croton/difference.hpp"

namespace croton::tool {
namespace {

using runtime::RequestKey;

std::string trimmed(std::string_view line) {
  const std::size_t start = line.find_first_not_of(' ');
  return start == std::string_view::npos ? "" : std::string(line.substr(start));
}

// A graph's text with what stands on each of its lines.
struct Graph {
  explicit Graph(const std::string& text) : module(ir::parse(text, {.mark = false})) {
    // Printed again, so that lines and nodes belong together whatever wrote the entry.
    printed = ir::print(module, {.canonical = true, .nodes = &listed});
    lines = lines_of(printed);
    for (const ir::PrintedNode& node : listed)
      nodes[static_cast<std::size_t>(node.line) - 1] = &node;
  }
  [[nodiscard]] const ir::Node* node(std::size_t line) const {
    const auto it = nodes.find(line);
    return it == nodes.end() ? nullptr : it->second->node;
  }
  ir::Module module;
  std::string printed;
  std::vector<ir::PrintedNode> listed;
  std::vector<std::string_view> lines;
  std::map<std::size_t, const ir::PrintedNode*> nodes;
};

std::string value_text(const ir::Node& constant) {
  const auto& literal = constant.attribute<ir::Literal>("value");
  if (!literal.is_scalar())
    return fmt::format("{} numbers of {}", literal.count(), name(literal.dtype()));
  switch (literal.dtype()) {
    case DType::f32:
      return fmt::format("{}", literal.at<float>(0));
    case DType::f64:
      return fmt::format("{}", literal.at<double>(0));
    case DType::boolean:
      return literal.at<bool>(0) ? "true" : "false";
    default:
      return fmt::format("{}", literal.as_integer(0));
  }
}

Change change_at(const Graph& there, const Graph& here, std::size_t i) {
  const ir::Node* a = there.node(i);
  const ir::Node* b = here.node(i);
  if (a && b && a->op == b->op && a->types.size() == 1 && b->types.size() == 1) {
    const std::string type_a = ir::text(a->types[0]), type_b = ir::text(b->types[0]);
    if (a->op == ir::Op::constant && !(a->attributes == b->attributes) &&
        a->types[0].dtype == b->types[0].dtype &&
        !(a->find_attribute("value") == b->find_attribute("value")))
      return {"constant", value_text(*a), value_text(*b), {}};
    if (a->op == ir::Op::input || a->op == ir::Op::shared) {
      const auto& name_a = a->attribute<std::string>("name");
      const auto& name_b = b->attribute<std::string>("name");
      const std::string kind = a->op == ir::Op::input ? "input" : "shared variable";
      if (name_a == name_b) return {kind + " " + name_a, type_a, type_b, {}};
      return {kind + "'s name", name_a, name_b, {}};
    }
  }
  const auto line = [i](const Graph& graph) {
    return i < graph.lines.size() ? trimmed(graph.lines[i]) : "";
  };
  const std::string x = line(there), y = line(here);
  if (x.starts_with("module @") && y.starts_with("module @"))
    return {"function's name", there.module.name, here.module.name, {}};
  if (x.starts_with("require ") || y.starts_with("require "))
    return {"assumption about dims", x, y, {}};
  return {"operation", x, y, {}};
}

// A graph's values, one a line, without the numbers, which shift when one is added.
struct Lines {
  std::string name;
  std::map<std::string, std::size_t> forms;
};

Lines lines_by_form(const std::string& graph) {
  Lines out;
  for (const std::string_view line : lines_of(graph)) {
    std::string form;
    for (std::size_t i = 0; i < line.size(); ++i) {
      form += line[i];
      if (line[i] != '%') continue;
      while (i + 1 < line.size() && std::isdigit(static_cast<unsigned char>(line[i + 1]))) ++i;
    }
    if (form.starts_with("module @"))
      out.name = form;
    else if (form.find(" = ") != std::string::npos)
      ++out.forms[form];
  }
  return out;
}

}  // namespace

std::vector<Change> changes(const RequestKey& there, const RequestKey& here,
                            const std::map<int, std::vector<std::string>>& sites) {
  std::vector<Change> out;
  for (const runtime::KeyLine& line : runtime::kKeyLines)
    if (there.*line.value != here.*line.value)
      out.push_back({std::string(line.what), there.*line.value, here.*line.value, {}});
  if (there.graph == here.graph) return out;
  const Graph a(there.graph), b(here.graph);
  const std::size_t most = std::max(a.lines.size(), b.lines.size());
  for (std::size_t i = 0; i < most; ++i) {
    if (i < a.lines.size() && i < b.lines.size() && a.lines[i] == b.lines[i]) continue;
    Change change = change_at(a, b, i);
    if (const auto it = sites.find(static_cast<int>(i) + 1); it != sites.end())
      change.sites = it->second;
    out.push_back(std::move(change));
  }
  return out;
}

std::string text_of(const Change& c) {
  std::string out;
  if (c.there.empty())
    out = fmt::format("{}: new here: {}", c.what, c.here);
  else if (c.here.empty())
    out = fmt::format("{}: only there: {}", c.what, c.there);
  else
    out = fmt::format("{}: {} there, {} here", c.what, c.there, c.here);
  return c.sites.empty() ? out : fmt::format("{}  ({})", out, fmt::join(c.sites, ", "));
}

Distance distance(const RequestKey& there, const RequestKey& here) {
  Distance out;
  for (const runtime::KeyLine& line : runtime::kKeyLines)
    out.settings += there.*line.value != here.*line.value;
  const Lines a = lines_by_form(there.graph), b = lines_by_form(here.graph);
  std::size_t common = 0, all = 0;
  for (const auto& [form, count] : b.forms) {
    all += count;
    if (const auto it = a.forms.find(form); it != a.forms.end())
      common += std::min(count, it->second);
  }
  for (const auto& [form, count] : a.forms) all += count;
  out.lines = all - 2 * common;
  out.alike = 2 * common >= all - 2 * common;
  out.same_name = a.name == b.name;
  return out;
}

}  // namespace croton::tool
