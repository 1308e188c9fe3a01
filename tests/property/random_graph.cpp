#include "tests/property/random_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "ir/gradient.hpp"
#include "ir/infer.hpp"
#include "passes/fuse.hpp"
#include "passes/rule.hpp"
#include "runtime/module_file.hpp"
#include "runtime/shared_state.hpp"

namespace croton::test {

using namespace ir;

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::vector<Binding> Sample::bindings() const {
  std::vector<Binding> out;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    out.emplace_back(module.inputs[i], arguments[i]);
  for (std::size_t i = 0; i < state.size(); ++i)
    out.emplace_back(module.updates[i].variable, state[i]);
  return out;
}

Literal random_literal(Random& random, DType dtype, std::vector<std::int64_t> shape) {
  return with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    std::vector<std::byte> bytes(static_cast<std::size_t>(count) * sizeof(T));
    for (std::int64_t i = 0; i < count; ++i) {
      T value{};
      if constexpr (std::is_same_v<T, bool>) {
        value = random.chance(0.5);
      } else if constexpr (std::is_integral_v<T>) {
        constexpr T corners[] = {0, 1, static_cast<T>(-1), std::numeric_limits<T>::min(),
                                 std::numeric_limits<T>::max()};
        value = random.chance(0.1) ? corners[random.below(5)]
                                   : static_cast<T>(static_cast<std::int64_t>(random.below(20)) -
                                                    (std::is_signed_v<T> ? 10 : 0));
      } else {
        constexpr T inf = std::numeric_limits<T>::infinity();
        constexpr T corners[] = {T{0},
                                 T(-0.0),
                                 T{1},
                                 T(-1),
                                 inf,
                                 -inf,
                                 std::numeric_limits<T>::quiet_NaN(),
                                 std::numeric_limits<T>::max(),
                                 std::numeric_limits<T>::denorm_min()};
        const double spread = random.chance(0.2) ? std::exp(20 * random.unit() - 10) : 1.0;
        value = random.chance(0.04) ? corners[random.below(9)]
                                    : static_cast<T>((4 * random.unit() - 2) * spread);
      }
      __builtin_memcpy(bytes.data() + static_cast<std::size_t>(i) * sizeof(T), &value, sizeof(T));
    }
    return Literal(dtype, std::move(shape), std::move(bytes));
  });
}

namespace {

constexpr DType kDTypes[] = {DType::f64,     DType::f32, DType::i64, DType::i32,
                             DType::boolean, DType::u8,  DType::i8,  DType::i16,
                             DType::u16,     DType::u32, DType::u64};

std::vector<Op> ops_of(OpKind kind) {
  std::vector<Op> out;
  for (std::size_t i = 0; i < all_ops().size(); ++i)
    if (all_ops()[i].kind == kind) out.push_back(static_cast<Op>(i));
  return out;
}

class Maker {
 public:
  Maker(std::uint64_t seed, Coverage& coverage) : random_(seed), coverage_(coverage) {
    std::int64_t n = static_cast<std::int64_t>(random_.below(7));
    std::int64_t m = 1 + static_cast<std::int64_t>(random_.below(40));
    if (random_.chance(0.6)) n += 2;
    if (random_.chance(0.12)) {
      // Borders of lanes, leaves and chunks, along the rows or down the columns.
      constexpr std::int64_t borders[] = {63, 64, 65, 511, 512, 513, 4095, 4096, 4097};
      m = borders[random_.below(std::size(borders))];
      n = 1 + static_cast<std::int64_t>(random_.below(3));
      if (random_.chance(0.4)) std::swap(n, m);
    }
    extents_ = {{"n", n}, {"m", m}};
    const bool known = random_.chance(0.3);
    n_ = known ? Dim(n) : Dim("n");
    m_ = known ? Dim(m) : Dim("m");
    const double kind = random_.unit();
    sample_.math = kind < 0.15 ? "strict" : kind < 0.4 ? "fast" : "standard";
  }

