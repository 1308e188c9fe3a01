#include "frontend/croton/saved.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/build.hpp"
#include "ir/spelling.hpp"
#include "runtime/file.hpp"
#include "runtime/module_file.hpp"
#include "runtime/npy.hpp"
#include "runtime/shared_state.hpp"

namespace croton {
namespace {

template <class T>
T named(const std::vector<T>& all, std::string_view name, std::string_view what) {
  std::vector<std::string> names;
  for (const T& one : all) {
    names.push_back(one.label());
    if (names.back() == name) return one;
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  throw UserError(fmt::format("there is no {} {}{}", what, name, ir::suggestion(name, known)));
}

// A function without a name of its own is called after its file.
std::string name_of(const std::filesystem::path& path) {
  std::string name = path.stem().string();
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) name = "f" + name;
  return name;
}

}  // namespace

Expr Saved::input(std::string_view name) const { return named(inputs, name, "input"); }
Shared Saved::variable(std::string_view name) const {
  return named(variables, name, "shared variable");
}

void save(const std::filesystem::path& path, const Exprs& inputs, const Exprs& outputs,
          const CompileOptions& options, Location where) {
  ir::Module module = detail::module_of(inputs, outputs, options, site_of(where));
  if (options.name == CompileOptions{}.name) module.name = name_of(path);
  std::map<std::string, Array> values;
  for (const ir::Value& variable : module.shared_variables()) {
    const std::shared_ptr<runtime::SharedState> state = runtime::state_of(variable);
    const std::shared_lock lock(state->mutex);
    if (!values.emplace(state->name, state->value.copy()).second)
      throw UserError(fmt::format("save: two shared variables are named {}", state->name));
  }
  runtime::write_module(path, module, values);
}

Saved load(const std::filesystem::path& path) {
  const std::string text = runtime::read_file(path);
  std::map<std::string, Array> values;
  const std::string beside = path.string() + ".npz";
  if (std::error_code error; std::filesystem::exists(beside, error))
    for (auto& [name, array] : load_npz(beside)) values.emplace(name, array);
  Saved out;
  const auto leaf = [&](ir::Op op, const std::string& name, const ir::Type& type) -> ir::Value {
    if (op != ir::Op::shared) return {};
    const auto value = values.find(name);
    if (value == values.end())
      throw UserError(fmt::format("{}: the shared variable {} has no value in {}", path.string(),
                                  name, beside));
    out.variables.push_back(shared(name, value->second, type.shape));
    return detail::value_of(out.variables.back());
  };
  const ir::Module module = runtime::parse_module(text, path.string(), leaf);
  if (module.level != ir::Level::tensor)
    throw UserError(fmt::format("{} is at the {} level; only a graph of tensors can be loaded",
                                path.string(), ir::name(module.level)));
  out.name = module.name;
  const auto expr = [](const ir::Value& v) {
    const ir::Provenance from = v.node->provenance();
    const std::string label = v.op() == ir::Op::input ? v.node->attribute<std::string>("name") : "";
    return detail::expr_of(v, from.first_site(), label);
  };
  for (const ir::Value& input : module.inputs) out.inputs.push_back(expr(input));
  for (const ir::Value& output : module.outputs) out.outputs.push_back(expr(output));
  for (const ir::Update& update : module.updates)
    for (const Shared& variable : out.variables)
      if (detail::value_of(variable) == update.variable)
        out.updates.emplace_back(variable, expr(update.value));
  for (const ir::Fact& fact : module.facts)
    out.facts.push_back({fact.kind == ir::Fact::Kind::divisible ? DimFact::Kind::divisible
                                                                : DimFact::Kind::at_least,
                         fact.symbol, fact.value});
  for (const ir::Require& require : module.requires_)
    out.requirements.push_back({require.a, require.relation, require.b,
                                require.sites.empty() ? Site{} : require.sites[0]});
  return out;
}

Function compile(const Saved& saved, CompileOptions options, Location where) {
  if (options.name == CompileOptions{}.name) options.name = saved.name;
  for (const auto& update : saved.updates) options.updates.push_back(update);
  for (const DimFact& fact : saved.facts) options.facts.push_back(fact);
  for (const DimRelation& relation : saved.requirements) options.requirements.push_back(relation);
  options.allow_unused = true;
  return compile(saved.inputs, saved.outputs, options, where);
}

}  // namespace croton
