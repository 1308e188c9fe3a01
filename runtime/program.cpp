#include "runtime/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <set>

#include "runtime/describe.hpp"
#include "runtime/pool.hpp"

namespace croton::runtime {
namespace {

constexpr std::int64_t kNoFailure = std::numeric_limits<std::int64_t>::max();
// Buffers and dims of a launch that need no allocation.
constexpr std::size_t kInline = 32;

std::string joined(std::span<const std::int64_t> extents) {
  return fmt::format("[{}]", fmt::join(extents, ", "));
}

bool is_aligned(const ArrayView& view) {
  return (reinterpret_cast<std::uintptr_t>(view.data()) & (size_of(view.dtype()) - 1)) == 0;
}

// "{0}" in a failure's message stands for its first value, "{u0}" for the same without a sign.
std::string filled(std::string message, const std::int64_t (&values)[4]) {
  const auto put = [&](const std::string& mark, const std::string& number) {
    for (auto at = message.find(mark); at != std::string::npos; at = message.find(mark))
      message.replace(at, mark.size(), number);
  };
  for (int i = 0; i < 4; ++i) {
    put(fmt::format("{{{}}}", i), std::to_string(values[i]));
    put(fmt::format("{{u{}}}", i), std::to_string(static_cast<std::uint64_t>(values[i])));
  }
  return message;
}

}  // namespace

struct Program::Context {
  Arena arena;
  std::vector<std::int64_t> leaves;
  std::vector<void*> shared;     // per shared variable
  std::vector<void*> pointers;   // per buffer
  std::vector<void*> arguments;  // inputs, then outputs
  // Of one launch. Sized when the context is made: nothing may fail between launches.
  std::vector<void*> launch_pointers;
  std::vector<std::int64_t> launch_dims;
};

// Locks in the order of ids; released in reverse by destruction.
struct Program::Locks {
  explicit Locks(const Program& program) : program_(program) {
    for (const Lock& lock : program.locks_)
      if (lock.exclusive)
        lock.state->mutex.lock();
      else
        lock.state->mutex.lock_shared();
  }
  ~Locks() {
    for (auto lock = program_.locks_.rbegin(); lock != program_.locks_.rend(); ++lock)
      if (lock->exclusive)
        lock->state->mutex.unlock();
      else
        lock->state->mutex.unlock_shared();
  }
  Locks(const Locks&) = delete;
  Locks& operator=(const Locks&) = delete;
  const Program& program_;
};

Program::Program(ir::Module graph, ir::Region plan,
                 std::vector<std::pair<std::string, LoadedKernel>> kernels,
                 const ProgramCounters& counters, CompileSettings settings,
                 std::shared_ptr<const Program> prologue)
    : module_(std::move(graph)),
      plan_(std::move(plan)),
      counters_(counters),
      settings_(std::move(settings)),
      threads_(settings_.threads > 0 ? settings_.threads : default_threads()),
      prologue_(std::move(prologue)) {
  // The first axis that is a symbol tells its value, also to formulas before it.
  std::set<std::string> told;
  const auto type_of = [&](const ir::Type& type, bool binds) {
    InputType out{type.dtype, {}, {}};
    for (const Dim& dim : type.shape) {
      const std::string symbol = dim.symbol();
      const bool tells = binds && !symbol.empty() && told.insert(symbol).second;
      out.extents.emplace_back(dim, leaves_);
      out.binds.push_back(tells ? leaves_.find_symbol(symbol) : -1);
    }
    return out;
  };
  for (const ir::Value& input : module_.inputs) {
    inputs_.push_back(type_of(input.type(), true));
    input_names_.push_back(input.node->attribute<std::string>("name"));
  }
  for (const ir::Value& variable : module_.shared_variables()) {
    shared_.push_back(state_of(variable));
    shared_types_.push_back(type_of(variable.type(), true));
    const bool written =
        std::any_of(module_.updates.begin(), module_.updates.end(),
                    [&](const ir::Update& update) { return update.variable == variable; });
    locks_.push_back({shared_.back().get(), written});
  }
  order_locks();
  for (const ir::Value& output : module_.outputs) outputs_.push_back(type_of(output.type(), false));
  for (const ir::Require& require : module_.requires_)
    requires_.emplace_back(DimProgram(require.a, leaves_), DimProgram(require.b, leaves_));
  build_buffers();
  build_steps(kernels);
  for (std::size_t i = 0; i < leaves_.atoms().size(); ++i)
    if (leaves_.atoms()[i].kind == Dim::Atom::Kind::symbol) {
      symbol_names_.push_back(leaves_.atoms()[i].name);
      symbol_slots_.push_back(static_cast<int>(i));
    }
  find_direct();
}

Program::~Program() { delete spare_.load(); }

void Program::bind_leaves(std::span<const ArrayView> inputs, std::span<const Array> values,
                          std::int64_t* leaves) const {
  for (std::size_t k = 0; k < values.size(); ++k)
    if (const int slot = leaves_.find_symbol(fmt::format("{}{}", Dim::kValuePrefix, k)); slot >= 0)
      leaves[slot] = values[k].item<std::int64_t>();
  if (inputs.size() != inputs_.size())
    throw UserError(fmt::format("{} takes {} arguments ({}), not {}", module_.name, inputs_.size(),
                                fmt::join(input_names_, ", "), inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const InputType& type = inputs_[i];
    if (inputs[i].dtype() != type.dtype)
      refuse(i, fmt::format("was given {}; cast it to {} first", name(inputs[i].dtype()),
                            name(type.dtype)));
    if (inputs[i].rank() != static_cast<int>(type.extents.size()))
      refuse(i, fmt::format("was given shape {}, of rank {} and not {}", joined(inputs[i].shape()),
                            inputs[i].rank(), type.extents.size()));
    if (inputs[i].data() == nullptr && inputs[i].count() > 0) refuse(i, "was given a null pointer");
    for (std::size_t axis = 0; axis < type.extents.size(); ++axis)
      if (type.binds[axis] >= 0) leaves[type.binds[axis]] = inputs[i].shape()[axis];
  }
  for (std::size_t v = 0; v < shared_.size(); ++v)
    for (std::size_t axis = 0; axis < shared_types_[v].extents.size(); ++axis)
      if (shared_types_[v].binds[axis] >= 0)
        leaves[shared_types_[v].binds[axis]] = shared_[v]->value.shape()[axis];
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (std::size_t axis = 0; axis < inputs_[i].extents.size(); ++axis) {
      const std::int64_t wanted = inputs_[i].extents[axis](leaves);
      const std::int64_t given = inputs[i].shape()[axis];
      if (wanted == given) continue;
      const Dim& dim = module_.inputs[i].shape()[axis];
      if (dim.is_constant())
        refuse(i, fmt::format("was given shape {}", joined(inputs[i].shape())));
      refuse(i, fmt::format("was given {} along axis {}, but {} is {} elsewhere", given, axis,
                            dim.text(), wanted));
    }
  for (std::size_t v = 0; v < shared_.size(); ++v)
    for (std::size_t axis = 0; axis < shared_types_[v].extents.size(); ++axis) {
      const std::int64_t wanted = shared_types_[v].extents[axis](leaves);
      const std::int64_t found = shared_[v]->value.shape()[axis];
      if (wanted == found) continue;
      const ir::Value variable = module_.state[v];
      throw UserError(
          fmt::format("{}: the shared variable {} has {} along axis {}, but {} is {} elsewhere",
                      module_.name, shared_[v]->name, found, axis, variable.shape()[axis].text(),
                      wanted),
          {{fmt::format("{} : {}", shared_[v]->name, ir::text(variable.type())),
            variable.node->provenance().first_site()}});
    }
}

void Program::refuse(std::size_t input, const std::string& why) const {
  const ir::Provenance from = module_.inputs[input].node->provenance();
  throw UserError(
      fmt::format("{}: argument {} {}", module_.name, input_names_[input], why),
      {{fmt::format("{} : {}", input_names_[input], ir::text(module_.inputs[input].type())),
        from.first_site()}});
}

std::span<const ArrayView> Program::with_numbers_converted(
    std::span<const ArrayView> inputs, std::vector<ArrayView>& converted) const {
  if (inputs.size() != inputs_.size()) return inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].is_number() || inputs[i].dtype() == inputs_[i].dtype) continue;
    const std::optional<ArrayView> exact = inputs[i].number_as(inputs_[i].dtype);
    if (!exact)
      refuse(i, fmt::format("was given a number of {} that {} does not hold exactly; cast it first",
                            name(inputs[i].dtype()), name(inputs_[i].dtype)));
    if (converted.empty()) converted.assign(inputs.begin(), inputs.end());
    converted[i] = *exact;
  }
  return converted.empty() ? inputs : std::span<const ArrayView>(converted);
}

