#include "tools/croton/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "ir/builder.hpp"
#include "ir/evaluate.hpp"
#include "ir/gradient.hpp"
#include "ir/spelling.hpp"
#include "passes/pipeline.hpp"
#include "passes/stabilize.hpp"
#include "runtime/module_file.hpp"
#include "runtime/npy.hpp"
#include "runtime/program.hpp"

namespace croton::tool {
namespace {

const std::string& name_of(const ir::Value& leaf) {
  return leaf.node->attribute<std::string>("name");
}

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  return ir::suggestion(name, views);
}

void make_unique(std::vector<std::string>& names) {
  std::set<std::string> taken;
  for (std::string& name : names) {
    const std::string wanted = name;
    for (int number = 2; !taken.insert(name).second; ++number)
      name = fmt::format("{}.{}", wanted, number);
  }
}

std::vector<ir::Value> variables_of(const Problem& problem, const GradientRequest& request) {
  std::vector<ir::Value> leaves = problem.module.inputs;
  for (const Problem::Variable& variable : problem.variables) leaves.push_back(variable.value);
  if (!request.wrt) {
    std::vector<ir::Value> real;
    for (const ir::Value& input : problem.module.inputs)
      if (is_real(input.dtype())) real.push_back(input);
    if (real.empty()) throw UserError(problem.file + ": no input is real, so there is no gradient");
    return real;
  }
  std::vector<ir::Value> out;
  std::vector<std::string> known;
  for (const ir::Value& leaf : leaves) known.push_back(name_of(leaf));
  for (const std::string& name : *request.wrt) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end())
      throw UserError(fmt::format("{}: there is no input or shared variable {} to differentiate{}",
                                  problem.file, name, nearest(name, known)));
    const ir::Value& leaf = leaves[static_cast<std::size_t>(at - known.begin())];
    if (!is_real(leaf.dtype()))
      throw UserError(fmt::format("{}: {} : {} is not real, so it has no gradient", problem.file,
                                  name, ir::text(leaf.type())));
    out.push_back(leaf);
  }
  if (out.empty()) throw UserError(problem.file + ": the list of variables (wrt) is empty");
  return out;
}

ir::Value total(const ir::Value& x) {
  ir::Integers axes;
  for (int axis = 0; axis < x.rank(); ++axis) axes.push_back(axis);
  return ir::sum(x, axes);
}

ir::Value only_scalar(const Problem& problem) {
  const std::vector<ir::Value>& outputs = problem.module.outputs;
  ir::Value cost;
  std::string name;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!is_real(outputs[i].dtype())) continue;
    if (cost)
      throw UserError(problem.file +
                      ": several outputs are real, so a gradient needs cotangents, such as " +
                      name + "=1");
    cost = outputs[i];
    name = problem.output_names[i];
  }
  if (!cost) throw UserError(problem.file + ": no output is real, so there is no gradient");
  if (cost.rank() != 0)
    throw UserError(
        fmt::format("{0}: the output {1} : {2} is no scalar, so a gradient needs cotangents, such "
                    "as {1}=1",
                    problem.file, name, ir::text(cost.type())));
  return cost;
}

// The sum of outputs times cotangents, which become inputs of the module.
ir::Value weighted_sum(Problem& problem, const std::vector<Cotangent>& cotangents) {
  const std::vector<ir::Value> outputs = problem.module.outputs;
  if (cotangents.size() != outputs.size())
    throw UserError(fmt::format("{}: {} outputs need as many cotangents, not {}", problem.file,
                                outputs.size(), cotangents.size()));
  ir::Value cost;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Cotangent& given = cotangents[i];
    if (!given.array && !given.number) continue;
    const ir::Value& output = outputs[i];
    if (!is_real(output.dtype()))
      throw UserError(fmt::format("{}: the output {} : {} is not real, so it has no cotangent",
                                  problem.file, problem.output_names[i], ir::text(output.type())));
    const std::string name = "cotangent of " + problem.output_names[i];
    const ir::Type type = given.array ? output.type() : ir::tensor(output.dtype());
    const ir::Value weight = ir::input(name, type);
    problem.module.inputs.push_back(weight);
    problem.cotangents[name] =
        given.array ? *given.array : Array::full(output.dtype(), {}, *given.number);
    const ir::Value one = given.array ? total(output * weight) : total(output) * weight;
    cost = cost ? cost + one : one;
  }
  if (!cost) throw UserError(problem.file + ": every cotangent is null");
  return cost;
}

std::vector<ir::Binding> bindings(const Problem& problem, const std::vector<Array>& arguments,
                                  const std::vector<Array>& before) {
  std::vector<ir::Binding> leaves;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    leaves.emplace_back(problem.module.inputs[i], runtime::literal_of(arguments[i]));
  for (std::size_t i = 0; i < before.size(); ++i)
    leaves.emplace_back(problem.variables[i].value, runtime::literal_of(before[i]));
  return leaves;
}

// The graph as the passes on tensors leave it: it rounds elsewhere, and an overflow that they mend
// is right by the mended graph alone.
std::vector<ir::Value> rewritten_roots(const Problem& problem) {
  ir::Module module = problem.module;
  passes::PipelineReport report;
  std::vector<std::string_view> names;
  for (const std::string_view name : passes::default_pipeline()) {
    if (passes::pass_named(name).to != ir::Level::tensor) break;
    names.push_back(name);
  }
  passes::run_passes(module, names, {}, report);
  return module.roots();
}

}  // namespace

