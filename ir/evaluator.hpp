// What both evaluators share: walking the graph, dims, movement and indexing, on elements of any
// size. Arithmetic is left to the evaluator.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "ir/evaluate.hpp"

namespace croton::ir {

using Extents = std::vector<std::int64_t>;

/// A row-major array of elements of the evaluator's own size.
struct Elements {
  DType dtype = DType::f64;
  Extents shape;
  std::size_t size = 8;  // of an element, in bytes
  std::vector<std::byte> bytes;
  [[nodiscard]] std::int64_t count() const;
  [[nodiscard]] const std::byte* at(std::int64_t i) const {
    return bytes.data() + i * static_cast<std::int64_t>(size);
  }
  [[nodiscard]] std::byte* at(std::int64_t i) {
    return bytes.data() + i * static_cast<std::int64_t>(size);
  }
  template <class T>
  [[nodiscard]] const T* data() const {
    return reinterpret_cast<const T*>(bytes.data());
  }
  template <class T>
  [[nodiscard]] T* data() {
    return reinterpret_cast<T*>(bytes.data());
  }
};

[[nodiscard]] std::int64_t count_of(const Extents& shape);
[[nodiscard]] Extents strides_of(const Extents& shape);
/// Calls `visit(index, row-major position)` for every element, in order.
void for_each(const Extents& shape, const std::function<void(const Extents&, std::int64_t)>& visit);

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  std::vector<Elements> run(std::span<const Value> roots, std::span<const Binding> leaves);

 protected:
  explicit Evaluator(std::int64_t max_elements) : max_elements_(max_elements) {}
  [[nodiscard]] virtual std::size_t element_size(DType dtype) const = 0;
  [[nodiscard]] virtual Elements from_literal(const Literal& literal) const = 0;
  [[nodiscard]] virtual std::int64_t integer(const Elements& x, std::int64_t i) const = 0;
  [[nodiscard]] virtual Elements elementwise(const Node& node,
                                             std::span<const Elements* const> x) const = 0;
  /// Sum, prod, max, min, any, all over axes; `rows` are the reduced elements of each result.
  [[nodiscard]] virtual Elements reduce(const Node& node, const Elements& x,
                                        Extents shape) const = 0;
  [[nodiscard]] virtual Elements contract(const Node& node, const Elements& a, const Elements& b,
                                          Extents shape) const = 0;
  [[nodiscard]] virtual Elements position(const Node& node, const Elements& x,
                                          Extents shape) const = 0;
  virtual void add_into(Elements& to, std::int64_t i, const Elements& from,
                        std::int64_t j) const = 0;

  [[nodiscard]] Elements empty(DType dtype, Extents shape) const;
  [[nodiscard]] Extents extents(const Shape& shape) const;
  /// The positions in `x` of the elements that each result of a reduction takes, in row-major order
  /// of the reduced axes.
  [[nodiscard]] static std::vector<std::int64_t> reduced_positions(const Extents& shape,
                                                                   const Integers& axes,
                                                                   const Extents& kept_index);

 private:
  void bind(std::span<const Binding> leaves);
  [[nodiscard]] std::int64_t dim(const Dim& d) const;
  [[nodiscard]] Elements compute(const NodePtr& node);
  [[nodiscard]] Elements movement(const Node& node, const std::vector<const Elements*>& x);
  [[nodiscard]] Elements indexing(const Node& node, const std::vector<const Elements*>& x);
  [[nodiscard]] Elements scattered(const Node& node, const std::vector<const Elements*>& x);
  [[nodiscard]] Elements cumulative(const Node& node, const Elements& x);
  [[nodiscard]] std::int64_t checked(const Elements& indices, std::int64_t at, std::int64_t extent,
                                     std::int64_t axis) const;
  void evaluate(const Value& root);
  void check(const NodePtr& node) const;

  std::int64_t max_elements_;
  std::map<std::string, std::int64_t> symbols_;
  std::unordered_map<const Node*, Elements> values_;
  std::vector<NodePtr> alive_;
};

}  // namespace croton::ir
