// Which values one kernel computes: groups may not wait for each other.
#include <catch2/catch.hpp>

#include "ir/text.hpp"
#include "passes/group_order.hpp"
#include "passes/pipeline.hpp"

using namespace croton;

TEST_CASE("groups that are merged stay in an order in which each comes after what it reads") {
  // Merging 1 with 4, where 4 needs 3 and 3 needs 0, and 2 needs 1.
  passes::GroupOrder order(5);
  order.merge(1, 4, {3});
  CHECK(order.before(0, 3));
  CHECK(order.before(3, 1));
  CHECK(order.before(1, 2));
  // Moves to one place until its labels have no room left.
  passes::GroupOrder tight(202);
  for (int g = 2; g < 202; g += 2) {
    tight.merge(0, g, {g + 1});
    CHECK(tight.before(g + 1, 0));
    if (g > 2) CHECK(tight.before(g - 1, g + 1));
  }
  CHECK(tight.before(0, 1));
}

TEST_CASE("siblings whose merged kernels would read each other stay apart") {
  // isinf and the transpose of the product have one shape, so do its mirror images; were both pairs
  // merged, either kernel would need the other.
  ir::Module module = ir::parse(R"(ctir 1
module @f : tensor {
  %x = input {name = "x"} : i32[n, m]
  %y = input {name = "y"} : f64[n, m]
  %0 = contract(%x, %x) {a = [0, 1], b = [0, 1], out = [1, 0]}
  %1 = isinf(%y)
  %2 = cast(%1) {dtype = i32}
  %3 = contract(%0, %2) {a = [0, 1], b = [1, 0], out = [0, 1]}
  %4 = lt(%3, %3)
  %5 = concatenate(%4, %4) {axis = 0}
  %6 = transpose(%0) {permutation = [1, 0]}
  input %x, %y
  output %5, %6, %1
}
)");
  const std::string_view passes[] = {"canonicalize", "stabilize", "specialize", "lay-out", "fuse"};
  passes::PipelineReport report;
  passes::run_passes(module, passes, {.verify = true}, report);
  CHECK(module.groups.size() >= 4);
}