  Sample make(int size) {
    const DType main =
        kDTypes[random_.chance(0.3) ? random_.below(2) : random_.below(std::size(kDTypes))];
    for (const Shape& shape : {Shape{n_, m_}, Shape{m_}, Shape{n_, m_}, Shape{}})
      add_input(random_.chance(0.7) ? main : kDTypes[random_.below(std::size(kDTypes))], shape);
    for (const Shape& shape : {Shape{n_, m_}, Shape{}})
      if (random_.chance(0.3)) add_variable(main, shape);
    for (int made = 0, tries = 0; made < size && tries < 20 * size; ++tries) {
      try {
        const RequireCollector assumed;
        const Value v = step();
        if (!v || v.rank() > 4 || !acceptable(assumed)) continue;
        if (extent(volume(v.shape())) > kMaxElements) continue;
        pool_.push_back(v);
        note(v);
        ++made;
      } catch (const UserError&) {
        // Not every combination is legal; the rules said so, and another one is drawn.
      }
    }
    finish();
    return std::move(sample_);
  }

 private:
  // What would assume that two symbols are equal is not made: they differ. Other assumptions must
  // hold for the sample's extents.
  [[nodiscard]] bool acceptable(const RequireCollector& assumed) const {
    return std::all_of(assumed.found.begin(), assumed.found.end(), [&](const Require& require) {
      return require.relation != Relation::equal &&
             require.holds(extent(require.a), extent(require.b));
    });
  }

  Literal drawn(DType dtype, const Shape& shape) {
    std::vector<std::int64_t> extents;
    for (const Dim& d : shape) extents.push_back(extent(d));
    return random_literal(random_, dtype, std::move(extents));
  }

  Value add_input(DType dtype, const Shape& shape) {
    const Value v = input(fmt::format("x{}", sample_.module.inputs.size()), tensor(dtype, shape));
    sample_.module.inputs.push_back(v);
    sample_.arguments.push_back(drawn(dtype, shape));
    pool_.push_back(v);
    return v;
  }

  void add_variable(DType dtype, const Shape& shape) {
    Literal first = drawn(dtype, shape);
    Shape known;
    for (const std::int64_t extent : first.shape()) known.emplace_back(extent);
    // Half of the variables have the extents of their first value, as most users' have.
    const Type type = tensor(dtype, random_.chance(0.5) ? shape : known);
    const std::string name = fmt::format("s{}", sample_.state.size());
    const Value v = runtime::make_shared_variable(name, type, runtime::array_of(first)).first;
    sample_.module.updates.push_back({v, v});
    sample_.state.push_back(std::move(first));
    pool_.push_back(v);
  }

  void note(const Value& v) {
    const Node& node = *v.node;
    if (node.operands.empty()) {
      ++coverage_[fmt::format("{} {}", info(node.op).name, name(v.dtype()))];
      return;
    }
    const Value& of = node.operands[node.op == Op::where ? 1 : 0];
    const std::string op(node.op == Op::call ? std::string_view(node.attribute<std::string>("name"))
                                             : info(node.op).name);
    ++coverage_[fmt::format("{} {}", op, name(of.dtype()))];
  }

  Value pick() {
    // Recent values more often, so that graphs grow deep.
    const std::size_t count = pool_.size();
    return pool_[random_.chance(0.5) ? count - 1 - random_.below(std::min<std::size_t>(count, 4))
                                     : random_.below(count)];
  }

  Value pick_with(const std::function<bool(const Value&)>& fits) {
    for (int i = 0; i < 12; ++i)
      if (const Value v = pick(); fits(v)) return v;
    return {};
  }

  Integers some_axes(const Value& x) {
    Integers axes;
    for (std::int64_t i = 0; i < x.rank(); ++i)
      if (random_.chance(0.5)) axes.push_back(i);
    return axes;
  }

  Value step() {
    if (random_.chance(0.12)) return rule_side();
    const double r = random_.unit();
    if (r < 0.5) return elementwise();
    if (r < 0.62) return reduction();
    if (r < 0.78) return movement();
    if (r < 0.86) return indexing();
    if (r < 0.92) return product();
    if (r < 0.95) return creation();
    return composition();
  }

