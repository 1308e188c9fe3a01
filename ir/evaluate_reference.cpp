// The reference evaluator. An element's bound covers what a compiled program of the same graph may
// add to it: each op's error in units in the last place of its dtype, any order of additions up to
// the contract's depth, and what the operands' own errors become. Bounds of operands pass through a
// function by evaluating it at the ends of their intervals.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/contract_order.hpp"
#include "ir/evaluator.hpp"
#include "ir/exact_scalars.hpp"
#include "ir/reference_scalars.hpp"

namespace croton::ir {
namespace {

struct Format {
  double epsilon, tiny, largest;  // spacing at 1, smallest subnormal, largest finite
};

Format format_of(DType dtype) {
  if (dtype == DType::f32)
    return {std::numeric_limits<float>::epsilon(), std::numeric_limits<float>::denorm_min(),
            std::numeric_limits<float>::max()};
  return {std::numeric_limits<double>::epsilon(), std::numeric_limits<double>::denorm_min(),
          std::numeric_limits<double>::max()};
}

// A result before rounding, with what is uncertain about it, becomes an element of the dtype.
Bounded rounded(Wide value, Wide bound, double ulps, DType dtype, bool undetermined) {
  if (!is_real(dtype)) return {value, 0, undetermined || bound > 0};
  const Format f = format_of(dtype);
  if (std::isnan(value) || undetermined) return {value, 0, undetermined};
  // Of exact operands, a correctly rounded result that the dtype holds is exact, and so is a zero.
  const auto held = [&] {
    return dtype == DType::f32 ? static_cast<Wide>(static_cast<float>(value))
                               : static_cast<Wide>(static_cast<double>(value));
  };
  if (bound == 0 && std::isfinite(value) && (value == 0 || (ulps == 0 && held() == value)))
    return {value, 0, false};
  const Wide magnitude = std::fabs(value);
  const Wide own = (ulps + 0.5L) * f.epsilon * magnitude + (ulps + 1) * f.tiny;
  const Wide total = std::isinf(value) ? 0 : (bound + own) * 1.0001L;
  if (std::isinf(value)) return {value, 0, std::isnan(bound) || bound > 0};
  if (magnitude - total > f.largest)
    return {std::copysign(std::numeric_limits<Wide>::infinity(), value), 0, false};
  // Near the end of the range the result may be finite or infinite.
  if (magnitude + total >= f.largest || std::isnan(total) || std::isinf(total))
    return {value, 0, true};
  return {value, static_cast<double>(total), false};
}

class Reference final : public Evaluator {
 public:
  explicit Reference(bool ideal = false) : Evaluator(std::int64_t{1} << 28), ideal_(ideal) {}

  static ReferenceArray array(const Elements& x) {
    return {x.dtype, x.shape, {x.data<Bounded>(), x.data<Bounded>() + x.count()}};
  }

 private:
  std::size_t element_size(DType) const override { return sizeof(Bounded); }

  Elements from_literal(const Literal& l) const override {
    Elements out = empty(l.dtype(), l.shape());
    with_type(l.dtype(), [&](auto zero) {
      for (std::int64_t i = 0; i < l.count(); ++i)
        out.data<Bounded>()[i] = {static_cast<Wide>(l.at<decltype(zero)>(i)), 0, false};
    });
    return out;
  }

  // A place that is not determined has no meaning to follow; any in range is as good.
  std::int64_t integer(const Elements& x, std::int64_t i) const override {
    const long double value = x.data<Bounded>()[i].value;
    // The bits of what u64 has beyond i64.
    return x.dtype == DType::u64 ? static_cast<std::int64_t>(static_cast<std::uint64_t>(value))
                                 : static_cast<std::int64_t>(value);
  }

  // Integers and bool are exact: through the loops of the exact evaluator.
  static Bounded exact_element(const Node& node, DType from, DType to,
                               std::span<const Bounded* const> x) {
    const ScalarLoop loop =
        node.op == Op::cast ? exact_cast(from, to, true) : exact_loop(node.op, from, true);
    CROTON_CHECK(loop != nullptr,
                 fmt::format("{} is not defined on {}", info(node.op).name, name(from)));
    alignas(16) std::byte operands[3][16], result[16];
    bool undetermined = false;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const DType own = node.op == Op::where && i == 0 ? DType::boolean : from;
      undetermined |= x[i]->undetermined;
      with_type(own, [&](auto zero) {
        using T = decltype(zero);
        const T value = static_cast<T>(x[i]->value);
        __builtin_memcpy(operands[i], &value, sizeof value);
      });
    }
    loop(operands[0], operands[1], operands[2], result, 1);
    return with_type(to, [&](auto zero) {
      decltype(zero) value;
      __builtin_memcpy(&value, result, sizeof value);
      return Bounded{static_cast<Wide>(value), 0, undetermined};
    });
  }

