// The value of a shared variable, and its lock. A call locks the variables it touches in the order
// of their ids, for reading or for writing.
#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>

#include "ir/node.hpp"
#include "runtime/array.hpp"

namespace croton::runtime {

struct SharedState {
  std::string name;
  ir::Type type;
  std::uint64_t id = 0;
  std::shared_mutex mutex;
  Array value;  // row-major, of type.dtype and type's rank
};

/// The state behind a `shared` node. UserError when the node came from a text file and has no
/// value.
[[nodiscard]] std::shared_ptr<SharedState> state_of(const ir::Value& variable);
/// A node and its state, holding a copy of `value`.
[[nodiscard]] std::pair<ir::Value, std::shared_ptr<SharedState>> make_shared_variable(
    const std::string& name, ir::Type type, Array value);
/// Throws UserError, with the variable's line, unless `value` has the type's dtype, rank and fixed
/// extents.
void check_value(const std::string& name, const ir::Type& type, const ArrayView& value,
                 const Site& site);

}  // namespace croton::runtime