  // The left side of a rule, over values of the pool or fresh inputs.
  Value rule_side() {
    const auto sets = passes::all_rule_sets();
    const auto& rules = sets[random_.below(sets.size())].rules;
    const passes::Rule& rule = rules[random_.below(rules.size())];
    const DType dtype =
        kDTypes[random_.chance(0.5) ? random_.below(2) : random_.below(std::size(kDTypes))];
    const Value side = rule.code != nullptr ? rule.example() : passes::instantiate(rule, dtype);
    if (!side) return {};
    std::vector<std::pair<Value, Value>> replacements;
    const std::vector<Value> roots{side};
    for (const NodePtr& node : topological_order(roots)) {
      if (node->op != Op::input) continue;
      const Value leaf{node, 0};
      for (const Dim& d : leaf.shape())
        if (!d.symbol().empty() && !extents_.contains(d.symbol())) extents_[d.symbol()] = 3;
      const Value fits = pick_with([&](const Value& v) { return v.type() == leaf.type(); });
      replacements.emplace_back(
          leaf, fits && random_.chance(0.5) ? fits : add_input(leaf.dtype(), leaf.shape()));
    }
    return substitute(roots, replacements)[0];
  }

  Value elementwise() {
    static const std::vector<Op> ops = ops_of(OpKind::elementwise);
    const Value a = pick();
    // Of two, the one that was made less often on this dtype.
    const auto made = [&](Op candidate) {
      return coverage_[fmt::format("{} {}", info(candidate).name, name(a.dtype()))];
    };
    const Op first = ops[random_.below(ops.size())], second = ops[random_.below(ops.size())];
    const Op op = made(first) <= made(second) ? first : second;
    if (op == Op::cast) return settled(a, kDTypes[random_.below(std::size(kDTypes))]);
    const OpInfo& row = info(op);
    if (row.result == ResultDType::boolean) (void)settled(a, DType::boolean);
    std::vector<Operand> operands;
    if (op == Op::where) operands.emplace_back(settled(pick_like(a), DType::boolean));
    operands.emplace_back(prepared(row, a));
    while (static_cast<int>(operands.size()) < row.arity) {
      if (random_.chance(0.15) && in_domain(row.domain, DType::f64))
        operands.emplace_back(std::int64_t{1} + static_cast<std::int64_t>(random_.below(3)));
      else
        operands.emplace_back(prepared(row, cast(pick_like(a), a.dtype())));
    }
    return ir::apply(op, std::span<const Operand>(operands));
  }

  // Deciding or rounding on what carries an error leaves much open: rarely done.
  Value settled(const Value& v, DType dtype) {
    if (is_real(v.dtype()) && !is_real(dtype) && v.op() != Op::input && random_.chance(0.95))
      throw UserError("not drawn");
    return cast(v, dtype);
  }

  // Integers beyond some ops' reach become floating by promotion; bits and logic need casts.
  Value prepared(const OpInfo& row, const Value& v) {
    if (row.promotion == Promotion::logical) return settled(v, DType::boolean);
    if (row.promotion != Promotion::inexact && !in_domain(row.domain, v.dtype()))
      return settled(v, row.domain == Domain::integer_or_bool || row.domain == Domain::integer
                            ? DType::i64
                            : DType::f64);
    return v;
  }

  Value pick_like(const Value& a) {
    const Value v = pick_with([&](const Value& x) {
      try {
        const RequireCollector assumed;
        (void)broadcast_to(x, a.shape());
        return acceptable(assumed);
      } catch (const UserError&) {
        return false;
      }
    });
    return v ? v : a;
  }

  Value make_node_value(Op op, std::vector<Value> operands, std::vector<Attribute> attributes) {
    return ir::make(op, std::move(operands), std::move(attributes));
  }

  Value reduction() {
    static const std::vector<Op> ops = ops_of(OpKind::reduction);
    const Op op = ops[random_.below(ops.size())];
    Value x = pick();
    if (x.rank() == 0) return {};
    if (info(op).promotion == Promotion::logical) x = settled(x, DType::boolean);
    if (!in_domain(info(op).domain, x.dtype())) x = settled(x, DType::i64);
    if (op == Op::cumsum)
      return cumsum(x, static_cast<std::int64_t>(random_.below(x.shape().size())),
                    random_.chance(0.5));
    Integers axes = some_axes(x);
    if (axes.empty()) axes.push_back(static_cast<std::int64_t>(random_.below(x.shape().size())));
    if (!info(op).identity)  // an empty axis would be an error
      for (const std::int64_t axis : axes)
        if (extent(x.shape()[static_cast<std::size_t>(axis)]) == 0) return {};
    return make_node_value(op, {x}, {axes});
  }

  std::int64_t extent(const Dim& d) const {
    return d.evaluate([&](const Dim::Atom& atom) { return extents_.at(atom.name); });
  }

