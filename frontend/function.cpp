#include "frontend/croton/function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "frontend/build.hpp"
#include "ir/gradient.hpp"
#include "runtime/compile.hpp"
#include "runtime/npy.hpp"
#include "runtime/shared_state.hpp"

namespace croton {
namespace {

ErrorNote note(const Expr& expr) { return {expr.text(), expr.site()}; }

class Builder {
 public:
  Builder(const Exprs& inputs, const Exprs& outputs, const CompileOptions& options, Site site)
      : options_(options), site_(std::move(site)) {
    module_.name = options.name;
    check_inputs(inputs);
    for (const Expr& output : outputs.list()) module_.outputs.push_back(detail::value_of(output));
    for (const auto& [variable, value] : options.updates) add_update(variable, value);
    apply_givens();
    check_leaves(inputs);
  }
  [[nodiscard]] ir::Module take() { return std::move(module_); }

 private:
  [[noreturn]] void fail(const std::string& message, std::vector<ErrorNote> notes) const {
    notes.push_back({fmt::format("in  compile(…, {{.name = \"{}\"}})", options_.name), site_});
    throw UserError("compile: " + message, std::move(notes));
  }

  void check_inputs(const Exprs& inputs) {
    std::set<std::string> names;
    for (const Expr& input : inputs.list()) {
      const ir::Value value = detail::value_of(input);
      if (value.op() != ir::Op::input) fail("an input must be made by input()", {note(input)});
      const auto& name = value.node->attribute<std::string>("name");
      if (std::find(module_.inputs.begin(), module_.inputs.end(), value) != module_.inputs.end())
        fail(fmt::format("the input {} is given twice", name), {note(input)});
      if (!names.insert(name).second)
        fail(fmt::format("two inputs are named {}", name), {note(input)});
      module_.inputs.push_back(value);
    }
  }

  void add_update(const Shared& variable, const Expr& value) {
    const ir::Value target = detail::value_of(variable);
    if (target.op() != ir::Op::shared)
      fail("only a shared variable can be updated", {note(variable)});
    for (const ir::Update& update : module_.updates)
      if (update.variable == target) fail("a variable is updated twice", {note(variable)});
    const ir::Value given = detail::value_of(value);
    bool same_type = given.dtype() == target.dtype() && given.rank() == target.rank();
    for (std::size_t i = 0; same_type && i < target.shape().size(); ++i)
      same_type = !(given.shape()[i] - target.shape()[i]).is_constant() ||
                  given.shape()[i] == target.shape()[i];
    if (!same_type)
      fail("an update changes the variable's type; cast or reshape it",
           {note(variable), {"new value : " + ir::text(given.type()), value.site()}});
    module_.updates.push_back({target, given});
  }

  void apply_givens() {
    std::vector<std::pair<ir::Value, ir::Value>> replacements;
    for (const auto& [from, to] : options_.givens) {
      const ir::Value a = detail::value_of(from), b = detail::value_of(to);
      bool fits = a.dtype() == b.dtype() && a.rank() == b.rank();
      for (std::size_t i = 0; fits && i < a.shape().size(); ++i)
        fits = a.shape()[i] == b.shape()[i] || !(a.shape()[i] - b.shape()[i]).is_constant();
      if (!fits) fail("a given changes the type", {note(from), note(to)});
      replacements.emplace_back(a, b);
    }
    if (replacements.empty()) return;
    const std::vector<ir::Value> roots = ir::substitute(module_.roots(), replacements);
    for (std::size_t i = 0; i < module_.outputs.size(); ++i) module_.outputs[i] = roots[i];
    for (std::size_t i = 0; i < module_.updates.size(); ++i)
      module_.updates[i].value = roots[module_.outputs.size() + i];
  }

