// Descriptions as text for people: one function per view, listed in a table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "runtime/describe.hpp"
#include "runtime/description.hpp"

namespace croton::runtime {

/// A view beside the stages: "kernels", "cpp", "memory", ….
struct View {
  std::string_view name, doc;
  std::optional<Generated> needs;  // what `generate` must have made
  std::string (*text)(const Description&);
};
[[nodiscard]] std::span<const View> all_views();
/// Every view's and stage's name, in the order in which `all` shows them.
[[nodiscard]] std::vector<std::string> view_names(const Description& description);
/// The text of a view or a stage (in this order: `plan` is both), generating what it needs.
/// UserError with the nearest name.
[[nodiscard]] std::string view(Description& description, std::string_view name,
                               const std::string& architecture = "sm_80");
}  // namespace croton::runtime