  static Bounded cast_element(DType from, DType to, const Bounded& x) {
    if (is_real(to)) return rounded(x.value, x.bound, 0, to, x.undetermined);
    if (!is_real(from)) return {x.value, x.bound, x.undetermined};
    const auto convert = [&](Wide v) -> Wide {
      if (to == DType::boolean) return v != 0;
      if (std::isnan(v)) return 0;
      return with_type(to, [&](auto zero) -> Wide {
        using T = decltype(zero);
        const Wide low = static_cast<Wide>(std::numeric_limits<T>::lowest()),
                   high = static_cast<Wide>(std::numeric_limits<T>::max());
        return std::clamp(std::trunc(v), low, high) + 0.0L;  // no integer is -0
      });
    };
    const Wide middle = convert(x.value);
    const bool open = (to == DType::boolean && x.bound > 0 && std::fabs(x.value) <= x.bound) ||
                      convert(x.value - x.bound) != middle || convert(x.value + x.bound) != middle;
    return {middle, 0, x.undetermined || open};
  }

  Elements elementwise(const Node& node, std::span<const Elements* const> x) const override {
    Elements out = empty(node.types[0].dtype, x[0]->shape);
    const DType from = x[node.op == Op::where ? 1 : 0]->dtype;
    const WideFunction f = node.op == Op::cast ? nullptr : wide_function(node.op);
    for (std::int64_t i = 0; i < out.count(); ++i) {
      const Bounded* operands[3] = {nullptr, nullptr, nullptr};
      for (std::size_t k = 0; k < x.size(); ++k) operands[k] = &x[k]->data<Bounded>()[i];
      Bounded& to = out.data<Bounded>()[i];
      if (node.op == Op::where) {
        // Only the chosen side counts; an open condition leaves the element open unless both agree.
        const Bounded& chosen = operands[0]->value != 0 ? *operands[1] : *operands[2];
        to = chosen;
        to.undetermined |= operands[0]->undetermined;
      } else if (node.op == Op::cast && (is_real(from) || is_real(out.dtype))) {
        to = cast_element(from, out.dtype, *operands[0]);
      } else if (is_real(from)) {
        to = real_element(node, f, {operands, x.size()}, out.dtype);
      } else {
        to = exact_element(node, from, out.dtype, {operands, x.size()});
      }
    }
    return out;
  }

  Bounded real_element(const Node& node, WideFunction f, std::span<const Bounded* const> x,
                       DType to) const {
    CROTON_CHECK(f != nullptr,
                 fmt::format("{} is not defined on real numbers", info(node.op).name));
    Wide middle[3] = {0, 0, 0};
    bool undetermined = false, uncertain = false;
    for (std::size_t k = 0; k < x.size(); ++k) {
      middle[k] = x[k]->value;
      undetermined |= x[k]->undetermined;
      uncertain |= x[k]->bound > 0;
    }
    const Wide value = f(middle[0], middle[1], middle[2]);
    if (ideal_ && is_real(to)) return {value, 0, undetermined};
    Wide bound = 0;
    // Steps make a jump anywhere in the interval show at its ends for monotone steps; a NaN on one
    // side only means that the domain's border lies inside.
    if (uncertain && !undetermined)
      for (int corner = 0; corner < (1 << (2 * x.size())); ++corner) {
        Wide at[3] = {0, 0, 0};
        bool legal = true;
        for (std::size_t k = 0; k < x.size(); ++k) {
          const int side = corner >> (2 * k) & 3;
          // The middle, both ends, and 0 where it lies between them: what underflows becomes it.
          legal &= side != 3 || (x[k]->bound > 0 && std::fabs(middle[k]) <= x[k]->bound);
          at[k] = side == 0   ? middle[k]
                  : side == 1 ? middle[k] + x[k]->bound
                  : side == 2 ? middle[k] - x[k]->bound
                              : 0;
        }
        if (!legal) continue;
        const Wide other = f(at[0], at[1], at[2]);
        if (std::isnan(other) != std::isnan(value))
          undetermined = true;
        else if (!std::isnan(value) && other != value)
          bound = std::max(bound, std::fabs(other - value));
      }
    if (std::isnan(bound)) undetermined = true;
    // 64 bits may swallow what is uncertain; it stays uncertain.
    if (uncertain && std::isfinite(value))
      bound = std::max(bound, std::fabs(value) * 0x1p-63L +
                                  static_cast<Wide>(std::numeric_limits<double>::denorm_min()));
    if (uncertain && turns(node.op)) undetermined |= may_turn(x, value, bound, node.op);
    return rounded(value, 1.01L * bound, info(node.op).ulp, to, undetermined);
  }