void Program::check_requires(const std::int64_t* leaves) const {
  for (std::size_t i = 0; i < requires_.size(); ++i) {
    const std::int64_t a = requires_[i].first(leaves), b = requires_[i].second(leaves);
    const ir::Require& require = module_.requires_[i];
    if (require.holds(a, b)) continue;
    const std::span<const ir::Value> values =
        prologue_ ? std::span<const ir::Value>(prologue_->module_.outputs)
                  : std::span<const ir::Value>();
    throw UserError(fmt::format("{}: {}", module_.name, ir::broken(require, a, b, values)),
                    ir::notes(require));
  }
}

std::unique_ptr<Program::Context> Program::acquire() const {
  if (Context* spare = spare_.exchange(nullptr, std::memory_order_acquire))
    return std::unique_ptr<Context>(spare);
  {
    const std::lock_guard lock(contexts_mutex_);
    if (!contexts_.empty()) {
      std::unique_ptr<Context> context = std::move(contexts_.back());
      contexts_.pop_back();
      return context;
    }
  }
  auto context = std::make_unique<Context>();
  context->leaves.resize(leaves_.atoms().size() + 1);
  context->shared.resize(shared_.size());
  context->pointers.resize(buffers_.size());
  context->arguments.resize(inputs_.size() + outputs_.size());
  for (const Launch& launch : launches_) {
    context->launch_pointers.resize(
        std::max(context->launch_pointers.size(), launch.buffers.size()));
    context->launch_dims.resize(std::max(context->launch_dims.size(), launch.dims.size()));
  }
  return context;
}

