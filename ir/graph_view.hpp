// A graph of tensors as Boost.Graph sees it: vertices are nodes, edges lead from producers to
// users. The view is a snapshot; vertex numbers follow the graph's topological order.
#pragma once

#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ir/module.hpp"

namespace croton::ir {

class GraphView {
 public:
  explicit GraphView(std::span<const Value> roots);
  ~GraphView();
  GraphView(const GraphView&) = delete;
  GraphView& operator=(const GraphView&) = delete;

  [[nodiscard]] const std::vector<NodePtr>& nodes() const { return nodes_; }
  /// The number of a node; InternalError when it is not in the view.
  [[nodiscard]] std::size_t number(const NodePtr& node) const;
  /// Producers before users.
  [[nodiscard]] std::vector<NodePtr> topological_order() const;
  /// No path between two of the nodes leaves them.
  [[nodiscard]] bool is_convex(std::span<const NodePtr> nodes) const;
  /// The nearest node that every path from `node` to a root goes through (its immediate
  /// post-dominator); null when the paths meet at no node. Lengauer and Tarjan, 1979.
  [[nodiscard]] NodePtr dominator(const NodePtr& node) const;
  /// Colours for nodes such that two whose values live at the same time differ, when the nodes run
  /// in topological order: greedy, in that order. Leaves have a colour too.
  [[nodiscard]] std::vector<std::size_t> colours() const;
  /// For Graphviz: ops with their types, leaves as boxes.
  void write_dot(std::ostream& out, const std::string& name) const;

 private:
  struct Graph;
  std::vector<NodePtr> nodes_;
  std::vector<Value> roots_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace croton::ir
