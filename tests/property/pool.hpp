// The values that a random graph is made of, and the numbers its leaves stand for.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/property/random_graph.hpp"

namespace croton::test {

class Pool {
 public:
  /// Draws what the symbols n and m stand for, and whether they are known extents.
  Pool(Random& random, Sample& sample);

  Random& random;
  Dim n, m;

  /// A fresh input with random numbers, which is part of the pool from then on.
  ir::Value add_input(DType dtype, const Shape& shape);
  void add_variable(DType dtype, const Shape& shape);
  void add(const ir::Value& value) { values_.push_back(value); }
  [[nodiscard]] const std::vector<ir::Value>& values() const { return values_; }

  /// Any value; recent ones more often, so that graphs grow deep.
  ir::Value pick();
  /// Empty when none of some that were drawn fits.
  ir::Value pick_with(const std::function<bool(const ir::Value&)>& fits);
  /// A value that broadcasts to the shape of `a` and converts to its dtype without deciding
  /// anything, else `a`.
  ir::Value pick_like(const ir::Value& a);
  /// A value of this dtype and of `least` axes or more, else a fresh input.
  ir::Value pick_of(DType dtype, int least);

  /// Conversion. Deciding or rounding on what carries an error leaves much open: rarely done, else
  /// a UserError.
  ir::Value settled(const ir::Value& v, DType dtype);
  /// Indices of dtype i64 that lie within the dim: a remainder by its extent, some counted from the
  /// end.
  ir::Value indices_for(const Dim& d, const Shape& places);

  [[nodiscard]] std::int64_t extent(const Dim& d) const;
  [[nodiscard]] std::int64_t count(const ir::Value& v) const { return extent(volume(v.shape())); }
  /// Symbols that are not known yet stand for a small extent.
  void know(const Shape& shape);

 private:
  ir::Literal drawn(DType dtype, const Shape& shape);

  Sample& sample_;
  std::map<std::string, std::int64_t> extents_;
  std::vector<ir::Value> values_;
};

}  // namespace croton::test