  void check_leaves(const Exprs& inputs) {
    std::set<const ir::Node*> used;
    for (const ir::NodePtr& node : ir::topological_order(module_.roots())) used.insert(node.get());
    for (const ir::NodePtr& node : ir::topological_order(module_.roots())) {
      if (node->op != ir::Op::input) continue;
      const bool known = std::any_of(module_.inputs.begin(), module_.inputs.end(),
                                     [&](const ir::Value& v) { return v.node == node; });
      if (known) continue;
      const ir::Provenance from = node->provenance();
      fail(fmt::format("{} is needed, but is not among the inputs",
                       node->attribute<std::string>("name")),
           {{fmt::format("{} : {}", node->attribute<std::string>("name"), ir::text(node->types[0])),
             from.sites.empty() ? Site{} : from.sites[0]}});
    }
    if (options_.allow_unused) return;
    for (const Expr& input : inputs.list())
      if (!used.contains(input.node().get()) && !names_a_dim(input))
        fail("an input is not used; remove it, or set .allow_unused = true", {note(input)});
  }

  // An input that nothing reads may still be what a symbolic dim is known by.
  [[nodiscard]] bool names_a_dim(const Expr& input) const {
    for (const ir::NodePtr& node : ir::topological_order(module_.roots()))
      for (const ir::Type& type : node->types)
        for (const Dim& dim : type.shape)
          for (const Dim& own : input.shape())
            if (!own.symbol().empty() && dim == own) return true;
    return false;
  }

  const CompileOptions& options_;
  Site site_;
  ir::Module module_;
};

constexpr const char* kMathNames[] = {"strict", "standard", "fast"};

}  // namespace

Array Shared::get() const {
  const std::shared_lock lock(state_->mutex);
  return state_->value.copy();
}

void Shared::set(const ArrayView& value) {
  Array fresh = Array(value).copy();
  runtime::check_value(state_->name, state_->type, fresh);
  const std::unique_lock lock(state_->mutex);
  state_->value = std::move(fresh);
}

Shared shared(std::string name, const ArrayView& value, Shape shape, Location where) {
  Array copy = Array(value).copy();
  if (!is_supported(copy.dtype()))
    throw UserError(fmt::format("shared {}: operations on {} are not supported", name,
                                croton::name(copy.dtype())));
  ir::Type type = ir::tensor(copy.dtype(), shape);
  if (shape.empty()) type.shape = Shape(copy.shape().begin(), copy.shape().end());
  runtime::check_value(name, type, copy);
  auto [node, state] = runtime::make_shared_variable(name, std::move(type), std::move(copy));
  node.node->add_site(site_of(where));
  return {detail::expr_of(node, site_of(where), name), std::move(state)};
}

const Array& Results::single() const {
  if (arrays_.size() != 1)
    throw UserError(fmt::format("there are {} results, not one", arrays_.size()));
  return arrays_[0];
}

Results Function::call(std::span<const ArrayView> arguments) const {
  return Results(program_->call(arguments));
}

void Function::call_into(std::span<const ArrayView> outputs,
                         std::span<const ArrayView> arguments) const {
  program_->call_into(outputs, arguments);
}

Results Function::operator()(std::initializer_list<NamedArray> arguments) const {
  const std::vector<std::string>& names = program_->input_names();
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
  program_->raw(pointers, dims);
}
std::vector<std::string> Function::dim_names() const { return program_->dim_names(); }
std::string Function::source() const { return runtime::source(*program_); }
std::string Function::explain() const { return runtime::explain(*program_); }
void Function::dump(const std::filesystem::path& directory) const {
  runtime::dump(*program_, directory);
}

Function::Counters Function::counters() const {
  const runtime::ProgramCounters& own = program_->counters();
  return {own.kernels,  program_->launches(), own.cache_hits,
          own.compiled, own.compiled,         own.compile_seconds};
}

Function compile(const Exprs& inputs, const Exprs& outputs, const CompileOptions& options,
                 Location where) {
  ir::Module module = Builder(inputs, outputs, options, site_of(where)).take();
  return Function(runtime::compile(
      std::move(module),
      {.math = kMathNames[static_cast<int>(options.math)], .threads = options.threads}));
}

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
    runtime::check_value(variable.name(), detail::value_of(variable).type(), array);
  for (auto& [variable, array] : found) variable.set(array);
}

std::string version() { return CROTON_VERSION; }

}  // namespace croton
