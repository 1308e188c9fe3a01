#include "passes/group_order.hpp"

#include <algorithm>
#include <utility>

namespace croton::passes {
namespace {

constexpr std::uint64_t kGap = std::uint64_t{1} << 32;

}  // namespace

GroupOrder::GroupOrder(std::size_t groups) : labels_(groups) {
  for (std::size_t i = 0; i < groups; ++i) {
    labels_[i] = (i + 1) * kGap;
    groups_.emplace_hint(groups_.end(), labels_[i], static_cast<int>(i));
  }
}

std::vector<int> GroupOrder::order() const {
  std::vector<int> out;
  for (const auto& [label, group] : groups_) out.push_back(group);
  return out;
}

void GroupOrder::merge(int host, int guest, std::vector<int> between) {
  std::sort(between.begin(), between.end(), [&](int a, int b) { return before(a, b); });
  const int early = before(host, guest) ? host : guest;
  const auto room = [&] {
    const auto at = groups_.find(label(early));
    return label(early) - (at == groups_.begin() ? 0 : std::prev(at)->first);
  };
  if (room() <= between.size()) spread();
  const std::uint64_t step = room() / (between.size() + 1);
  std::uint64_t next = label(early) - step * between.size();
  for (const int group : between) {
    groups_.erase(label(group));
    labels_[static_cast<std::size_t>(group)] = next;
    groups_.emplace(next, group);
    next += step;
  }
  const std::uint64_t place = label(early);
  groups_.erase(label(host));
  groups_.erase(label(guest));
  labels_[static_cast<std::size_t>(host)] = place;
  groups_.emplace(place, host);
}

void GroupOrder::spread() {
  std::map<std::uint64_t, int> fresh;
  std::uint64_t next = 0;
  for (const auto& [label, group] : groups_) {
    labels_[static_cast<std::size_t>(group)] = next += kGap;
    fresh.emplace_hint(fresh.end(), next, group);
  }
  groups_ = std::move(fresh);
}

}  // namespace croton::passes
