// Facts about dims: what they simplify, and rules that act on what is left.
#include <catch2/catch.hpp>

#include "ir/builder.hpp"
#include "ir/text.hpp"
#include "passes/pipeline.hpp"
#include "passes/simplify_dims.hpp"

using namespace croton;
using namespace croton::ir;

TEST_CASE("facts make dims shorter, and only where they prove it") {
  const Dim n("n"), m("m");
  const std::vector<Fact> facts{{Fact::Kind::divisible, "n", 8}, {Fact::Kind::at_least, "n", 1}};
  const auto now = [&](const Dim& d) { return passes::simplified(d, facts); };
  CHECK(now(Dim::mod(n, 8)) == Dim(0));
  CHECK(now(Dim::mod(n, 4)) == Dim(0));
  CHECK(now(Dim::mod(n * m, 4)) == Dim(0));
  CHECK(now(Dim(4) * Dim::floordiv(n, 4)) == n);
  CHECK(now(Dim::floordiv(n + Dim(7), 8)) == Dim::floordiv(n, 8));
  CHECK(now(Dim::max(n, 1)) == n);
  CHECK(now(Dim::max(n, 8)) == n);  // the least positive multiple
  CHECK(now(Dim::min(n, 1)) == Dim(1));
  CHECK(now(Dim::max(n - Dim(8), 0)) == n - Dim(8));
  for (const Dim& kept : {Dim::mod(n, 16), Dim::floordiv(n, 8), Dim::max(n, 9), Dim::mod(m, 8),
                          Dim::max(m, 1), n, n * m + Dim(3)})
    CHECK(now(kept) == kept);
  // Whatever it becomes has the same value wherever the facts hold.
  const Dim odd = Dim::floordiv(n * m + Dim(13), 4) + Dim::mod(n + m, 3) * Dim::max(n, m);
  for (const std::int64_t a : {8, 16, 24, 80})
    for (const std::int64_t b : {0, 1, 5, 9}) {
      const auto value = [&](const Dim::Atom& atom) { return atom.name == "n" ? a : b; };
      CHECK(now(odd).evaluate(value) == odd.evaluate(value));
    }
}

TEST_CASE("a slice of everything vanishes once a fact shows that it is one") {
  const Value x = input("x", tensor(DType::f32, {"n"}));
  Module m;
  m.inputs = {x};
  m.outputs = {slice_of(x, {0}, {Dim(4) * Dim::floordiv(Dim("n"), 4)}, {1})};
  const std::string_view passes[] = {"canonicalize"};
  passes::PipelineReport report;
  Module without = m;
  passes::run_passes(without, passes, {.verify = true}, report);
  CHECK(without.outputs == m.outputs);
  m.facts = {{Fact::Kind::divisible, "n", 4}};
  passes::run_passes(m, passes, {.verify = true}, report);
  CHECK(m.outputs[0] == x);
}
