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

void check_value(const std::string& name, const ir::Type& type, const ArrayView& value,
                 const Site& site) {
  const std::string shape = fmt::format("[{}]", fmt::join(value.shape(), ", "));
  const auto fail = [&](const std::string& why) {
    throw UserError(fmt::format("the shared variable {} cannot hold {}{}: {}", name,
                                croton::name(value.dtype()), shape, why),
                    {{fmt::format("{} : {}", name, ir::text(type)), site}});
  };
  if (value.dtype() != type.dtype)
    fail(fmt::format("it holds {}; cast the value first", croton::name(type.dtype)));
  if (value.rank() != type.rank()) fail(fmt::format("its rank is {}", type.rank()));
  for (std::size_t i = 0; i < type.shape.size(); ++i)
    if (type.shape[i].is_constant() && !type.shape[i].is(value.shape()[i]))
      fail(fmt::format("axis {} has {} elements, not {}", i, type.shape[i].text(),
                       value.shape()[i]));
}

}  // namespace croton::runtime