  // Functions that can turn inside an interval without showing it at the ends.
  static bool turns(Op op) {
    return op == Op::sin || op == Op::cos || op == Op::tan || op == Op::mod || op == Op::pow;
  }
  static bool may_turn(std::span<const Bounded* const> x, Wide value, Wide bound, Op op) {
    // A remainder jumps by the divisor where it meets 0; it moves by the quotient as the divisor
    // does.
    if (op == Op::mod) {
      const Wide quotient = std::fabs(x[0]->value / x[1]->value) + 1;
      const Wide reach = bound + 2 * (x[0]->bound + quotient * x[1]->bound);
      return std::fabs(value) <= reach || std::fabs(value) + reach >= std::fabs(x[1]->value);
    }
    // A negative base has powers at whole exponents only, with alternating signs; 1 has the power 1
    // whatever the exponent, also where that is no number.
    if (op == Op::pow)
      return (x[1]->bound > 0 && x[0]->value - x[0]->bound < 0) ||
             (std::isnan(x[1]->value) && std::fabs(x[0]->value - 1) <= x[0]->bound);
    return x[0]->bound > 0.05;
  }

  // Depth of additions that any element passes through, in the contract's order.
  static double depth(std::int64_t count) {
    return static_cast<double>(std::min<std::int64_t>(count, 256));
  }

  Elements reduce(const Node& node, const Elements& x, Extents shape) const override {
    Elements out = empty(x.dtype, std::move(shape));
    for_each(out.shape, [&](const Extents& kept, std::int64_t i) {
      std::vector<const Bounded*> row;
      for (const std::int64_t at :
           reduced_positions(x.shape, node.attribute<Integers>("axes"), kept))
        row.push_back(&x.data<Bounded>()[at]);
      if (row.empty() && info(node.op).needs_elements)
        throw UserError(fmt::format("{}: an axis is empty, and this reduction has no identity",
                                    info(node.op).name));
      out.data<Bounded>()[i] = reduced(node.op, x.dtype, row);
    });
    return out;
  }

  static Bounded reduced(Op op, DType dtype, std::span<const Bounded* const> row) {
    const Op combine = *info(op).combine;
    Node step;
    step.op = combine;
    const double u = is_real(dtype) ? format_of(dtype).epsilon : 0;
    const bool extremum = combine == Op::maximum || combine == Op::minimum;
    const Wide identity = static_cast<Wide>(*info(combine).identity);
    if (!is_real(dtype)) {
      Bounded total = extremum ? *row[0] : Bounded{identity, 0, false};
      for (std::size_t r = extremum ? 1 : 0; r < row.size(); ++r) {
        const Bounded* pair[2] = {&total, row[r]};
        total = exact_element(step, dtype, dtype, pair);
      }
      return total;
    }
    const WideFunction f = wide_function(combine);
    Wide value = identity, bound = 0, magnitude = 0;
    bool undetermined = false;
    for (std::size_t r = 0; r < row.size(); ++r) {
      undetermined |= row[r]->undetermined;
      value = f(value, row[r]->value, 0);
      if (extremum)
        bound = std::max<Wide>(bound, row[r]->bound);
      else if (op == Op::sum)
        bound += row[r]->bound,
            magnitude += std::isinf(row[r]->value) ? 0 : std::fabs(row[r]->value) + row[r]->bound;
    }
    if (op == Op::sum) {
      // Partial sums of what is finite may overflow where the total does not.
      undetermined |= !std::isnan(value) && magnitude > format_of(dtype).largest;
      if (std::isinf(value)) return rounded(value, 0, 0, dtype, undetermined);
      if (magnitude == 0) return rounded(value, 0, 0, dtype, undetermined);
      return rounded(value, bound + depth(static_cast<std::int64_t>(row.size())) * u * magnitude, 0,
                     dtype, undetermined);
    }
    if (extremum) return rounded(value, bound, 0, dtype, undetermined);
    Wide largest = 1;
    for (const Bounded* element : row)
      largest *= (std::fabs(element->value) + element->bound) * (1 + u);
    // Partial products may leave the range in one order and not in another.
    Wide peak = 1, pit = 1;
    for (const Bounded* element : row) {
      const Wide magnitude_of = std::fabs(element->value);
      if (magnitude_of > 1) peak *= magnitude_of;
      if (magnitude_of < 1 && magnitude_of > 0) pit *= magnitude_of;
    }
    undetermined |= peak > format_of(dtype).largest ||
                    pit < 1e3L * format_of(dtype).tiny / format_of(dtype).epsilon;
    return rounded(value, largest - std::fabs(value), 0, dtype, undetermined && !std::isnan(value));
  }

