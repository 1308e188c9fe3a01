#include "codegen/aot_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/c_names.hpp"
#include "codegen/spelling.hpp"
#include "ir/prelude.hpp"

namespace croton::codegen {

std::vector<ir::Value> aot_variables(const ir::Module& module,
                                     const std::optional<ir::Module>& prologue) {
  std::vector<ir::Value> all = module.shared_variables();
  if (prologue)
    for (const ir::Value& variable : prologue->shared_variables())
      if (std::find(all.begin(), all.end(), variable) == all.end()) all.push_back(variable);
  return all;
}

bool is_c_identifier(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_word) &&
         (name[0] < '0' || name[0] > '9') && !is_reserved(name);
}

std::string aot_identifier(std::string wanted, std::vector<std::string>& taken) {
  for (char& c : wanted)
    if (!is_word(c)) c = '_';
  if (wanted.empty() || (wanted[0] >= '0' && wanted[0] <= '9')) wanted = "v" + wanted;
  if (is_reserved(wanted) || ir::is_prelude_name(wanted) || is_c_library_name(wanted) ||
      wanted.starts_with("croton_aot_") || wanted.starts_with("CROTON_AOT_"))
    wanted += "_";
  std::string name = wanted;
  for (int i = 2; std::find(taken.begin(), taken.end(), name) != taken.end(); ++i)
    name = fmt::format("{}_{}", wanted, i);
  taken.push_back(name);
  return name;
}

std::string c_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::vector<AotArgument> aot_arguments(const AotFunction& function) {
  using Role = AotArgument::Role;
  const ir::Module& module = function.module;
  std::vector<AotArgument> out;
  std::vector<std::string> taken;
  const auto add = [&](const std::string& name, const ir::Value& v, Role role) {
    const std::string identifier = aot_identifier(name, taken);
    out.push_back({name, identifier, v.type(), role, v.node->provenance().sites});
  };
  for (const ir::Value& input : module.inputs)
    add(input.node->attribute<std::string>("name"), input, Role::input);
  const std::vector<ir::Value> variables = aot_variables(module, function.prologue);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (!function.constants[i].empty()) continue;
    const bool written =
        std::any_of(module.updates.begin(), module.updates.end(),
                    [&](const ir::Update& update) { return update.variable == variables[i]; });
    add(variables[i].node->attribute<std::string>("name"), variables[i],
        written ? Role::state : Role::constant_state);
  }
  for (std::size_t i = 0; i < module.outputs.size(); ++i)
    add(module.outputs.size() == 1 ? "out" : fmt::format("out{}", i), module.outputs[i],
        Role::output);
  return out;
}

AotDims aot_dims(const AotFunction& function, const std::vector<AotArgument>& arguments) {
  AotDims dims;
  // Nothing else of a variant's source ends like this, whatever the user's dims are called.
  std::vector<std::string> taken;
  const auto known = [&](const std::string& symbol) {
    return std::find(dims.symbols.begin(), dims.symbols.end(), symbol) != dims.symbols.end();
  };
  const auto tell = [&](const ir::Type& type, int argument) {
    for (std::size_t axis = 0; axis < type.shape.size(); ++axis) {
      const std::string symbol = type.shape[axis].symbol();
      if (symbol.empty() || known(symbol)) continue;
      dims.symbols.push_back(symbol);
      dims.sources.push_back({argument, static_cast<int>(axis)});
    }
  };
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].role != AotArgument::Role::output)
      tell(arguments[i].type, static_cast<int>(i));
  dims.told = dims.symbols.size();
  if (function.prologue)
    for (std::size_t k = 0; k < function.prologue->outputs.size(); ++k)
      dims.symbols.push_back(fmt::format("{}{}", Dim::kValuePrefix, k));
  for (const std::string& symbol : dims.symbols)
    dims.identifiers.push_back(aot_identifier(symbol + "_dim", taken));
  const auto check = [&](const Shape& shape) {
    for (const Dim& dim : shape)
      dim.for_each_leaf([&](const Dim::Atom& atom) {
        if (!known(atom.name))
          throw UserError(
              fmt::format("{}: no argument tells the dim {}", function.name, atom.name));
      });
  };
  for (const AotArgument& argument : arguments) check(argument.type.shape);
  for (const ir::Require& require : function.module.requires_) check({require.a, require.b});
  return dims;
}

std::string AotDims::text(const Dim& dim) const {
  return dim
      .substitute([&](const Dim::Atom& atom) -> std::optional<Dim> {
        const auto at = std::find(symbols.begin(), symbols.end(), atom.name);
        CROTON_CHECK(at != symbols.end(), "a plan uses the unknown dim " + atom.name);
        return Dim(identifiers[static_cast<std::size_t>(at - symbols.begin())]);
      })
      .text();
}

std::string aot_signature(const AotFunction& function, const std::vector<AotArgument>& arguments) {
  std::string in, out;
  for (const AotArgument& argument : arguments) {
    std::string& list = argument.role == AotArgument::Role::output ? out : in;
    list +=
        fmt::format("{}{} : {}", list.empty() ? "" : ", ", argument.name, ir::text(argument.type));
  }
  return fmt::format("{}({}) -> ({})", function.name, in, out);
}

std::string aot_signature(const AotFunction& function) {
  return aot_signature(function, aot_arguments(function));
}

}  // namespace croton::codegen
