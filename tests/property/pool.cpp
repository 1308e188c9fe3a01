#include "tests/property/pool.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ir/builder.hpp"
#include "ir/infer.hpp"
#include "runtime/module_file.hpp"
#include "runtime/shared_state.hpp"

namespace croton::test {

using namespace ir;

Pool::Pool(Random& source, Sample& sample) : random(source), sample_(sample) {
  auto rows = static_cast<std::int64_t>(random.below(7));
  auto columns = 1 + static_cast<std::int64_t>(random.below(40));
  if (random.chance(0.6)) rows += 2;
  if (random.chance(0.12)) {
    // Borders of lanes, leaves and chunks, along the rows or down the columns.
    constexpr std::int64_t borders[] = {63, 64, 65, 511, 512, 513, 4095, 4096, 4097};
    columns = random.of(borders);
    rows = 1 + static_cast<std::int64_t>(random.below(3));
    if (random.chance(0.4)) std::swap(rows, columns);
  }
  extents_ = {{"n", rows}, {"m", columns}};
  const bool known = random.chance(0.3);
  n = known ? Dim(rows) : Dim("n");
  m = known ? Dim(columns) : Dim("m");
}

Literal Pool::drawn(DType dtype, const Shape& shape) {
  std::vector<std::int64_t> extents;
  for (const Dim& d : shape) extents.push_back(extent(d));
  return random_literal(random, dtype, std::move(extents));
}

Value Pool::add_input(DType dtype, const Shape& shape) {
  const Value v = input(fmt::format("x{}", sample_.module.inputs.size()), tensor(dtype, shape));
  sample_.module.inputs.push_back(v);
  sample_.arguments.push_back(drawn(dtype, shape));
  values_.push_back(v);
  return v;
}

void Pool::add_variable(DType dtype, const Shape& shape) {
  Literal first = drawn(dtype, shape);
  Shape known;
  for (const std::int64_t extent : first.shape()) known.emplace_back(extent);
  // Half of the variables have the extents of their first value, as most users' have.
  const Type type = tensor(dtype, random.chance(0.5) ? shape : known);
  const std::string name = fmt::format("s{}", sample_.state.size());
  const Value v = runtime::make_shared_variable(name, type, runtime::array_of(first)).first;
  sample_.module.updates.push_back({v, v});
  sample_.state.push_back(std::move(first));
  values_.push_back(v);
}

Value Pool::pick() {
  const std::size_t count = values_.size();
  return values_[random.chance(0.5) ? count - 1 - random.below(std::min<std::size_t>(count, 4))
                                    : random.below(count)];
}

Value Pool::pick_with(const std::function<bool(const Value&)>& fits) {
  for (int i = 0; i < 12; ++i)
    if (Value v = pick(); fits(v)) return v;
  return {};
}

Value Pool::pick_like(const Value& a) {
  const Value v = pick_with([&](const Value& x) {
    if (is_real(x.dtype()) && !is_real(a.dtype()) && x.op() != Op::input) return false;
    try {
      const RequireCollector assumed;
      (void)broadcast_to(x, a.shape());
      return assumed.found.empty();
    } catch (const UserError&) {
      return false;
    }
  });
  return v ? v : a;
}

Value Pool::pick_of(DType dtype, int least) {
  const auto fits = [&](const Value& v) { return v.dtype() == dtype && v.rank() >= least; };
  if (const Value v = random.chance(0.5) ? pick_with(fits) : Value{}) return v;
  return add_input(dtype, random.chance(0.3) && least < 2 ? Shape{m} : Shape{n, m});
}

Value Pool::settled(const Value& v, DType dtype) {
  if (is_real(v.dtype()) && !is_real(dtype) && v.op() != Op::input && random.chance(0.95))
    throw UserError("not drawn");
  return cast(v, dtype);
}

Value Pool::indices_for(const Dim& d, const Shape& places) {
  const Value any =
      pick_with([&](const Value& v) { return is_integer(v.dtype()) && v.shape() == places; });
  const Value base = any              ? cast(any, DType::i64)
                     : places.empty() ? ir::dim(m)
                                      : iota(DType::i64, places, 0);
  const Value extent = broadcast_to(ir::dim(d), places), inside = mod(base, extent);
  return random.chance(0.2) ? inside - extent : inside;
}

std::int64_t Pool::extent(const Dim& d) const {
  return d.evaluate([&](const Dim::Atom& atom) { return extents_.at(atom.name); });
}

void Pool::know(const Shape& shape) {
  for (const Dim& d : shape)
    if (!d.symbol().empty()) extents_.emplace(d.symbol(), 3);
}

}  // namespace croton::test
