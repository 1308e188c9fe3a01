#include "ir/graph_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/graphviz.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <boost/graph/sequential_vertex_coloring.hpp>
#include <boost/graph/topological_sort.hpp>
#include <ostream>
#include <unordered_map>
#include <unordered_set>

namespace croton::ir {

// Vertex numbers are those of nodes_; one more stands behind all roots.
struct GraphView::Graph {
  using Directed = boost::adjacency_list<boost::setS, boost::vecS, boost::bidirectionalS>;
  using Undirected = boost::adjacency_list<boost::setS, boost::vecS, boost::undirectedS>;
  Directed edges;
  std::unordered_map<const Node*, std::size_t> numbers;
};

GraphView::GraphView(std::span<const Value> roots)
    : nodes_(ir::topological_order(roots)),
      roots_(roots.begin(), roots.end()),
      graph_(std::make_unique<Graph>()) {
  graph_->edges = Graph::Directed(nodes_.size() + 1);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    graph_->numbers[nodes_[i].get()] = i;
    for (const Value& operand : nodes_[i]->operands)
      boost::add_edge(graph_->numbers.at(operand.node.get()), i, graph_->edges);
  }
  for (const Value& root : roots_)
    boost::add_edge(graph_->numbers.at(root.node.get()), nodes_.size(), graph_->edges);
}

GraphView::~GraphView() = default;

std::size_t GraphView::number(const NodePtr& node) const {
  const auto it = graph_->numbers.find(node.get());
  CROTON_CHECK(it != graph_->numbers.end(), "a node is not in the view");
  return it->second;
}

std::vector<NodePtr> GraphView::topological_order() const {
  std::vector<std::size_t> order;
  boost::topological_sort(graph_->edges, std::back_inserter(order));  // users first
  std::vector<NodePtr> out;
  for (auto it = order.rbegin(); it != order.rend(); ++it)
    if (*it < nodes_.size()) out.push_back(nodes_[*it]);
  return out;
}

bool GraphView::is_convex(std::span<const NodePtr> nodes) const {
  std::unordered_set<std::size_t> inside;
  std::size_t last = 0;
  for (const NodePtr& node : nodes) {
    inside.insert(number(node));
    last = std::max(last, number(node));
  }
  // A path that leaves the set and comes back: users outside, as far as the set reaches.
  std::vector<std::size_t> stack;
  std::unordered_set<std::size_t> seen;
  const auto visit = [&](std::size_t from) {
    for (const auto edge : boost::make_iterator_range(boost::out_edges(from, graph_->edges))) {
      const std::size_t to = boost::target(edge, graph_->edges);
      if (!inside.contains(to) && to < last && seen.insert(to).second) stack.push_back(to);
    }
  };
  for (const std::size_t from : inside) visit(from);
  while (!stack.empty()) {
    const std::size_t at = stack.back();
    stack.pop_back();
    for (const auto edge : boost::make_iterator_range(boost::out_edges(at, graph_->edges)))
      if (inside.contains(boost::target(edge, graph_->edges))) return false;
    visit(at);
  }
  return true;
}

NodePtr GraphView::dominator(const NodePtr& node) const {
  const auto reversed = boost::make_reverse_graph(graph_->edges);
  const std::size_t end = nodes_.size();
  std::vector<std::size_t> parent(end + 1, end + 1);
  boost::lengauer_tarjan_dominator_tree(
      reversed, end,
      boost::make_iterator_property_map(parent.begin(), boost::get(boost::vertex_index, reversed)));
  const std::size_t found = parent[number(node)];
  return found < end ? nodes_[found] : nullptr;
}

std::vector<std::size_t> GraphView::colours() const {
  // Two values meet when one is made before the other's last use.
  std::vector<std::size_t> last(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    last[i] = i;
    for (const auto edge : boost::make_iterator_range(boost::out_edges(i, graph_->edges)))
      last[i] = std::max(last[i], boost::target(edge, graph_->edges));
  }
  Graph::Undirected meets(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    for (std::size_t j = i + 1; j < nodes_.size() && j <= last[i]; ++j)
      boost::add_edge(i, j, meets);
  std::vector<std::size_t> colours(nodes_.size());
  boost::sequential_vertex_coloring(
      meets,
      boost::make_iterator_property_map(colours.begin(), boost::get(boost::vertex_index, meets)));
  return colours;
}

void GraphView::write_dot(std::ostream& out, const std::string& name) const {
  const auto label = [&](std::ostream& to, std::size_t v) {
    if (v >= nodes_.size()) {
      to << "[label=\"results\", shape=plaintext]";
      return;
    }
    const Node& node = *nodes_[v];
    const bool leaf = node.operands.empty();
    std::string what(info(node.op).name);
    if (node.op == Op::input || node.op == Op::shared || node.op == Op::call)
      what = node.attribute<std::string>("name");
    to << "[label=" << boost::escape_dot_string(what + "\n" + text(node.types[0]))
       << (leaf ? ", shape=box]" : "]");
  };
  const auto nothing = [](std::ostream&, const auto&) {};
  const auto whole = [&](std::ostream& to) {
    to << "label=" << boost::escape_dot_string(name) << ";\nrankdir=TB;\n";
  };
  boost::write_graphviz(out, graph_->edges, label, nothing, whole);
}

}  // namespace croton::ir