// After the commit: what cannot be kept is let go.
void Program::release(std::unique_ptr<Context> context) const noexcept {
  Context* none = nullptr;
  if (spare_.compare_exchange_strong(none, context.get(), std::memory_order_release)) {
    (void)context.release();
    return;
  }
  try {
    const std::lock_guard lock(contexts_mutex_);
    contexts_.push_back(std::move(context));
  } catch (const std::bad_alloc&) {
  }
}

void Program::run(Context& context, void* const* inputs, void* const* outputs,
                  std::int64_t* spent) const {
  const std::int64_t* leaves = context.leaves.data();
  const std::int64_t bytes = arena_bytes_(leaves);
  std::byte* base = bytes > 0 ? context.arena.reserve(static_cast<std::size_t>(bytes)) : nullptr;
  for (std::size_t i = 0; i < shared_.size(); ++i) context.shared[i] = shared_[i]->value.raw();
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const Buffer& buffer = buffers_[i];
    const auto index = static_cast<std::size_t>(buffer.index);
    switch (buffer.kind) {
      case Buffer::Kind::input:
        context.pointers[i] = inputs[index];
        break;
      case Buffer::Kind::shared:
        context.pointers[i] = context.shared[index];
        break;
      case Buffer::Kind::output:
        context.pointers[i] = outputs[index];
        break;
      case Buffer::Kind::arena:
        context.pointers[i] = base + buffer.offset(leaves);
        break;
    }
  }
  for (const Launch& launch : launches_) {
    if (spent == nullptr) {
      run_launch(launch, context);
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    run_launch(launch, context);
    const auto time = std::chrono::steady_clock::now() - start;
    *spent++ += std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  }
  for (const Commit& commit : commits_) {
    const auto source = static_cast<std::size_t>(commit.source);
    // Nothing has no address either.
    if (const auto bytes = static_cast<std::size_t>(buffers_[source].bytes(leaves)); bytes > 0)
      std::memcpy(context.shared[static_cast<std::size_t>(commit.variable)],
                  context.pointers[source], bytes);
  }
}

void Program::run_launch(const Launch& launch, Context& context) const {
  void** pointers = context.launch_pointers.data();
  std::int64_t* dims = context.launch_dims.data();
  for (std::size_t i = 0; i < launch.buffers.size(); ++i)
    pointers[i] = context.pointers[static_cast<std::size_t>(launch.buffers[i])];
  for (std::size_t i = 0; i < launch.dims.size(); ++i)
    dims[i] = launch.dims[i](context.leaves.data());
  run_kernel(launch, pointers, dims, launch.extent(context.leaves.data()));
}

