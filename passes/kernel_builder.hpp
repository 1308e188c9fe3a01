// Building kernel nodes: regions under construction, loops, memory, and scalar values that are made
// once per scope.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ir/builder.hpp"
#include "ir/module.hpp"

namespace croton::passes {

using Index = std::vector<Dim>;

/// An i64 scalar as a dim, for addresses and bounds.
[[nodiscard]] inline Dim dim_of(const ir::Value& scalar) {
  return Dim::value_of(scalar.node, scalar.index);
}

class KernelBuilder {
 public:
  KernelBuilder();

  /// A buffer parameter of the kernel.
  ir::Value parameter(const std::string& name, ir::Type type);
  /// Runs `body` with the loop's index; carried values and their next ones as in ir/README.md.
  std::vector<ir::Value> loop(const std::string& name, const std::string& kind, const Dim& low,
                              const Dim& high, int step, const std::vector<ir::Value>& carried,
                              const std::function<std::vector<ir::Value>(
                                  const Dim& index, const std::vector<ir::Value>& carried)>& body);
  void loop(const std::string& name, const std::string& kind, const Dim& low, const Dim& high,
            int step, const std::function<void(const Dim& index)>& body);
  /// A parallel or lanes loop over [0, extent) whose stores go past the caches where `count`, the
  /// elements of the whole result, reaches `from`; 0: never.
  void stream(const std::string& name, const std::string& kind, const Dim& extent, const Dim& count,
              std::int64_t from, const std::function<void(const Dim& index)>& body);
  void branch(const ir::Value& condition, const std::function<void()>& then);
  /// What is allocated from now on serves this value: people who read the kernel are told so.
  void serve(const ir::Value& value) { served_ = value; }
  ir::Value alloc(const std::string& name, DType dtype, Shape extents, ir::Space space);
  ir::Value alloc(const std::string& name, ir::Type type);
  ir::Value load(const ir::Value& buffer, const Index& index);
  void store(const ir::Value& value, const ir::Value& buffer, const Index& index);
  ir::Value index(const Dim& value);
  /// The same number under a name of its own when it holds a division or a choice, so that loops
  /// inside do not compute it again.
  Dim bound(const Dim& value);
  /// `origin`: the tensor op whose lines a failure names.
  void fail_if(const ir::Value& condition, const std::string& message,
               std::vector<ir::Value> values, const ir::Node& origin);
  /// A scalar op: listed where it is first needed, reused inside that scope.
  ir::Value scalar(ir::Op op, std::vector<ir::Value> operands,
                   std::vector<ir::Attribute> attributes = {});
  ir::Value scalar(const ir::Value& pure);  // an already made pure scalar node
  ir::Value constant(DType dtype, double value);

  /// Values remembered per scope under a key of the caller's.
  [[nodiscard]] const ir::Value* find(const std::string& key) const;
  void remember(const std::string& key, const ir::Value& value);

  /// Runs `body` before the loops around the current place whose indices `place` does not use, up
  /// to a branch or the parallel loop. It gets a boolean scalar that says whether these loops take
  /// any step; nothing when they are known to.
  void before_loops(const Index& place, const std::function<void(const ir::Value& any_step)>& body);

  ir::NodePtr finish(const std::string& name);

 private:
  struct Scope {
    std::vector<ir::Value> parameters;  // of a loop that is not parallel
    Shape range;                        // of that loop
    std::vector<ir::NodePtr> body;
    std::map<std::string, ir::Value> known;
    std::vector<const ir::Node*> listed;
  };
  ir::Value served_;
  void emit(const ir::NodePtr& node);
  std::vector<ir::Value> loop_over(
      const std::string& name, const std::string& kind, const Shape& range,
      const std::vector<ir::Value>& carried,
      const std::function<std::vector<ir::Value>(const Dim&, const std::vector<ir::Value>&)>& body);
  [[nodiscard]] bool is_listed(const ir::Node* node) const;
  std::vector<Scope> scopes_;
  std::vector<ir::Value> parameters_;
};

}  // namespace croton::passes