  Elements contract(const Node& node, const Elements& a, const Elements& b,
                    Extents shape) const override {
    const auto &a_labels = node.attribute<Integers>("a"), &b_labels = node.attribute<Integers>("b"),
               &out_labels = node.attribute<Integers>("out");
    std::map<std::int64_t, std::int64_t> extent, a_stride, b_stride;
    for (std::size_t i = 0; i < a_labels.size(); ++i) {
      extent[a_labels[i]] = a.shape[i];
      a_stride[a_labels[i]] += strides_of(a.shape)[i];
    }
    for (std::size_t i = 0; i < b_labels.size(); ++i) {
      const auto [it, fresh] = extent.emplace(b_labels[i], b.shape[i]);
      if (!fresh && it->second != b.shape[i])
        throw UserError(
            fmt::format("contract: inner dimensions differ, {} and {}", it->second, b.shape[i]));
      b_stride[b_labels[i]] += strides_of(b.shape)[i];
    }
    Integers inner_labels;
    Extents inner;
    for (const auto& [label, size] : extent)
      if (std::find(out_labels.begin(), out_labels.end(), label) == out_labels.end()) {
        inner_labels.push_back(label);
        inner.push_back(size);
      }
    Elements out = empty(a.dtype, std::move(shape));
    const double u = is_real(a.dtype) ? format_of(a.dtype).epsilon : 0;
    Node times, plus;
    times.op = Op::mul;
    plus.op = Op::add;
    for_each(out.shape, [&](const Extents& index, std::int64_t i) {
      std::int64_t x = 0, y = 0;
      for (std::size_t k = 0; k < index.size(); ++k) {
        x += index[k] * a_stride[out_labels[k]];
        y += index[k] * b_stride[out_labels[k]];
      }
      Bounded total;
      Wide bound = 0, magnitude = 0;
      std::int64_t count = 0;
      for_each(inner, [&](const Extents& place, std::int64_t) {
        std::int64_t p = x, q = y;
        for (std::size_t k = 0; k < place.size(); ++k) {
          p += place[k] * a_stride[inner_labels[k]];
          q += place[k] * b_stride[inner_labels[k]];
        }
        const Bounded &left = a.data<Bounded>()[p], &right = b.data<Bounded>()[q];
        ++count;
        if (!is_real(a.dtype)) {
          const Bounded* factors[2] = {&left, &right};
          const Bounded product = exact_element(times, a.dtype, a.dtype, factors);
          const Bounded* terms[2] = {&total, &product};
          total = exact_element(plus, a.dtype, a.dtype, terms);
          return;
        }
        total.undetermined |= left.undetermined || right.undetermined;
        const Wide l = std::fabs(left.value), r = std::fabs(right.value);
        total.value += left.value * right.value;
        const auto may_vanish = [](const Bounded& b) {
          return b.bound > 0 && b.bound >= std::fabs(b.value);
        };
        total.undetermined |=
            (std::isinf(l) && may_vanish(right)) || (std::isinf(r) && may_vanish(left));
        if (!std::isinf(l) && !std::isinf(r)) magnitude += (l + left.bound) * (r + right.bound);
        if (left.bound > 0 || right.bound > 0)
          bound += l * right.bound + r * left.bound + static_cast<Wide>(left.bound) * right.bound;
      });
      if (is_real(a.dtype)) {
        total.undetermined |= !std::isnan(total.value) && magnitude > format_of(a.dtype).largest;
        const double chain =
            static_cast<double>(std::min<std::int64_t>(count, kContractBlock)) + 256;
        if (!std::isfinite(total.value) || magnitude == 0) {
          out.data<Bounded>()[i] = rounded(total.value, 0, 0, a.dtype, total.undetermined);
          return;
        }
        // A chain of multiply-adds rounds once or twice an element.
        total =
            rounded(total.value,
                    bound + 2 * std::min(chain, 2.0 * static_cast<double>(count)) * u * magnitude +
                        static_cast<Wide>(count) * format_of(a.dtype).tiny,
                    0, a.dtype, total.undetermined);
      }
      out.data<Bounded>()[i] = total;
    });
    return out;
  }