  Value movement() {
    const Value x = pick();
    const std::size_t rank = x.shape().size();
    switch (random_.below(6)) {
      case 0: {
        Integers permutation;
        for (std::size_t i = 0; i < rank; ++i) permutation.push_back(static_cast<std::int64_t>(i));
        for (std::size_t i = rank; i > 1; --i)
          std::swap(permutation[i - 1], permutation[random_.below(i)]);
        return rank < 2 ? Value{} : transpose(x, permutation);
      }
      case 1:
        return reshape(x, {volume(x.shape())});
      case 2:
        return rank > 2 ? Value{}
                        : expand_dims(x, {static_cast<std::int64_t>(random_.below(rank + 1))});
      case 3: {
        Shape shape = x.shape();
        shape.insert(shape.begin(), random_.chance(0.5) ? n_ : Dim(3));
        return rank > 2 ? Value{} : broadcast_to(x, shape);
      }
      case 4: {
        Shape starts, sizes;
        Integers steps;
        for (const Dim& d : x.shape()) {
          if (random_.chance(0.4) || extent(d) < 2) {
            starts.emplace_back(0), sizes.push_back(d), steps.push_back(1);
          } else if (random_.chance(0.5)) {
            starts.push_back(d - Dim(1)), sizes.push_back(d), steps.push_back(-1);
          } else {
            starts.emplace_back(1), sizes.push_back(Dim::floordiv(d, 2)),
                steps.push_back(random_.chance(0.5) ? 1 : 2);
            if (steps.back() == 2 && extent(d) % 2 == 1 && extent(d) < 3) steps.back() = 1;
          }
        }
        return rank == 0 ? Value{} : slice_of(x, starts, sizes, steps);
      }
      default: {
        if (rank == 0) return {};
        const Value y = pick_with(
            [&](const Value& v) { return v.shape() == x.shape() && v.dtype() == x.dtype(); });
        if (!y) return {};
        return concatenate({x, y}, static_cast<std::int64_t>(random_.below(rank)));
      }
    }
  }

  // Indices that are always in range: a remainder by the extent.
  Value indices_for(const Dim& d, const Shape& places) {
    const Value any =
        pick_with([&](const Value& v) { return is_integer(v.dtype()) && v.shape() == places; });
    const Value base = any              ? cast(any, DType::i64)
                       : places.empty() ? ir::dim(m_)
                                        : iota(DType::i64, places, 0);
    return mod(base, broadcast_to(ir::dim(d), places));
  }

  Value indexing() {
    const Value x = pick();
    if (x.rank() == 0) return {};
    const auto axis = random_.below(x.shape().size());
    const Dim d = x.shape()[axis];
    if (extent(d) == 0) return {};
    const Shape places = random_.chance(0.3) ? Shape{} : Shape{random_.chance(0.5) ? m_ : Dim(4)};
    const std::vector<Value> indices{indices_for(d, places)};
    const auto at = static_cast<std::int64_t>(axis);
    const Value taken = ir::gather(x, at, indices);
    switch (random_.below(4)) {
      case 0:
        return taken;
      case 1:
        return scatter(Op::scatter_add, x, random_.chance(0.5) ? taken : full_like(taken, 2), at,
                       indices);
      case 2:
        return scatter(Op::scatter_set, x, taken, at, indices);
      default: {
        Shape starts, sizes;
        for (const Dim& own : x.shape()) starts.emplace_back(0), sizes.push_back(own);
        sizes[axis] = 1;
        const Value part = slice_of(x, starts, sizes, Integers(x.shape().size(), 1));
        starts[axis] = d - Dim(1);
        const Value update = cast(apply(Op::add, {part, part}), x.dtype());
        return random_.chance(0.5) ? set_slice(x, update, starts, Integers(x.shape().size(), 1))
                                   : add_slice(x, update, starts, Integers(x.shape().size(), 1));
      }
    }
  }

  Value product() {
    Value a = pick_with([](const Value& v) { return v.rank() >= 1 && v.rank() <= 3; });
    if (!a) return {};
    if (a.dtype() == DType::boolean) a = cast(a, DType::f32);
    const Value b = pick_with([&](const Value& v) {
      return v.rank() >= 1 && v.rank() <= 3 && v.shape().back() == a.shape().back();
    });
    if (!b) return {};
    const Value right = cast(b, a.dtype());
    if (right.rank() < 2) return matmul(a, right);
    Integers swapped;
    for (std::int64_t i = 0; i < right.rank(); ++i) swapped.push_back(i);
    std::swap(swapped[swapped.size() - 1], swapped[swapped.size() - 2]);
    return matmul(a, transpose(right, swapped));
  }

