// The exact evaluator: the contract's order of additions, over the prelude's scalar functions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "ir/contract_order.hpp"
#include "ir/evaluator.hpp"
#include "ir/exact_scalars.hpp"

namespace croton::ir {
namespace {

// Partial results of a sequence, combined as a binary counter: left operand first.
class Tree {
 public:
  Tree(ScalarLoop combine, std::size_t size) : combine_(combine), size_(size) {}

  void push(std::vector<std::byte> part) {
    std::size_t level = 0;
    for (; level < levels_.size() && !levels_[level].empty(); ++level) {
      combine_(levels_[level].data(), part.data(), nullptr, part.data(), 1);
      levels_[level].clear();
    }
    if (level == levels_.size()) levels_.emplace_back();
    levels_[level] = std::move(part);
  }

  // `identity` when nothing was pushed.
  std::vector<std::byte> total(const std::vector<std::byte>& identity) const {
    std::vector<std::byte> result;
    for (const std::vector<std::byte>& level : levels_) {
      if (level.empty()) continue;
      if (result.empty())
        result = level;
      else
        combine_(level.data(), result.data(), nullptr, result.data(), 1);
    }
    return result.empty() ? identity : result;
  }

 private:
  ScalarLoop combine_;
  std::size_t size_;
  std::vector<std::vector<std::byte>> levels_;
};

// How element r enters n accumulators that start at element `first`.
using Enter = std::function<void(std::byte* accumulators, std::int64_t first, std::int64_t n)>;

class Exact final : public Evaluator {
 public:
  explicit Exact(const ExactOptions& options)
      : Evaluator(options.max_elements),
        fma_(options.fma),
        fused_products_(options.fma && options.fused_products) {}

  static Literal literal(Elements&& x) { return {x.dtype, std::move(x.shape), std::move(x.bytes)}; }

 private:
  std::size_t element_size(DType dtype) const override { return size_of(dtype); }

  Elements from_literal(const Literal& l) const override {
    Elements out = empty(l.dtype(), l.shape());
    if (!out.bytes.empty()) std::memcpy(out.bytes.data(), l.bytes().data(), out.bytes.size());
    return out;
  }

  std::int64_t integer(const Elements& x, std::int64_t i) const override {
    return with_type(
        x.dtype, [&](auto zero) { return static_cast<std::int64_t>(x.data<decltype(zero)>()[i]); });
  }

  Elements elementwise(const Node& node, std::span<const Elements* const> x) const override {
    Elements out = empty(node.types[0].dtype, x[0]->shape);
    const ScalarLoop loop = node.op == Op::cast
                                ? exact_cast(x[0]->dtype, out.dtype, fma_)
                                : exact_loop(node.op, x[node.op == Op::where ? 1 : 0]->dtype, fma_);
    CROTON_CHECK(loop != nullptr,
                 fmt::format("{} is not defined on {}", info(node.op).name, name(x[0]->dtype)));
    loop(x[0]->bytes.data(), x.size() > 1 ? x[1]->bytes.data() : nullptr,
         x.size() > 2 ? x[2]->bytes.data() : nullptr, out.bytes.data(), out.count());
    return out;
  }

  ScalarLoop loop(Op op, DType dtype) const { return exact_loop(op, dtype, fma_); }

  static std::vector<std::byte> bytes_of(const Literal& l) {
    return {l.bytes().begin(), l.bytes().end()};
  }

  // +0 is added to sums.
  void settle(Op op, DType dtype, std::byte* value) const {
    if (op != Op::sum || !is_real(dtype)) return;
    const std::vector<std::byte> zero = bytes_of(Literal::scalar_of(dtype, 0.0));
    loop(Op::add, dtype)(value, zero.data(), nullptr, value, 1);
  }

  // The innermost axis is reduced: lanes, a halving tree, and a pairwise tree over chunks.
  void reduce_lanes(Op op, DType dtype, std::int64_t count, const Enter& enter,
                    std::byte* result) const {
    const std::size_t size = size_of(dtype);
    const std::int64_t lanes = reduction_lanes(size);
    const ScalarLoop combine = loop(*info(op).combine, dtype);
    const std::vector<std::byte> identity = bytes_of(reduction_start(op, dtype));
    Tree tree(combine, size);
    for (std::int64_t low = 0; low < count; low += kReductionChunk) {
      const std::int64_t high = std::min(low + kReductionChunk, count);
      std::vector<std::byte> accumulators;
      for (std::int64_t l = 0; l < lanes; ++l)
        accumulators.insert(accumulators.end(), identity.begin(), identity.end());
      for (std::int64_t r = low; r < high; r += lanes)
        enter(accumulators.data(), r, std::min(lanes, high - r));
      for (std::int64_t half = lanes / 2; half >= 1; half /= 2)
        combine(accumulators.data(), accumulators.data() + static_cast<std::size_t>(half) * size,
                nullptr, accumulators.data(), half);
      accumulators.resize(size);
      tree.push(std::move(accumulators));
    }
    std::memcpy(result, tree.total(identity).data(), size);
    settle(op, dtype, result);
  }

