// What rows_wide.cpp measures: everyday programs as croton and as NumPy write them.
#pragma once

#include <croton/croton.hpp>

#include <functional>
#include <string>
#include <vector>

namespace bench {

using croton::DType, croton::Expr, croton::Extents;

/// The numbers of `fill`, converted. NumPy knows the operands as a, b, c.
struct Argument {
  DType dtype;
  Extents extents;
  double scale = 1, shift = 0;
};

struct Program {
  std::string name;
  std::vector<Argument> arguments;
  DType dtype;      // of the result
  Extents extents;  // of the result
  std::string numpy;
  std::function<Expr(const std::vector<Expr>&)> build;
};

using Inputs = std::vector<Expr>;

std::vector<Program> elementwise_programs();
std::vector<Program> movement_programs();
std::vector<Program> reduction_programs();
std::vector<Program> indexing_programs();
std::vector<Program> product_programs();
std::vector<Program> network_programs();

inline constexpr std::int64_t kMillion = 1'000'000;
inline const Argument kLine{croton::f64, {kMillion}}, kOther{croton::f64, {kMillion}, 2, -1},
    kLine32{croton::f32, {kMillion}, 8, -4}, kSquare{croton::f32, {1000, 1000}, 2, -1},
    kSquare64{croton::f64, {1000, 1000}, 2, -1}, kWhole{croton::i32, {kMillion}, 2000, 1},
    kWhole2{croton::i32, {kMillion}, 100, 1}, kBlock{croton::f32, {64, 128, 256}};

}  // namespace bench
