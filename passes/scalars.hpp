// One element of a tensor expression, as scalar code: `at(v, index)` writes whatever computes
// element `index` of v inside the kernel being built. Movement ops cost nothing (they map the
// index), values in memory are loaded, everything else is recomputed in place. What is computed
// once per scope is remembered.
#pragma once

#include <unordered_map>
#include <utility>

#include "passes/kernel_builder.hpp"

namespace croton::passes {

class Scalars {
 public:
  explicit Scalars(KernelBuilder& kernel) : kernel_(kernel) {}
  /// `v` is in memory: its elements are loaded from this parameter.
  void in_memory(const ir::Value& v, const ir::Value& buffer) { buffers_[v] = buffer; }
  void forget(const ir::Value& v) { buffers_.erase(v); }
  /// Elements of a concatenation at `position` of its axis lie in this one of its operands.
  void within_part(const ir::Node& concatenation, std::size_t part, const Dim& position) {
    parts_.insert_or_assign(&concatenation, std::pair(part, position));
  }
  /// Asked first for every element: gives the scalar, or an empty value for what is to be computed.
  void on_memory(std::function<ir::Value(const ir::Value&, const Index&)> callback) {
    callback_ = std::move(callback);
  }
  [[nodiscard]] bool is_in_memory(const ir::Value& v) const { return buffers_.contains(v); }
  /// Element `index` of v is this scalar (a reduction's result inside its row).
  void define(const ir::Value& v, const Index& index, const ir::Value& scalar);
  [[nodiscard]] ir::Value at(const ir::Value& v, const Index& index);
  /// An integer array's element, checked against [-extent, extent), clamped, as an address.
  [[nodiscard]] Dim checked_index(const ir::Value& indices, const Index& place, const Dim& extent,
                                  std::int64_t axis, const ir::Node& origin);

 private:
  [[nodiscard]] ir::Value clamped_index(const ir::Value& indices, const Index& place,
                                        const Dim& extent, std::int64_t axis,
                                        const ir::Node& origin, const ir::Value& any_step);
  [[nodiscard]] bool is_plain(const ir::Value& v) const;
  [[nodiscard]] ir::Value compute(const ir::Value& v, const Index& index);
  [[nodiscard]] ir::Value gathered(const ir::Node& node, const Index& index);
  [[nodiscard]] ir::Value concatenated(const ir::Node& node, const Index& index);
  [[nodiscard]] ir::Value sliced_update(const ir::Node& node, const Index& index);
  [[nodiscard]] ir::Value one_hot_scatter(const ir::Node& node, const Index& index);
  [[nodiscard]] ir::Value table(const ir::Value& v, const Index& index);
  KernelBuilder& kernel_;
  std::function<ir::Value(const ir::Value&, const Index&)> callback_;
  std::unordered_map<ir::Value, ir::Value, ir::ValueHash> buffers_;
  std::unordered_map<const ir::Node*, std::pair<std::size_t, Dim>> parts_;
};

/// Row-major position → index, and back.
[[nodiscard]] Index delinearise(Dim position, const Shape& shape);
[[nodiscard]] Dim linearise(const Index& index, const Shape& shape);
/// True for scatter_add(zeros, update, {iota, labels}, axis 0): one element per row, so that it can
/// be computed where it is read.
[[nodiscard]] bool is_one_hot_scatter(const ir::Node& node);

}  // namespace croton::passes