inline void Program::run_kernel(const Launch& launch, void* const* pointers,
                                const std::int64_t* dims, std::int64_t extent) const {
  codegen::KernelFailure failure;
  failure.index = kNoFailure;
  if (threads_ == 1 || extent <= launch.grain)
    launch.kernel.entry(pointers, dims, 0, extent, &failure);
  else
    run_parallel(launch, pointers, dims, extent, failure);
  if (launch.kernel.combine && failure.index == kNoFailure)
    launch.kernel.combine(pointers, dims, 0, 1, &failure);
  if (failure.index != kNoFailure) fail(launch, failure);
}

// The failure with the lowest index wins, whichever thread meets it.
void Program::run_parallel(const Launch& launch, void* const* pointers, const std::int64_t* dims,
                           std::int64_t extent, codegen::KernelFailure& failure) const {
  struct Work {
    const Launch* launch;
    void* const* pointers;
    const std::int64_t* dims;
    codegen::KernelFailure* failure;
    std::mutex mutex;
  } work{&launch, pointers, dims, &failure, {}};
  const auto body = [](void* argument, std::int64_t begin, std::int64_t end, int) noexcept -> int {
    Work& w = *static_cast<Work*>(argument);
    codegen::KernelFailure own;
    own.index = kNoFailure;
    w.launch->kernel.entry(w.pointers, w.dims, begin, end, &own);
    if (own.index == kNoFailure) return 0;
    const std::lock_guard lock(w.mutex);
    if (own.index < w.failure->index) *w.failure = own;
    return 0;
  };
  pool_parallel_for(threads_, extent, launch.grain, body, &work);
}

// The lines come from running the passes anew: a failure may take its time, calls may not.
void Program::fail(const Launch& launch, const codegen::KernelFailure& failure) const {
  const auto site = static_cast<std::size_t>(failure.site);
  CROTON_CHECK(site < launch.kernel.failures.size(), "a kernel failed at an unknown site");
  std::vector<ErrorNote> notes;
  for (const Site& where :
       failure_sites(module_, pipeline_options(settings_, host_target()), launch.name, site))
    notes.push_back({"in", where});
  throw UserError(
      fmt::format("{}: {}", module_.name, filled(launch.kernel.failures[site], failure.values)),
      std::move(notes));
}

template <class OutputsFor>
void Program::run_locked(std::span<const ArrayView> given, const OutputsFor& outputs_for,
                         std::int64_t* spent) const {
  std::vector<ArrayView> converted;
  const std::span<const ArrayView> inputs = with_numbers_converted(given, converted);
  const std::vector<Array> values =
      prologue_ ? prologue_->call_locked(inputs) : std::vector<Array>{};
  std::unique_ptr<Context> context = acquire();
  std::int64_t* leaves = context->leaves.data();
  bind_leaves(inputs, values, leaves);
  check_requires(leaves);
  const std::span<const ArrayView> outputs = outputs_for(leaves);
  std::vector<Array> packed;  // copies of inputs with another layout or alignment
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool aligned = is_aligned(inputs[i]);
    const bool as_it_is = aligned && is_row_major(inputs[i].shape(), inputs[i].strides());
    if (!as_it_is) {
      const Array given(inputs[i]);
      packed.push_back(aligned ? given.contiguous() : given.copy());
    }
    context->arguments[i] = as_it_is ? inputs[i].data() : packed.back().raw();
  }
  for (std::size_t i = 0; i < outputs.size(); ++i)
    context->arguments[inputs.size() + i] = outputs[i].data();
  run(*context, context->arguments.data(), context->arguments.data() + inputs.size(), spent);
  release(std::move(context));
}

std::vector<Array> Program::call(std::span<const ArrayView> inputs) const {
  const Locks locks(*this);
  return call_locked(inputs);
}

std::vector<Array> Program::call_locked(std::span<const ArrayView> inputs) const {
  std::vector<Array> outputs;
  std::vector<ArrayView> views;
  run_locked(inputs, [&](const std::int64_t* leaves) {
    for (const InputType& type : outputs_) {
      std::vector<std::int64_t> shape;
      for (const DimProgram& extent : type.extents) shape.push_back(extent(leaves));
      outputs.push_back(Array::uninitialized(type.dtype, std::move(shape)));
      views.emplace_back(outputs.back());
    }
    return std::span<const ArrayView>(views);
  });
  return outputs;
}

