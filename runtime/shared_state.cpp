#include "runtime/shared_state.hpp"

#include <fmt/format.h>

#include <atomic>

#include "ir/builder.hpp"

namespace croton::runtime {

std::shared_ptr<SharedState> state_of(const ir::Value& variable) {
  auto state = std::static_pointer_cast<SharedState>(variable.node->payload);
  if (!state)
    throw UserError(fmt::format("the shared variable {} has no value",
                                variable.node->attribute<std::string>("name")));
  return state;
}

std::pair<ir::Value, std::shared_ptr<SharedState>> make_shared_variable(const std::string& name,
                                                                        ir::Type type,
                                                                        Array value) {
  static std::atomic<std::uint64_t> next_id{1};
  auto state = std::make_shared<SharedState>();
  state->name = name;
  state->type = type;
  state->id = next_id.fetch_add(1);
  state->value = std::move(value);
  return {ir::shared(name, std::move(type), state), state};
}

void check_value(const std::string& name, const ir::Type& type, const Array& value) {
  bool fits = value.dtype() == type.dtype && value.rank() == type.rank();
  for (std::size_t i = 0; fits && i < type.shape.size(); ++i)
    fits = !type.shape[i].is_constant() || type.shape[i].is(value.shape()[i]);
  if (!fits)
    throw UserError(fmt::format("{} : {} cannot hold {}[{}]", name, ir::text(type),
                                croton::name(value.dtype()), fmt::join(value.shape(), ", ")));
}

}  // namespace croton::runtime
