// Schedules: how a group's kernel is written, as data. The table gives each class and target its
// row; what a row says is printed with the group and may be edited there. No schedule reorders a
// reduction, so none can change a bit.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "ir/spelling.hpp"
#include "passes/lower.hpp"

namespace croton::passes {
namespace {

/// Of a product's register tile: rows, and columns in vectors of the target.
struct ProductRow {
  int vector_bytes;
  std::int64_t rows, vectors;
};

// 6 × 4 vectors fill 24 of 32 registers (AVX-512), 6 × 2 fill 12 of 16 (AVX2, SSE), and leave room
// for one row of the right operand and a broadcast of the left.
constexpr std::array<ProductRow, 3> kProducts = {{{64, 6, 4}, {32, 6, 2}, {16, 6, 2}}};

constexpr std::array<std::string_view, 3> kProductNames = {"columns", "narrowest", "rows"};
constexpr std::array<std::string_view, 1> kStreamNames = {"stream"};

// What the schedule of a kind may say.
std::span<const std::string_view> names_of(GroupKind kind) {
  if (kind == GroupKind::product) return kProductNames;
  if (kind == GroupKind::elementwise || kind == GroupKind::row) return kStreamNames;
  return {};
}

}  // namespace

void schedule(ir::Module& module, int vector_bytes, std::int64_t stream_bytes) {
  for (Group& group : module.groups) {
    if (group.kind == GroupKind::elementwise || group.kind == GroupKind::row)
      group.schedule = {{"stream", stream_bytes}};
    if (group.kind != GroupKind::product) continue;
    const auto row = std::find_if(kProducts.begin(), kProducts.end(), [&](const ProductRow& r) {
      return r.vector_bytes <= vector_bytes;
    });
    CROTON_CHECK(row != kProducts.end(), "no schedule for vectors this small");
    const auto lanes = row->vector_bytes / static_cast<std::int64_t>(size_of(group.lead().dtype()));
    // Few columns leave registers for more rows, whose sums then wait less for each other.
    const Shape& shape = group.lead().shape();
    const bool narrow =
        !shape.empty() && shape.back().is_constant() && *shape.back().constant() < lanes;
    const std::int64_t rows = narrow ? 2 * row->rows : row->rows;
    group.schedule = {{"columns", row->vectors * lanes}, {"narrowest", lanes}, {"rows", rows}};
  }
}

void check_schedule(const Group& group) {
  const std::span<const std::string_view> known = names_of(group.kind);
  for (const auto& [name, value] : group.schedule)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UserError(fmt::format("schedule of {}: a {} kernel has no {}{}", group.name,
                                  ir::name(group.kind), name, ir::suggestion(name, known)));
}

bool is_scheduled(const Group& group, std::string_view name) {
  return std::any_of(group.schedule.begin(), group.schedule.end(),
                     [&](const auto& entry) { return entry.first == name; });
}

std::int64_t scheduled(const Group& group, std::string_view name, std::int64_t most) {
  for (const auto& [key, value] : group.schedule)
    if (key == name) {
      const auto* number = std::get_if<std::int64_t>(&value.value);
      if (number == nullptr || *number < 1 || *number > most)
        throw UserError(fmt::format("schedule of {}: {} must be an integer from 1 to {}",
                                    group.name, name, most));
      return *number;
    }
  throw UserError(fmt::format("schedule of {}: {} is missing", group.name, name));
}

}  // namespace croton::passes