  // The innermost axis is kept: leaves of 8 rows, ascending within chunks of 512.
  void reduce_column(Op op, const Elements& column, std::byte* result) const {
    const std::size_t size = column.size;
    const ScalarLoop combine = loop(*info(op).combine, column.dtype);
    const std::vector<std::byte> identity = bytes_of(reduction_start(op, column.dtype));
    const std::int64_t count = column.count();
    Tree tree(combine, size);
    for (std::int64_t low = 0; low < count; low += kColumnChunk) {
      const std::int64_t high = std::min(low + kColumnChunk, count);
      std::vector<std::byte> total = identity;
      for (std::int64_t r = low; r < high; r += kLeafRows) {
        std::vector<std::byte> leaf;
        for (std::int64_t u = 0; u < kLeafRows; ++u) {
          const std::byte* from = r + u < high ? column.at(r + u) : identity.data();
          leaf.insert(leaf.end(), from, from + size);
        }
        for (std::int64_t half = kLeafRows / 2; half >= 1; half /= 2)
          combine(leaf.data(), leaf.data() + static_cast<std::size_t>(half) * size, nullptr,
                  leaf.data(), half);
        combine(total.data(), leaf.data(), nullptr, total.data(), 1);
      }
      tree.push(std::move(total));
    }
    std::memcpy(result, tree.total(identity).data(), size);
    settle(op, column.dtype, result);
  }

  Elements reduce(const Node& node, const Elements& x, Extents shape) const override {
    const auto& axes = node.attribute<Integers>("axes");
    const bool innermost = std::find(axes.begin(), axes.end(),
                                     static_cast<std::int64_t>(x.shape.size()) - 1) != axes.end();
    Elements out = empty(x.dtype, std::move(shape));
    for_each(out.shape, [&](const Extents& kept, std::int64_t i) {
      const std::vector<std::int64_t> positions = reduced_positions(x.shape, axes, kept);
      Elements row = empty(x.dtype, {static_cast<std::int64_t>(positions.size())});
      for (std::size_t r = 0; r < positions.size(); ++r)
        std::memcpy(row.at(static_cast<std::int64_t>(r)), x.at(positions[r]), x.size);
      if (row.count() == 0 && info(node.op).needs_elements)
        throw UserError(fmt::format("{}: an axis is empty, and this reduction has no identity",
                                    info(node.op).name));
      if (!innermost) return reduce_column(node.op, row, out.at(i));
      const ScalarLoop combine = loop(*info(node.op).combine, x.dtype);
      reduce_lanes(
          node.op, x.dtype, row.count(),
          [&](std::byte* accumulators, std::int64_t first, std::int64_t n) {
            combine(accumulators, row.at(first), nullptr, accumulators, n);
          },
          out.at(i));
    });
    return out;
  }

  // acc = a * b + acc for n elements; n is 1 or the operands are adjacent.
  void multiply_add(const std::byte* a, const std::byte* b, std::byte* acc, std::int64_t n,
                    DType dtype) const {
    if (fused_products_ && is_real(dtype)) return loop(Op::fma, dtype)(a, b, acc, acc, n);
    std::vector<std::byte> product(static_cast<std::size_t>(n) * size_of(dtype));
    loop(Op::mul, dtype)(a, b, nullptr, product.data(), n);
    loop(Op::add, dtype)(product.data(), acc, nullptr, acc, n);
  }