Problem parse_problem(const std::string& text, const std::string& file, const Arrays& values) {
  Problem problem;
  problem.file = file;
  const std::string beside = file + ".npz";
  std::optional<Arrays> stored;
  const auto leaf = [&](ir::Op op, const std::string& name, const ir::Type& type) -> ir::Value {
    if (op != ir::Op::shared) return {};
    auto value = values.find(name);
    if (value == values.end()) {
      if (!stored) {
        stored.emplace();
        if (std::error_code error; std::filesystem::exists(beside, error))
          for (auto& [key, array] : load_npz(beside)) stored->emplace(key, array);
      }
      value = stored->find(name);
      if (value == stored->end())
        throw UserError(fmt::format(
            "{}: the shared variable {} : {} has no value; it takes one as an input does, "
            "from a file or random, or from {}",
            file, name, ir::text(type), beside));
    }
    runtime::check_value(name, type, value->second, {});
    auto [node, state] = runtime::make_shared_variable(name, type, value->second.copy());
    problem.variables.push_back({state, node});
    return node;
  };
  problem.module = runtime::parse_module(text, file, leaf, &problem.output_names);
  for (Problem::Variable& variable : problem.variables)
    for (const ir::Update& update : problem.module.updates)
      variable.updated |= update.variable == variable.value;
  make_unique(problem.output_names);
  return problem;
}

void add_gradients(Problem& problem, const GradientRequest& request) {
  if (problem.module.level != ir::Level::tensor)
    throw UserError(
        fmt::format("{} is at the {} level; only a graph of tensors can be differentiated",
                    problem.file, ir::name(problem.module.level)));
  const std::vector<ir::Value> variables = variables_of(problem, request);
  const ir::Value cost =
      request.cotangents.empty() ? only_scalar(problem) : weighted_sum(problem, request.cotangents);
  const ir::GradientOptions options{
      .consider_constant = {},
      .disconnected = request.wrt ? ir::Disconnected::raise : ir::Disconnected::ignore};
  const std::vector<ir::Value> gradients =
      ir::gradient(passes::stabilized(cost, variables), variables, options);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    problem.module.outputs.push_back(gradients[i]);
    problem.output_names.push_back("grad " + name_of(variables[i]));
  }
  make_unique(problem.output_names);
}

std::vector<Array> arguments(const Problem& problem, const Arrays& given) {
  std::vector<Array> out;
  for (const ir::Value& input : problem.module.inputs) {
    const std::string& name = name_of(input);
    auto it = problem.cotangents.find(name);
    if (it == problem.cotangents.end()) {
      it = given.find(name);
      if (it == given.end()) {
        std::vector<std::string> known;
        for (const auto& [key, unused] : given) known.push_back(key);
        throw UserError(fmt::format("{}: the input {} : {} is not given{}", problem.file, name,
                                    ir::text(input.type()), nearest(name, known)));
      }
    }
    out.push_back(it->second);
  }
  return out;
}

std::vector<Array> values_of(const Problem& problem) {
  std::vector<Array> out;
  for (const Problem::Variable& variable : problem.variables) {
    const std::shared_lock lock(variable.state->mutex);
    out.push_back(variable.state->value.copy());
  }
  return out;
}

Results call(const Problem& problem, const runtime::Program& program,
             const std::vector<Array>& arguments) {
  const std::vector<ArrayView> views(arguments.begin(), arguments.end());
  const std::vector<Array> arrays = program.call(views);
  std::vector<std::string> names = problem.output_names;
  const std::vector<Array> values = values_of(problem);
  for (const Problem::Variable& variable : problem.variables)
    if (variable.updated) names.push_back(variable.state->name);
  make_unique(names);
  Results results;
  for (std::size_t i = 0; i < arrays.size(); ++i) results.emplace_back(names[i], arrays[i]);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (problem.variables[i].updated) results.emplace_back(names[results.size()], values[i]);
  return results;
}

ReferenceCheck check_reference(const Problem& problem, const std::vector<Array>& arguments,
                               const std::vector<Array>& before, const Results& results) {
  std::vector<ir::Value> roots = problem.module.outputs;
  for (const Problem::Variable& variable : problem.variables)
    for (const ir::Update& update : problem.module.updates)
      if (update.variable == variable.value) roots.push_back(update.value);
  const std::vector<ir::Binding> leaves = bindings(problem, arguments, before);
  const auto reference = ir::evaluate_reference(roots, leaves);
  std::vector<ir::ReferenceArray> rewritten;
  ReferenceCheck check;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const ir::Literal actual = runtime::literal_of(results[i].second);
    ir::Difference d = ir::compare(reference[i], actual);
    if (d.count > 0 && problem.module.level == ir::Level::tensor &&
        i < problem.module.outputs.size()) {
      if (rewritten.empty()) rewritten = ir::evaluate_reference(rewritten_roots(problem), leaves);
      d = ir::compare(reference[i], actual, &rewritten[i]);
      if (d.count > 0) d = ir::compare(rewritten[i], actual);
    }
    check.good &= d.count == 0;
    check.outputs.push_back({results[i].first, d.count, d.undetermined, results[i].second.count(),
                             d.worst, d.wanted, d.bound, d.actual});
  }
  return check;
}

}  // namespace croton::tool
