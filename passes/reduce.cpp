#include "passes/reduce.hpp"

#include <algorithm>

#include "ir/contract_order.hpp"

namespace croton::passes {

using ir::Op;
using ir::Value;

// As many as the number has bits: no more than 6 below 64, and one more where it doubles.
Dim tree_levels(const Dim& chunks) {
  return Dim::min(Dim(kTreeLevels), Dim(6) + Dim::floordiv(chunks, 64));
}

Combiner combiner_of(Op reduction, DType dtype) {
  return {*ir::info(reduction).combine, dtype, ir::reduction_start(reduction, dtype)};
}

Value identity_of(KernelBuilder& kernel, const Combiner& combiner) {
  return kernel.scalar(ir::constant(combiner.start));
}

Value combine(KernelBuilder& kernel, const Combiner& combiner, const Value& a, const Value& b) {
  return kernel.scalar(combiner.op, {a, b});
}

Value settled(KernelBuilder& kernel, const Combiner& combiner, const Value& v) {
  if (combiner.op != Op::add || !is_real(combiner.dtype)) return v;
  return kernel.scalar(Op::add, {v, kernel.constant(combiner.dtype, 0.0)});
}

Value reduce_chunk(KernelBuilder& kernel, const Combiner& combiner, const Dim& low, const Dim& high,
                   const Step& step) {
  const std::int64_t all = ir::reduction_lanes(size_of(combiner.dtype));
  const Dim extent = kernel.bound(high) - low;
  // Lanes that no element reaches hold the identity, which changes nothing: fewer may be kept.
  std::int64_t lanes = all;
  while (extent.is_constant() && lanes > 1 && *extent.constant() <= lanes / 2) lanes /= 2;
  const Dim width(lanes);
  const Value accumulators = kernel.alloc("lane", combiner.dtype, {width}, ir::Space::reg);
  kernel.loop("l", "lanes", 0, width, 1, [&](const Dim& l) {
    kernel.store(identity_of(kernel, combiner), accumulators, {l});
  });
  const auto add_lanes = [&](const Value& to, const Dim& base, const Dim& count) {
    kernel.loop("l", "lanes", 0, count, 1,
                [&](const Dim& l) { kernel.store(step(kernel.load(to, {l}), base + l), to, {l}); });
  };
  const Dim whole = kernel.bound(Dim::floordiv(extent, width)) * width;
  if (!whole.is(0))
    kernel.loop("r", "serial", low, low + whole, static_cast<int>(lanes),
                [&](const Dim& r) { add_lanes(accumulators, r, width); });
  // What is left works in memory, and the tree in a copy whose places are all known: accumulators
  // of the long loop, and the tree, then stay in registers.
  const Dim rest = extent - whole;
  Value last = accumulators;
  const auto copy_lanes = [&](const std::string& name) {
    const Value from = last;
    last = kernel.alloc(name, combiner.dtype, {width}, ir::Space::local);
    kernel.loop("l", "lanes", 0, width, 1,
                [&](const Dim& l) { kernel.store(kernel.load(from, {l}), last, {l}); });
  };
  if (!whole.is(0)) copy_lanes("edge");
  if (!rest.is(0)) {
    add_lanes(last, low + whole, rest);
    if (!whole.is(0)) copy_lanes("tree");
  }
  for (std::int64_t half = lanes / 2; half >= 1; half /= 2)
    kernel.loop("l", "lanes", 0, half, 1, [&](const Dim& l) {
      kernel.store(
          combine(kernel, combiner, kernel.load(last, {l}), kernel.load(last, {l + Dim(half)})),
          last, {l});
    });
  return kernel.load(last, {Dim(0)});
}

Value reduce_lanes(KernelBuilder& kernel, const Combiner& combiner, const Dim& count,
                   const Step& step) {
  const Dim chunk(ir::kReductionChunk);
  if (provably_less_equal(count, chunk))
    return settled(kernel, combiner, reduce_chunk(kernel, combiner, 0, count, step));
  // One chunk needs no tree; which of the two it is, the extent decides at run time.
  const Value total = kernel.alloc("total", combiner.dtype, {1}, ir::Space::local);
  const Value limit = kernel.constant(DType::i64, static_cast<double>(ir::kReductionChunk));
  const Value many = kernel.scalar(Op::gt, {kernel.index(count), limit});
  kernel.branch(kernel.scalar(Op::logical_not, {many}), [&] {
    kernel.store(reduce_chunk(kernel, combiner, 0, count, step), total, {Dim(0)});
  });
  kernel.branch(many, [&] {
    const Dim chunks = Dim::floordiv(count + Dim(ir::kReductionChunk - 1), chunk);
    PairwiseTree tree(kernel, combiner, chunks);
    kernel.loop("c", "serial", 0, chunks, 1, [&](const Dim& c) {
      const Value part =
          reduce_chunk(kernel, combiner, c * chunk, Dim::min((c + Dim(1)) * chunk, count), step);
      tree.push(c, part);
    });
    tree.finish(total);
  });
  return settled(kernel, combiner, kernel.load(total, {Dim(0)}));
}

Value reduce_in_place(KernelBuilder& kernel, const Combiner& combiner, const Value& values,
                      const Dim& count) {
  const Value none = kernel.constant(DType::i64, 0);
  const auto final = kernel.loop(
      "k", "serial", 0, kernel.bound(tree_levels(count)), 1,
      {kernel.index(count), none, identity_of(kernel, combiner)},
      [&](const Dim&, const std::vector<Value>& state) -> std::vector<Value> {
        const Dim left = dim_of(state[0]);
        const Dim half = kernel.bound(Dim::floordiv(left, 2));
        const Value odd = kernel.index(Dim::mod(left, 2)), one = kernel.constant(DType::i64, 1);
        const Value last = kernel.load(values, {Dim::max(left - Dim(1), 0)});
        const Value waits = kernel.scalar(Op::eq, {state[1], one});
        const Value joined =
            kernel.scalar(Op::where, {waits, combine(kernel, combiner, last, state[2]), last});
        kernel.loop("i", "serial", 0, half, 1, [&](const Dim& i) {
          kernel.store(combine(kernel, combiner, kernel.load(values, {i * Dim(2)}),
                               kernel.load(values, {i * Dim(2) + Dim(1)})),
                       values, {i});
        });
        return {kernel.index(half), kernel.scalar(Op::maximum, {state[1], odd}),
                kernel.scalar(Op::where, {kernel.scalar(Op::eq, {odd, one}), joined, state[2]})};
      });
  return final[2];
}

PairwiseTree::PairwiseTree(KernelBuilder& kernel, const Combiner& combiner, const Dim& count)
    : kernel_(kernel),
      combiner_(combiner),
      count_(count),
      depth_(kernel.bound(tree_levels(count))),
      levels_(kernel.alloc("tree", combiner.dtype, {kTreeLevels + 1}, ir::Space::local)) {}

// As a binary counter: bit k of `position` says that level k holds a partial result. The carry
// lives after the last level.
void PairwiseTree::push(const Dim& position, const Value& value) {
  const Dim carry(kTreeLevels);
  kernel_.store(value, levels_, {carry});
  const Value rest = kernel_.index(position);
  const Value open = kernel_.constant(DType::i64, 1);
  (void)kernel_.loop("k", "serial", 0, depth_, 1, {rest, open},
                     [&](const Dim& k, const std::vector<Value>& state) -> std::vector<Value> {
                       const Dim bits = dim_of(state[0]);
                       const Value bit = kernel_.index(Dim::mod(bits, 2));
                       const Value one = kernel_.constant(DType::i64, 1);
                       const Value set = kernel_.scalar(Op::eq, {bit, one});
                       const Value still = kernel_.scalar(Op::eq, {state[1], one});
                       kernel_.branch(kernel_.scalar(Op::logical_and, {still, set}), [&] {
                         kernel_.store(combine(kernel_, combiner_, kernel_.load(levels_, {k}),
                                               kernel_.load(levels_, {carry})),
                                       levels_, {carry});
                       });
                       const Value unset = kernel_.scalar(Op::logical_not, {set});
                       kernel_.branch(kernel_.scalar(Op::logical_and, {still, unset}), [&] {
                         kernel_.store(kernel_.load(levels_, {carry}), levels_, {k});
                       });
                       const Value next = kernel_.scalar(Op::mul, {state[1], bit});
                       return {kernel_.index(Dim::floordiv(bits, 2)), next};
                     });
}

void PairwiseTree::finish(const Value& result) {
  kernel_.store(identity_of(kernel_, combiner_), result, {Dim(0)});
  const Value rest = kernel_.index(count_);
  const Value empty = kernel_.constant(DType::i64, 1);
  (void)kernel_.loop(
      "k", "serial", 0, depth_, 1, {rest, empty},
      [&](const Dim& k, const std::vector<Value>& state) -> std::vector<Value> {
        const Dim bits = dim_of(state[0]);
        const Value bit = kernel_.index(Dim::mod(bits, 2));
        const Value one = kernel_.constant(DType::i64, 1);
        const Value set = kernel_.scalar(Op::eq, {bit, one});
        const Value first = kernel_.scalar(Op::eq, {state[1], one});
        kernel_.branch(kernel_.scalar(Op::logical_and, {set, first}),
                       [&] { kernel_.store(kernel_.load(levels_, {k}), result, {Dim(0)}); });
        const Value later = kernel_.scalar(Op::logical_not, {first});
        kernel_.branch(kernel_.scalar(Op::logical_and, {set, later}), [&] {
          kernel_.store(combine(kernel_, combiner_, kernel_.load(levels_, {k}),
                                kernel_.load(result, {Dim(0)})),
                        result, {Dim(0)});
        });
        const Value next = kernel_.scalar(Op::mul, {state[1], kernel_.scalar(Op::sub, {one, bit})});
        return {kernel_.index(Dim::floordiv(bits, 2)), next};
      });
}

}  // namespace croton::passes