  Elements contract(const Node& node, const Elements& first, const Elements& second,
                    Extents shape) const override {
    const ContractOrder order = contract_order(node);
    const Elements &a = order.swapped ? second : first, &b = order.swapped ? first : second;
    const auto& a_labels = node.attribute<Integers>(order.swapped ? "b" : "a");
    const auto& b_labels = node.attribute<Integers>(order.swapped ? "a" : "b");
    const auto& out_labels = node.attribute<Integers>("out");
    std::map<std::int64_t, std::int64_t> extent, a_stride, b_stride;
    const auto note = [&](const Elements& x, const Integers& labels, auto& strides) {
      const Extents own = strides_of(x.shape);
      for (std::size_t i = 0; i < labels.size(); ++i) {
        const auto [it, fresh] = extent.emplace(labels[i], x.shape[i]);
        if (!fresh && it->second != x.shape[i])
          throw UserError(
              fmt::format("contract: inner dimensions differ, {} and {}", it->second, x.shape[i]));
        strides[labels[i]] += own[i];
      }
    };
    note(a, a_labels, a_stride);
    note(b, b_labels, b_stride);
    Extents inner;
    for (const std::int64_t label : order.inner) inner.push_back(extent.at(label));
    std::vector<std::int64_t> a_steps, b_steps;
    for_each(inner, [&](const Extents& index, std::int64_t) {
      std::int64_t x = 0, y = 0;
      for (std::size_t i = 0; i < index.size(); ++i) {
        x += index[i] * a_stride[order.inner[i]];
        y += index[i] * b_stride[order.inner[i]];
      }
      a_steps.push_back(x);
      b_steps.push_back(y);
    });
    const auto count = static_cast<std::int64_t>(a_steps.size());
    Elements out = empty(a.dtype, std::move(shape));
    const std::vector<std::byte> zero = bytes_of(Literal::scalar_of(a.dtype, std::int64_t{0}));
    for_each(out.shape, [&](const Extents& index, std::int64_t i) {
      std::int64_t x = 0, y = 0;
      for (std::size_t k = 0; k < index.size(); ++k) {
        x += index[k] * a_stride[out_labels[k]];
        y += index[k] * b_stride[out_labels[k]];
      }
      const auto add = [&](std::byte* acc, std::int64_t r) {
        multiply_add(a.at(x + a_steps[static_cast<std::size_t>(r)]),
                     b.at(y + b_steps[static_cast<std::size_t>(r)]), acc, 1, a.dtype);
      };
      if (order.is_reduction)
        return reduce_lanes(
            Op::sum, a.dtype, count,
            [&](std::byte* acc, std::int64_t r, std::int64_t n) {
              for (std::int64_t l = 0; l < n; ++l)
                add(acc + static_cast<std::size_t>(l) * a.size, r + l);
            },
            out.at(i));
      for (std::int64_t low = 0; low == 0 || low < count; low += kContractBlock) {
        std::vector<std::byte> chain = zero;
        for (std::int64_t r = low; r < std::min(low + kContractBlock, count); ++r)
          add(chain.data(), r);
        if (low == 0)
          std::memcpy(out.at(i), chain.data(), out.size);
        else
          loop(Op::add, a.dtype)(out.at(i), chain.data(), nullptr, out.at(i), 1);
      }
    });
    return out;
  }

  Elements position(const Node& node, const Elements& x, Extents shape) const override {
    Elements out = empty(DType::i64, std::move(shape));
    for_each(out.shape, [&](const Extents& kept, std::int64_t i) {
      const std::vector<std::int64_t> places =
          reduced_positions(x.shape, node.attribute<Integers>("axes"), kept);
      if (places.empty())
        throw UserError(fmt::format("{}: an axis is empty, and this reduction has no identity",
                                    info(node.op).name));
      out.data<std::int64_t>()[i] = with_type(x.dtype, [&](auto zero) {
        using T = decltype(zero);
        const T* data = x.data<T>();
        std::size_t best = 0;
        for (std::size_t r = 1; r < places.size(); ++r) {
          const T candidate = data[places[r]], now = data[places[best]];
          const bool better = node.op == Op::argmax ? candidate > now : candidate < now;
          if (better || (candidate != candidate && now == now)) best = r;
        }
        return static_cast<std::int64_t>(best);
      });
    });
    return out;
  }

  void add_into(Elements& to, std::int64_t i, const Elements& from, std::int64_t j) const override {
    loop(Op::add, to.dtype)(to.at(i), from.at(j), nullptr, to.at(i), 1);
  }

  bool fma_, fused_products_;
};

}  // namespace

std::vector<Literal> evaluate_exact(std::span<const Value> roots, std::span<const Binding> leaves,
                                    const ExactOptions& options) {
  std::vector<Literal> out;
  for (Elements& x : Exact(options).run(roots, leaves)) out.push_back(Exact::literal(std::move(x)));
  return out;
}

}  // namespace croton::ir
