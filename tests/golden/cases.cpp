#include "tests/golden/cases.hpp"

#include <stdexcept>

#include "ir/builder.hpp"
#include "ir/composition.hpp"
#include "passes/pipeline.hpp"

namespace croton::test {
namespace {

using namespace ir;

// A fixed sequence of numbers in [0, 1).
class Numbers {
 public:
  double next() {
    state_ = state_ * 6364136223846793005ul + 1442695040888963407ul;
    return static_cast<double>(state_ >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_ = 1;
};

class Builder {
 public:
  Builder(std::string name, std::map<std::string, std::int64_t> dims) {
    case_.name = std::move(name);
    case_.dims = std::move(dims);
  }
  Value input(const std::string& name, DType dtype, const Shape& shape, double low, double high) {
    const Value v = ir::input(name, tensor(dtype, shape));
    case_.graph.inputs.push_back(v);
    std::vector<std::int64_t> extents;
    std::int64_t count = 1;
    for (const Dim& dim : shape) {
      extents.push_back(extent(case_, dim));
      count *= extents.back();
    }
    std::vector<std::byte> bytes;
    for (std::int64_t i = 0; i < count; ++i) {
      const Literal one = Literal::scalar_of(dtype, low + (high - low) * numbers_.next());
      bytes.insert(bytes.end(), one.bytes().begin(), one.bytes().end());
    }
    case_.arguments.emplace_back(v, Literal(dtype, extents, std::move(bytes)));
    return v;
  }
  Case done(std::vector<Value> outputs) {
    case_.graph.name = case_.name;
    case_.graph.outputs = std::move(outputs);
    case_.lowered = case_.graph;
    passes::PipelineReport report;
    passes::run_pipeline(case_.lowered, {.fma = true, .vector_bytes = 32, .verify = true}, report);
    if (case_.lowered.kernels.size() != 1)
      throw std::logic_error(case_.name + " is not one kernel");
    return std::move(case_);
  }

 private:
  Case case_;
  Numbers numbers_;
};

Value called(const char* name, const Value& x) {
  const std::vector<Value> operands{x};
  return call(name, operands);
}

std::vector<Case> made() {
  std::vector<Case> all;
  {
    Builder b("elementwise_broadcast", {{"n", 9}, {"m", 21}});
    const Value x = b.input("x", DType::f32, {"n", "m"}, -3, 3),
                bias = b.input("bias", DType::f32, {"m"}, -1, 1);
    const Value shifted = x + broadcast_to(bias, x.shape());
    all.push_back(b.done({tanh(shifted) * 2.0 + shifted, maximum(shifted, 0.0)}));
  }
  {
    Builder b("mixed_dtypes", {{"n", 37}});
    const Value i = b.input("i", DType::i32, {"n"}, -50, 50),
                u = b.input("u", DType::u8, {"n"}, 0, 256),
                f = b.input("f", DType::f64, {"n"}, -300, 300),
                flag = b.input("flag", DType::boolean, {"n"}, -1, 2);
    all.push_back(b.done({where(flag, f * i, cast(u, DType::f64)), cast(f, DType::i8), u + u,
                          floor_divide(i, cast(u, DType::i32)), bitwise_not(u),
                          logical_and(flag, gt(f, 0.0))}));
  }
  {
    Builder b("elementary_functions", {{"n", 61}});
    const Value x = b.input("x", DType::f64, {"n"}, -1e7, 1e7),
                y = b.input("y", DType::f64, {"n"}, 0, 4);
    all.push_back(b.done({sin(x) + log1p(y), pow(y, y - 2.0), erf(y), mod(x, y), round(x / 3.0)}));
  }
  {
    Builder b("gather_rows", {{"n", 11}, {"k", 29}});
    const Value x = b.input("x", DType::f32, {"n", 5}, -1, 1),
                row = b.input("row", DType::i64, {"k"}, -11, 11);
    const std::vector<Value> indices{row};
    all.push_back(b.done({gather(x, 0, indices) * 0.5}));
  }
  {
    Builder b("row_softmax", {{"n", 7}, {"m", 150}});
    all.push_back(b.done({called("softmax", b.input("x", DType::f32, {"n", "m"}, -4, 4))}));
  }
  {
    Builder b("row_sums", {{"n", 6}});
    all.push_back(b.done({sum(b.input("x", DType::f32, {"n", 200}, -1, 1), {1})}));
  }
  {
    Builder b("column_sums", {{"n", 83}, {"m", 70}});
    all.push_back(b.done({sum(b.input("x", DType::f32, {"n", "m"}, -1, 1), {0})}));
  }
  {
    Builder b("full_sum", {{"n", 10000}});
    all.push_back(b.done({sqrt(sum(sqr(b.input("x", DType::f32, {"n"}, -1, 1)), {0}))}));
  }
  {
    Builder b("concat_slice", {{"n", 5}});
    const Value x = b.input("x", DType::f32, {"n", 6}, -1, 1),
                y = b.input("y", DType::f32, {"n", 3}, -1, 1);
    const Value reversed = slice_of(x, {0, 5}, {"n", 3}, {1, -2});
    all.push_back(b.done({concatenate({reversed, y}, 1)}));
  }
  {
    Builder b("argmax_rows", {{"n", 8}, {"m", 33}});
    all.push_back(b.done({reduce(Op::argmax, b.input("x", DType::f32, {"n", "m"}, -1, 1), {1})}));
  }
  {
    Builder b("product_bias_relu", {{"m", 13}, {"k", 19}, {"n", 40}});
    const Value x = b.input("x", DType::f32, {"m", "k"}, -1, 1),
                w = b.input("w", DType::f32, {"k", "n"}, -1, 1),
                bias = b.input("bias", DType::f32, {"n"}, -1, 1);
    const Value product = matmul(x, w);
    all.push_back(b.done({maximum(product + broadcast_to(bias, product.shape()), 0.0)}));
  }
  return all;
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> all = made();
  return all;
}

codegen::EmittedKernel emitted(const Case& one, const codegen::Dialect& dialect) {
  return codegen::emit(one.lowered.kernels[0], dialect);
}

std::int64_t extent(const Case& one, const Dim& dim) {
  return dim
      .substitute(
          [&](const Dim::Atom& atom) -> std::optional<Dim> { return Dim(one.dims.at(atom.name)); })
      .constant()
      .value();
}

}  // namespace croton::test
