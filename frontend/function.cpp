#include "frontend/croton/function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "frontend/build.hpp"
#include "ir/gradient.hpp"
#include "runtime/compile.hpp"
#include "runtime/config.hpp"
#include "runtime/describe.hpp"
#include "runtime/module_file.hpp"
#include "runtime/npy.hpp"
#include "runtime/shared_state.hpp"

namespace croton {
std::string detail::math_of(const std::optional<Math>& math) {
  constexpr const char* names[] = {"strict", "standard", "fast"};
  if (math) return names[static_cast<int>(*math)];
  return runtime::setting("CROTON_MATH").value_or("standard");
}

runtime::SharedState& Shared::state() const {
  if (!state_) throw UserError("a shared variable is used that was moved from");
  return *state_;
}

Array Shared::get() const {
  runtime::SharedState& own = state();
  const std::shared_lock lock(own.mutex);
  return own.value.copy();
}

void Shared::set(const ArrayView& value) {
  runtime::SharedState& own = state();
  runtime::check_value(own.name, own.type, value, site());
  Array fresh = Array(value).copy();
  const std::unique_lock lock(own.mutex);
  own.value = std::move(fresh);
}

Shared shared(std::string name, const ArrayView& value, Shape shape, Location where) {
  Array copy = Array(value).copy();
  if (!is_supported(copy.dtype()))
    throw UserError(fmt::format("shared {}: operations on {} are not supported", name,
                                croton::name(copy.dtype())));
  ir::Type type = ir::tensor(copy.dtype(), shape);
  if (shape.empty()) type.shape = Shape(copy.shape().begin(), copy.shape().end());
  runtime::check_value(name, type, copy, site_of(where));
  auto [node, state] = runtime::make_shared_variable(name, std::move(type), std::move(copy));
  node.node->add_site(site_of(where));
  return {detail::expr_of(node, site_of(where), name), std::move(state)};
}

Expr constant(const ArrayView& value, Location where) {
  return detail::expr_of(ir::constant(runtime::literal_of(Array(value))), site_of(where));
}

const Array& Results::operator[](std::size_t i) const {
  if (i >= arrays_.size()) throw UserError(fmt::format("result {} of {}", i, arrays_.size()));
  return arrays_[i];
}

const Array& Results::single() const {
  if (arrays_.size() != 1)
    throw UserError(fmt::format("there are {} results, not one", arrays_.size()));
  return arrays_[0];
}

std::ostream& operator<<(std::ostream& out, const Results& results) {
  for (const Array& array : results)
    out << array << (&array == &results.arrays_.back() ? "" : "\n");
  return out;
}

const runtime::Program* Function::program() const {
  if (!program_) throw UserError("a function is called that was moved from");
  return program_.get();
}

Results Function::call(std::span<const ArrayView> arguments) const {
  return Results(program()->call(arguments));
}

void Function::call_into(std::span<const ArrayView> outputs,
                         std::span<const ArrayView> arguments) const {
  program()->call_into(outputs, arguments);
}

Results Function::operator()(std::initializer_list<NamedArray> arguments) const {
  const std::vector<std::string>& names = program()->input_names();
  std::vector<ArrayView> ordered(names.size());
  std::vector<bool> given(names.size());
  for (const NamedArray& argument : arguments) {
    const auto it = std::find(names.begin(), names.end(), argument.name);
    if (it == names.end())
      throw UserError(fmt::format("there is no input named {}; there are {}", argument.name,
                                  fmt::join(names, ", ")));
    const auto i = static_cast<std::size_t>(it - names.begin());
    if (given[i]) throw UserError(fmt::format("the input {} is given twice", argument.name));
    ordered[i] = argument.value;
    given[i] = true;
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!given[i]) throw UserError(fmt::format("the input {} is not given", names[i]));
  return call(ordered);
}

void Function::raw(void* const* pointers, const std::int64_t* dims) const {
  program()->raw(pointers, dims);
}
std::vector<std::string> Function::dim_names() const { return program()->dim_names(); }
std::string Function::source() const { return runtime::source(*program()); }
std::string Function::explain() const { return runtime::explain(*program()); }
void Function::dump(const std::filesystem::path& directory) const {
  runtime::dump(*program(), directory);
}

Function::Counters Function::counters() const {
  const runtime::ProgramCounters& own = program()->counters();
  return {own.kernels,  program()->launches(), own.cache_hits,
          own.compiled, own.compiled,          own.compile_seconds};
}

Function compile(const Exprs& inputs, const Exprs& outputs, const CompileOptions& options,
                 Location where) {
  if (options.threads < 0)
    throw UserError(fmt::format("compile: .threads is {}; at least 0 is wanted", options.threads),
                    {{"in  compile", site_of(where)}});
  const std::int64_t stream_bytes =
      options.stream_bytes.value_or(runtime::CompileSettings{}.stream_bytes);
  if (stream_bytes < 1)
    throw UserError(fmt::format("compile: .stream_bytes is {}; at least 1 is wanted", stream_bytes),
                    {{"in  compile", site_of(where)}});
  const auto module = std::make_shared<const ir::Module>(
      detail::module_of(inputs, outputs, options, site_of(where)));
  return {runtime::compile(*module, {.math = detail::math_of(options.math),
                                     .threads = options.threads,
                                     .stream_bytes = stream_bytes}),
          module};
}

Function Function::copy(const CopyOptions& options, Location where) const {
  (void)program();
  ir::Module module = *module_;
  if (options.delete_updates) module.updates.clear();
  if (!options.name.empty()) module.name = options.name;
  const std::vector<ir::Value> variables = module_->shared_variables();
  std::vector<std::pair<ir::Value, ir::Value>> replacements;
  for (const auto& [from, to] : options.swap) {
    const ir::Value a = detail::value_of(from), b = detail::value_of(to);
    const std::vector<ErrorNote> notes{
        {from.text(), from.site()}, {to.text(), to.site()}, {"in  copy", site_of(where)}};
    if (std::find(variables.begin(), variables.end(), a) == variables.end())
      throw UserError(fmt::format("copy: {} does not use {}", module.name, from.name()), notes);
    if (!(a.type() == b.type()))
      throw UserError(fmt::format("copy: {} cannot take the place of {}", to.name(), from.name()),
                      notes);
    replacements.emplace_back(a, b);
  }
  module.set_roots(ir::substitute(module.roots(), replacements));
  for (ir::Update& update : module.updates)
    for (const auto& [from, to] : replacements)
      if (update.variable == from) update.variable = to;
  return {runtime::compile(module, {.math = program()->settings().math,
                                    .threads = program()->settings().threads,
                                    .stream_bytes = program()->settings().stream_bytes}),
          std::make_shared<const ir::Module>(module)};
}

Expr freeze(const Shared& variable, Location where) { return constant(variable.get(), where); }

Array eval(const Expr& expr, std::initializer_list<std::pair<Expr, ArrayView>> inputs,
           Location where) {
  std::vector<Expr> leaves;
  std::vector<ArrayView> values;
  for (const auto& [leaf, value] : inputs) {
    leaves.push_back(leaf);
    values.push_back(value);
  }
  return compile(leaves, {expr}, {.name = "eval"}, where).call(values).single();
}

void save_npz(const std::filesystem::path& path, std::initializer_list<Shared> variables) {
  std::vector<std::pair<std::string, Array>> arrays;
  for (const Shared& variable : variables) arrays.emplace_back(variable.name(), variable.get());
  save_npz(path, arrays);
}

void load_npz(const std::filesystem::path& path, std::initializer_list<Shared> variables) {
  const auto arrays = load_npz(path);
  std::vector<std::pair<Shared, Array>> found;
  for (const Shared& variable : variables) {
    const auto it = std::find_if(arrays.begin(), arrays.end(),
                                 [&](const auto& a) { return a.first == variable.name(); });
    if (it == arrays.end())
      throw UserError(fmt::format("{} has no array named {}", path.string(), variable.name()));
    found.emplace_back(variable, it->second);
  }
  for (auto& [variable, array] : found)
    runtime::check_value(variable.name(), detail::value_of(variable).type(), array,
                         variable.site());
  for (auto& [variable, array] : found) variable.set(array);
}

std::string version() { return CROTON_VERSION; }

}  // namespace croton