void Program::call_into(std::span<const ArrayView> outputs, std::span<const ArrayView> inputs,
                        std::span<std::int64_t> spent) const {
  if (outputs.size() != outputs_.size())
    throw UserError(
        fmt::format("{} has {} outputs, not {}", module_.name, outputs_.size(), outputs.size()));
  CROTON_CHECK(spent.empty() || spent.size() == launches_.size(), "times of another function");
  const Locks locks(*this);
  const auto checked = [&](const std::int64_t* leaves) {
    check_overlap(outputs, inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].is_number())
        throw UserError(
            fmt::format("{}: output {} was given a number, not memory", module_.name, i));
      const std::vector<DimProgram>& extents = outputs_[i].extents;
      const bool fits =
          outputs[i].dtype() == outputs_[i].dtype &&
          std::equal(extents.begin(), extents.end(), outputs[i].shape().begin(),
                     outputs[i].shape().end(), [&](const DimProgram& extent, std::int64_t given) {
                       return extent(leaves) == given;
                     });
      if (!fits) {
        std::vector<std::int64_t> shape;
        for (const DimProgram& extent : extents) shape.push_back(extent(leaves));
        throw UserError(fmt::format("{}: output {} is {}{}, but was given {}{}", module_.name, i,
                                    name(outputs_[i].dtype), joined(shape),
                                    name(outputs[i].dtype()), joined(outputs[i].shape())));
      }
      if (!is_row_major(outputs[i].shape(), outputs[i].strides()))
        throw UserError(
            fmt::format("{}: the memory for output {} must be row-major", module_.name, i));
      if (!is_aligned(outputs[i]))
        throw UserError(fmt::format("{}: the memory for output {} is not aligned to {}",
                                    module_.name, i, name(outputs[i].dtype())));
      if (outputs[i].data() == nullptr && outputs[i].count() > 0)
        throw UserError(fmt::format("{}: output {} was given a null pointer", module_.name, i));
    }
    return outputs;
  };
  run_locked(inputs, checked, spent.empty() ? nullptr : spent.data());
}

std::vector<std::string> Program::launch_names() const {
  std::vector<std::string> names;
  for (const Launch& launch : launches_) names.push_back(launch.name);
  return names;
}

void Program::raw(void* const* pointers, const std::int64_t* dims) const {
  const std::int64_t extent = direct_.extent < 0 ? 1 : dims[direct_.extent];
  if (extent > direct_.most) return raw_with_context(pointers, dims);
  codegen::KernelFailure failure;
  failure.index = kNoFailure;
  direct_.entry(pointers, dims, 0, extent, &failure);
  if (failure.index != kNoFailure) fail(launches_[0], failure);
}

void Program::raw_with_context(void* const* pointers, const std::int64_t* dims) const {
  const Locks locks(*this);
  std::unique_ptr<Context> context = acquire();
  for (std::size_t i = 0; i < symbol_slots_.size(); ++i)
    context->leaves[static_cast<std::size_t>(symbol_slots_[i])] = dims[i];
  run(*context, pointers, pointers + inputs_.size());
  release(std::move(context));
}

void Program::check_overlap(std::span<const ArrayView> outputs,
                            std::span<const ArrayView> inputs) const {
  // In 128 bits: no stride that a caller makes up overflows.
  const auto range = [](const ArrayView& view) {
    __int128 low = 0, high = 0;
    for (int i = 0; i < view.rank(); ++i) {
      const auto axis = static_cast<std::size_t>(i);
      const __int128 reach = static_cast<__int128>(view.shape()[axis] - 1) * view.strides()[axis];
      (reach < 0 ? low : high) += reach;
    }
    const auto size = static_cast<__int128>(size_of(view.dtype()));
    const auto base = static_cast<__int128>(reinterpret_cast<std::uintptr_t>(view.data()));
    return std::pair(base + low * size, base + (high + 1) * size);
  };
  const auto meet = [&](const ArrayView& a, const ArrayView& b) {
    if (a.count() == 0 || b.count() == 0) return false;
    const auto [a0, a1] = range(a);
    const auto [b0, b1] = range(b);
    return a0 < b1 && b0 < a1;
  };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      if (meet(outputs[i], outputs[j]))
        throw UserError(
            fmt::format("{}: the memory of outputs {} and {} overlaps", module_.name, j, i));
    for (std::size_t j = 0; j < inputs.size(); ++j)
      if (meet(outputs[i], inputs[j]))
        throw UserError(fmt::format("{}: the memory of output {} overlaps argument {}",
                                    module_.name, i, input_names_[j]));
  }
}

}  // namespace croton::runtime