  Value creation() {
    const DType dtype = kDTypes[random_.below(std::size(kDTypes))];
    if (random_.chance(0.3))
      return iota(dtype == DType::boolean ? DType::i64 : dtype, {n_, m_},
                  static_cast<std::int64_t>(random_.below(2)));
    if (random_.chance(0.3)) return ir::dim(n_ * m_ + Dim(1));
    return ir::constant(
        random_literal(random_, dtype, {static_cast<std::int64_t>(random_.below(4))}));
  }

  Value composition() {
    Value x =
        pick_with([&](const Value& v) { return v.rank() >= 1 && extent(volume(v.shape())) > 0; });
    if (!x) return {};
    if (!is_real(x.dtype())) x = cast(x, random_.chance(0.5) ? DType::f32 : DType::f64);
    static constexpr std::string_view names[] = {
        "softmax",       "log_softmax", "logsumexp",        "mean", "var", "std", "relu", "gelu",
        "cross_entropy", "layer_norm",  "product_of_others"};
    const std::string_view wanted = names[random_.below(std::size(names))];
    const std::vector<Value> operands{x};
    if (wanted == "cross_entropy") {
      const Shape rows(x.shape().begin(), x.shape().end() - 1);
      return call(wanted, std::vector<Value>{x, indices_for(x.shape().back(), rows)});
    }
    if (wanted == "layer_norm") {
      const Value scale = full(x.dtype(), {x.shape().back()}, 1.5);
      return call(wanted, std::vector<Value>{x, broadcast_to(scale, x.shape()), x});
    }
    const bool one_axis = wanted == "softmax" || wanted == "log_softmax";
    if (one_axis)
      return call(wanted, operands,
                  {{"axis", static_cast<std::int64_t>(random_.below(x.shape().size()))}});
    if (wanted == "relu" || wanted == "gelu") return call(wanted, operands);
    return call(wanted, operands,
                {{"axes", Integers{static_cast<std::int64_t>(random_.below(x.shape().size()))}}});
  }

  // Outputs: what nothing uses, at most six, so that one module holds many small programs.
  void finish() {
    std::vector<Value> outputs;
    for (std::size_t i = pool_.size(); i-- > 0 && outputs.size() < 6;) {
      const Value& v = pool_[i];
      bool used = passes::is_leaf(v);
      for (const Value& other : pool_)
        for (const Value& operand : other.node->operands) used |= operand == v;
      if (!used && std::find(outputs.begin(), outputs.end(), v) == outputs.end())
        outputs.push_back(v);
    }
    sample_.module.outputs = std::move(outputs);
    for (Update& update : sample_.module.updates)
      if (const Value v = pick_with([&](const Value& x) {
            return x.type() == update.variable.type() && !(x == update.variable);
          }))
        update.value = v;
    sample_.module.name = "random";
  }

  Random random_;
  Coverage& coverage_;
  static constexpr std::int64_t kMaxElements = 40'000;
  std::map<std::string, std::int64_t> extents_;
  Dim n_, m_;
  std::vector<Value> pool_;
  Sample sample_;
};

}  // namespace

Sample random_sample(std::uint64_t seed, int size, Coverage& coverage) {
  return Maker(seed, coverage).make(size);
}

std::vector<std::string> expected_coverage() {
  std::vector<std::string> out;
  for (const OpInfo& row : all_ops()) {
    const bool counted = row.kind == OpKind::elementwise || row.kind == OpKind::reduction ||
                         row.kind == OpKind::indexing || row.kind == OpKind::movement ||
                         row.kind == OpKind::contraction;
    if (!counted) continue;
    for (const DType dtype : kDTypes)
      if (in_domain(row.domain, dtype)) out.push_back(fmt::format("{} {}", row.name, name(dtype)));
  }
  for (const Composition& composition : all_compositions())
    for (const DType dtype : {DType::f32, DType::f64})
      out.push_back(fmt::format("{} {}", composition.name, name(dtype)));
  return out;
}

}  // namespace croton::test
