// Every elementwise op and dtype, compiled, against NumPy's results
// (tests/data/make_numpy_table.py).
#include <fmt/format.h>

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>

#include "frontend/croton/croton.hpp"
#include "ir/evaluate.hpp"
#include "ir/op.hpp"
#include "runtime/module_file.hpp"
#include "runtime/npy.hpp"
#include "runtime/target.hpp"

using namespace croton;

namespace {

template <class T>
double distance(T a, T b) {
  if (a == b) return std::is_floating_point_v<T> && std::signbit(a) != std::signbit(b) ? 1e9 : 0;
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) && std::isnan(b)) return 0;
    if (!std::isfinite(a) || !std::isfinite(b)) return 1e9;
    const T larger = std::max(std::abs(a), std::abs(b));
    const T unit = std::nextafter(larger, std::numeric_limits<T>::infinity()) - larger;
    return std::abs(static_cast<double>((static_cast<long double>(a) - b) / unit));
  }
  return 1e9;
}

}  // namespace

TEST_CASE("compiled elementwise ops agree with NumPy") {
  std::map<std::string, Array> table;
  for (auto& [name, array] : load_npz(CROTON_TEST_DATA "/numpy_table.npz"))
    table.emplace(name, array);
  std::set<std::string> covered;
  for (const auto& [name, wanted] : table) {
    if (!name.ends_with(".out")) continue;
    const std::string base = name.substr(0, name.size() - 4), op = base.substr(0, base.find('.'));
    std::vector<Expr> inputs;
    std::vector<ArrayView> arguments;
    for (const char* letter : {"a", "b"})
      if (const auto it = table.find(base + "." + letter); it != table.end()) {
        inputs.push_back(input(letter, it->second.dtype(), {"n"}));
        arguments.emplace_back(it->second);
      }
    const Expr result = call(op, inputs);
    const Array out = compile(inputs, {result}, {.name = op}).call(arguments).single();
    // The exact evaluator gives the same bits.
    std::vector<ir::Binding> leaves;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      leaves.emplace_back(ir::Value{inputs[i].node(), 0}, runtime::literal_of(Array(arguments[i])));
    const std::vector<ir::Value> roots{{result.node(), 0}};
    const ir::Literal exact =
        ir::evaluate_exact(roots, leaves, {.fma = runtime::host_target().fma})[0];
    INFO(base);
    CHECK(runtime::array_of(exact).same_values(out));
    REQUIRE(out.dtype() == wanted.dtype());
    REQUIRE(out.shape() == wanted.shape());
    covered.insert(op);
    const double bound = ir::info(*ir::op_named(op)).ulp;
    with_type(out.dtype(), [&](auto zero) {
      using T = decltype(zero);
      double worst = 0;
      std::string where;
      for (std::int64_t i = 0; i < out.count(); ++i) {
        const double d = distance(out.data<T>()[i], wanted.data<T>()[i]);
        if (d <= worst) continue;
        worst = d;
        where = fmt::format("{}: element {}: {} instead of {}", base, i, out.data<T>()[i],
                            wanted.data<T>()[i]);
        for (const ArrayView& argument : arguments)
          where += fmt::format(", operand {}", static_cast<const T*>(argument.data())[i]);
      }
      INFO(where << ", " << worst << " units in the last place");
      CHECK(worst <= bound);
    });
  }
  for (const ir::OpInfo& row : ir::all_ops())
    if (row.kind == ir::OpKind::elementwise && !row.infer && row.arity < 3) {
      INFO(row.name);
      CHECK(covered.contains(std::string(row.name)));
    }
}

TEST_CASE("integer division and powers follow the stated rules") {
  Expr a = input("a", i32, {"n"}), b = input("b", i32, {"n"});
  Function f = compile({a, b}, {floor_divide(a, b), a % b, pow(a, b)});
  const std::int32_t least = std::numeric_limits<std::int32_t>::min();
  const std::vector<std::int32_t> x{7, -7, least, 5, 1, -1, -1}, y{0, 2, -1, -2, -3, -3, -4};
  const Results r = f(x, y);
  CHECK(r[0].same_values(Array::of<std::int32_t>({0, -4, least, -3, -1, 0, 0})));
  CHECK(r[1].same_values(Array::of<std::int32_t>({0, 1, 0, -1, -2, -1, -1})));
  CHECK(r[2].same_values(Array::of<std::int32_t>({1, 49, 0, 0, 1, -1, 1})));
}

TEST_CASE("float to integer conversion truncates and saturates") {
  Expr x = input("x", f64, {"n"});
  Function f =
      compile({x}, {cast(x, i8), cast(x, u16), cast(x, i64), cast(x, boolean), cast(x, f32)});
  const std::vector<double> v{1.9, -1.9, 1e30, -1e30, std::nan(""), 200.0};
  const Results r = f(v);
  CHECK(r[0].same_values(Array::of<std::int8_t>({1, -1, 127, -128, 0, 127})));
  CHECK(r[1].same_values(Array::of<std::uint16_t>({1, 0, 65535, 0, 0, 200})));
  CHECK(r[2].same_values(Array::of<std::int64_t>({1, -1, INT64_MAX, INT64_MIN, 0, 200})));
  CHECK(r[4].data<float>()[0] == 1.9f);
}

TEST_CASE("f32 next to the ends of an integer's range") {
  Expr x = input("x", f32, {"n"});
  Function f = compile({x}, {cast(x, i32), cast(x, u32), cast(x, i64), cast(x, u64), cast(x, u8)});
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> v{2147483520.0F, 2147483648.0F, -2147483648.0F, -2147483904.0F,
                             4294967040.0F, 4294967296.0F, 0x1p63F,        0x1.fffffep63F,
                             -0x1p63F,      infinity,      -infinity,      std::nanf("")};
  const Results r = f(v);
  CHECK(r[0].same_values(
      Array::of<std::int32_t>({2147483520, INT32_MAX, INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX,
                               INT32_MAX, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 0})));
  CHECK(r[1].same_values(
      Array::of<std::uint32_t>({2147483520, 2147483648, 0, 0, 4294967040, UINT32_MAX, UINT32_MAX,
                                UINT32_MAX, 0, UINT32_MAX, 0, 0})));
  CHECK(r[2].same_values(Array::of<std::int64_t>({2147483520, 2147483648, -2147483648, -2147483904,
                                                  4294967040, 4294967296, INT64_MAX, INT64_MAX,
                                                  INT64_MIN, INT64_MAX, INT64_MIN, 0})));
  CHECK(r[3].same_values(Array::of<std::uint64_t>({2147483520, 2147483648, 0, 0, 4294967040,
                                                   4294967296, std::uint64_t{1} << 63,
                                                   18446742974197923840U, 0, UINT64_MAX, 0, 0})));
  CHECK(r[4].same_values(
      Array::of<std::uint8_t>({255, 255, 0, 0, 255, 255, 255, 255, 0, 255, 0, 0})));
}
