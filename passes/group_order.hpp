// A topological order of groups that stays one while groups are merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace croton::passes {

/// Every group comes after those it reads, members of merged groups included; positions of members
/// in the graph's order say nothing of that, since a merged group has early and late members.
class GroupOrder {
 public:
  /// Groups 0, 1, … in this order.
  explicit GroupOrder(std::size_t groups = 0);

  [[nodiscard]] bool before(int a, int b) const { return label(a) < label(b); }

  /// The groups there are, each after those it reads.
  [[nodiscard]] std::vector<int> order() const;

  /// `host` becomes both and takes the place of the earlier one. `between` are the groups after
  /// that place which the later one needs, none of which needs the earlier one: they move before
  /// it.
  void merge(int host, int guest, std::vector<int> between);

 private:
  [[nodiscard]] std::uint64_t label(int group) const {
    return labels_[static_cast<std::size_t>(group)];
  }
  void spread();

  std::vector<std::uint64_t> labels_;    // ascending in the order
  std::map<std::uint64_t, int> groups_;  // by label
};

}  // namespace croton::passes