  Elements position(const Node& node, const Elements& x, Extents shape) const override {
    Elements out = empty(DType::i64, std::move(shape));
    const bool largest = node.op == Op::argmax;
    for_each(out.shape, [&](const Extents& kept, std::int64_t i) {
      std::vector<const Bounded*> row;
      for (const std::int64_t at :
           reduced_positions(x.shape, node.attribute<Integers>("axes"), kept))
        row.push_back(&x.data<Bounded>()[at]);
      if (row.empty())
        throw UserError(fmt::format("{}: an axis is empty, and this reduction has no identity",
                                    info(node.op).name));
      std::size_t best = 0;
      bool undetermined = false;
      for (std::size_t r = 0; r < row.size(); ++r) {
        undetermined |= row[r]->undetermined;
        const Wide candidate = row[r]->value, now = row[best]->value;
        if ((largest ? candidate > now : candidate < now) ||
            (std::isnan(candidate) && !std::isnan(now)))
          best = r;
      }
      for (std::size_t r = 0; r < row.size(); ++r)
        if (r != best && !std::isnan(row[best]->value) &&
            (row[r]->bound > 0 || row[best]->bound > 0))
          undetermined |= std::fabs(row[r]->value - row[best]->value) <=
                          static_cast<Wide>(row[r]->bound) + row[best]->bound;
      out.data<Bounded>()[i] = {static_cast<Wide>(best), 0, undetermined};
    });
    return out;
  }

  bool ideal_;

  void add_into(Elements& to, std::int64_t i, const Elements& from, std::int64_t j) const override {
    Node step;
    step.op = Op::add;
    const Bounded* pair[2] = {&to.data<Bounded>()[i], &from.data<Bounded>()[j]};
    to.data<Bounded>()[i] = is_real(to.dtype)
                                ? real_element(step, wide_function(Op::add), pair, to.dtype)
                                : exact_element(step, to.dtype, to.dtype, pair);
  }
};

}  // namespace

std::vector<ReferenceArray> evaluate_reference(std::span<const Value> roots,
                                               std::span<const Binding> leaves, bool ideal) {
  std::vector<ReferenceArray> out;
  for (const Elements& x : Reference(ideal).run(roots, leaves)) out.push_back(Reference::array(x));
  return out;
}

Difference compare(const ReferenceArray& reference, const Literal& actual,
                   const ReferenceArray* rewritten) {
  CROTON_CHECK(reference.dtype == actual.dtype() && reference.shape == actual.shape(),
               "arrays of different types are compared");
  Difference d;
  double worst = 0;
  with_type(actual.dtype(), [&](auto zero) {
    for (std::int64_t i = 0; i < actual.count(); ++i) {
      Bounded wanted = reference.elements[static_cast<std::size_t>(i)];
      if (rewritten != nullptr) {
        const Bounded& other = rewritten->elements[static_cast<std::size_t>(i)];
        wanted.bound += other.bound;
        wanted.undetermined |= other.undetermined;
      }
      if (wanted.undetermined) {
        ++d.undetermined;
        continue;
      }
      const Wide given = static_cast<Wide>(actual.at<decltype(zero)>(i));
      if (given == wanted.value || (std::isnan(given) && std::isnan(wanted.value))) continue;
      const Wide distance = std::fabs(given - wanted.value);
      if (distance <= wanted.bound) continue;
      ++d.count;
      double excess = std::isfinite(distance) && wanted.bound > 0
                          ? static_cast<double>(distance / wanted.bound)
                          : std::numeric_limits<double>::infinity();
      if (d.worst >= 0 && excess <= worst) continue;
      worst = excess;
      d.worst = i;
      d.wanted = static_cast<double>(wanted.value);
      d.bound = wanted.bound;
      d.actual = static_cast<double>(given);
    }
  });
  return d;
}

}  // namespace croton::ir
