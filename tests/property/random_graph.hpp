// Random well-typed graphs from the op table, with sample values for their inputs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ir/evaluate.hpp"
#include "ir/module.hpp"

namespace croton::test {

/// SplitMix64 (Steele, Lea, Flood, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// 0 … count - 1.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double p) { return unit() < p; }

 private:
  std::uint64_t state_;
};

struct Sample {
  ir::Module module;
  std::vector<ir::Literal> arguments;  // one per input
  std::vector<ir::Literal> state;      // one per update of the module: the variable's first value
  std::string math = "standard";
  [[nodiscard]] std::vector<ir::Binding> bindings() const;
};

/// How often each op was made, per dtype of its (choice) operands: "exp f32".
using Coverage = std::map<std::string, long>;

/// A graph of about `size` ops over inputs whose dims are n and m, symbols or their values, with
/// rules' left sides among them, several outputs and updates of shared variables. Most extents are
/// small; some stand at the borders of lanes and chunks.
[[nodiscard]] Sample random_sample(std::uint64_t seed, int size, Coverage& coverage);
[[nodiscard]] ir::Literal random_literal(Random& random, DType dtype,
                                         std::vector<std::int64_t> shape);
/// Every "op dtype" and "composition dtype" that random graphs can and must make.
[[nodiscard]] std::vector<std::string> expected_coverage();

}  // namespace croton::test
