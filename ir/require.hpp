// What must hold of the dims of a call. While a graph is built, dims that are neither provably
// right nor provably wrong are accepted; what was assumed is found again from each node, checked
// before anything is computed from it, and reported in the same words by whoever checks: compiled
// functions, evaluators, libraries written ahead of time.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ir/node.hpp"

namespace croton::ir {

/// A relation of dims that must hold when the function is called; `sites` say who assumed it.
struct Require {
  Dim a, b;
  std::vector<Site> sites{};
  std::string fact{};   // the stated fact that this checks: "n % 8 == 0"
  std::string claim{};  // what is wrong otherwise: "position 3 lies outside axis 0 of extent n"
  Relation relation = Relation::equal;

  [[nodiscard]] bool holds(std::int64_t value_a, std::int64_t value_b) const;
  /// The same relation of the same dims.
  [[nodiscard]] bool same_as(const Require& other) const {
    return relation == other.relation && a == other.a && b == other.b;
  }
};

/// What a node assumes of dims: its op's type rule, extents that may be negative, divisors that may
/// be 0. For a composition, what its body assumes. A dim that can only be wrong is a UserError.
[[nodiscard]] std::vector<Require> requirements(const NodePtr& node);

/// "position 3 lies outside axis 0 of extent n: n is {0}, not at least 4", where {0} and {1} are
/// what a and b are. `values` are what the symbols value$0, value$1, ... stand for.
[[nodiscard]] std::string broken_text(const Require& require, std::span<const Value> values = {});
/// The same with the numbers in their places.
[[nodiscard]] std::string broken(const Require& require, std::int64_t value_a, std::int64_t value_b,
                                 std::span<const Value> values = {});
/// A dim for people: values are called after their inputs or ops.
[[nodiscard]] std::string told(const Dim& dim);
/// The lines of a broken requirement.
[[nodiscard]] std::vector<ErrorNote> notes(const Require& require);

/// While alive, collects what type rules assume on this thread.
class RequireCollector {
 public:
  RequireCollector();
  ~RequireCollector();
  RequireCollector(const RequireCollector&) = delete;
  RequireCollector& operator=(const RequireCollector&) = delete;
  std::vector<Require> found;

 private:
  RequireCollector* outer_;
};

/// For type rules: `a relation b` is assumed, unless it is provable. Throws UserError(claim) when
/// both are numbers for which it does not hold.
void assume(const Dim& a, Relation relation, const Dim& b, const std::string& claim);

}  // namespace croton::ir
