// The one node of every level, and the values between nodes.
//
// Nodes are immutable once made and shared by reference counts. Pure nodes are interned: two equal
// ones are the same node (`make` in builder.hpp is the only maker), so a graph has its common
// subexpressions merged by construction. Inputs, shared variables and everything inside a kernel
// (which is ordered) have identity instead. Destruction is iterative: chains of 10^6 nodes are
// ordinary. Sites and labels live beside the node and reach neither equality nor hashing.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "ir/attribute.hpp"
#include "ir/error.hpp"
#include "ir/op.hpp"

namespace croton::ir {

using NodePtr = std::shared_ptr<const Node>;

/// One result of a node.
struct Value {
  NodePtr node;
  int index = 0;
  [[nodiscard]] explicit operator bool() const { return node != nullptr; }
  [[nodiscard]] const Type& type() const;
  [[nodiscard]] DType dtype() const { return type().dtype; }
  [[nodiscard]] const Shape& shape() const { return type().shape; }
  [[nodiscard]] int rank() const { return type().rank(); }
  [[nodiscard]] Op op() const;
  friend bool operator==(const Value&, const Value&) = default;
};

/// For maps and sets; never for an order that reaches output.
struct ValueHash {
  std::size_t operator()(const Value& v) const {
    return std::hash<const void*>{}(v.node.get()) * 31 + static_cast<std::size_t>(v.index);
  }
};

/// An ordered list of nodes with parameters: the body of a kernel or a loop. Parameters are results
/// of `parameter` nodes, which have identity.
struct Region {
  std::vector<Value> parameters;
  std::vector<NodePtr> body;
  std::vector<Value> results;
};

/// Where and under which names a node was written: at most four of each.
struct Provenance {
  std::vector<Site> sites;
  std::vector<std::string> labels;
  [[nodiscard]] Site first_site() const { return sites.empty() ? Site{} : sites[0]; }
};

struct Node {
  Op op;
  std::vector<Value> operands;
  std::vector<Attribute> attributes;  // in the order of the op's attribute column
  std::vector<Type> types;            // one per result
  std::vector<Region> regions;
  std::uint64_t serial = 0;  // age; greater than that of every operand
  std::size_t hash = 0;
  /// What a shared variable's value is kept in at run time; no part of identity.
  std::shared_ptr<void> payload;

  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  /// The attribute named `name` in the op's column; InternalError when the kind differs.
  template <class T>
  [[nodiscard]] const T& attribute(std::string_view name) const {
    const T* value = std::get_if<T>(&find_attribute(name).value);
    CROTON_CHECK(value != nullptr, "attribute " + std::string(name) + " has another kind");
    return *value;
  }
  [[nodiscard]] const Attribute& find_attribute(std::string_view name) const;

  [[nodiscard]] Provenance provenance() const;
  void add_site(const Site& site) const;
  void add_label(const std::string& label) const;
  /// Appends the sites and labels of a node that this one replaces.
  void inherit(const Node& replaced) const;

 private:
  mutable std::unique_ptr<Provenance> provenance_;
};

inline const Type& Value::type() const { return node->types[static_cast<std::size_t>(index)]; }
inline Op Value::op() const { return node->op; }

/// `made` stands for `origin` or was made from it: it and what it was built of, down to origin's
/// own operands and to nodes that already lead somewhere, lead to origin's lines.
void inherit_through(const NodePtr& made, const Node& origin);

/// Makes a node. Pure ones are interned; an existing equal node is returned.
/// Types are trusted: use `make` of builder.hpp, which infers and checks them.
[[nodiscard]] NodePtr intern(Op op, std::vector<Value> operands, std::vector<Attribute> attributes,
                             std::vector<Type> types, std::vector<Region> regions = {},
                             std::shared_ptr<void> payload = {});

/// Number of live interned nodes (for tests of destruction).
[[nodiscard]] std::size_t live_interned_nodes();

/// Every node reachable from `roots`, operands before users; iterative, in a deterministic order
/// (depth first, operands left to right). Dims that hold values are followed too.
[[nodiscard]] std::vector<NodePtr> topological_order(std::span<const Value> roots);

}  // namespace croton::ir
