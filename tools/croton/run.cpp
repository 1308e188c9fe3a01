// croton run: a module on arrays, compared with the reference evaluator on request.
#include <fmt/format.h>

#include <iostream>
#include <map>

#include "ir/evaluate.hpp"
#include "runtime/compile.hpp"
#include "runtime/module_file.hpp"
#include "runtime/npy.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/module_file.hpp"

namespace croton::tool {
namespace {

struct Options {
  std::string file, math = "standard";
  std::vector<std::string> inputs, dims, outputs;
  bool check = false;
  int threads = 0;
  unsigned seed = 1;
};

std::pair<std::string, std::string> split(const std::string& text, const char* what) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UserError(fmt::format("--{} needs name=value, not {}", what, text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<Array> arguments(const ir::Module& module, const Options& o) {
  std::map<std::string, std::string> given;
  for (const std::string& text : o.inputs) given.insert(split(text, "input"));
  std::map<std::string, std::int64_t> dims;
  for (const std::string& text : o.dims) {
    const auto [name, value] = split(text, "dim");
    dims[name] = std::strtoll(value.c_str(), nullptr, 10);
  }
  std::vector<Array> out;
  unsigned seed = o.seed;
  for (const ir::Value& input : module.inputs) {
    const auto& name = input.node->attribute<std::string>("name");
    const auto it = given.find(name);
    if (it != given.end() && it->second != "random") {
      out.push_back(load_npy(it->second));
      continue;
    }
    std::vector<std::int64_t> shape;
    for (const Dim& d : input.shape())
      shape.push_back(d.evaluate([&](const Dim::Atom& atom) {
        const auto dim = dims.find(atom.name);
        if (dim == dims.end())
          throw UserError(fmt::format("the input {} : {} is random, so --dim {}=… is needed", name,
                                      ir::text(input.type()), atom.name));
        return dim->second;
      }));
    if (is_real(input.dtype()))
      out.push_back(Array::normal(input.dtype(), shape, seed++));
    else
      out.push_back(Array::integers(input.dtype(), shape, seed++, 0, 2));
  }
  for (const auto& [name, unused] : given)
    if (std::none_of(module.inputs.begin(), module.inputs.end(), [&, n = name](const ir::Value& v) {
          return v.node->attribute<std::string>("name") == n;
        }))
      throw UserError(fmt::format("{} has no input {}", o.file, name));
  return out;
}

void run(const Options& o) {
  const ir::Module module = read_module(o.file);
  const std::vector<Array> arrays = arguments(module, o);
  const std::vector<ArrayView> views(arrays.begin(), arrays.end());
  const std::vector<Array> results =
      runtime::compile(module, {.math = o.math, .threads = o.threads})->call(views);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i < o.outputs.size())
      save_npy(o.outputs[i], results[i]);
    else
      std::cout << results[i] << "\n";
  }
  if (!o.check) return;
  std::vector<ir::Binding> leaves;
  for (std::size_t i = 0; i < arrays.size(); ++i)
    leaves.emplace_back(module.inputs[i], runtime::literal_of(arrays[i]));
  const auto reference = ir::evaluate_reference(module.outputs, leaves);
  bool good = true;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const ir::Difference d = ir::compare(reference[i], runtime::literal_of(results[i]));
    good &= d.count == 0;
    if (d.count == 0)
      fmt::print("output {}: within the reference's bounds; {} of {} elements undetermined\n", i,
                 d.undetermined, results[i].count());
    else
      fmt::print(
          "output {}: {} elements outside; the worst, element {}, is {} instead of {} within {}\n",
          i, d.count, d.worst, d.actual, d.wanted, d.bound);
  }
  if (!good) throw UserError("the results differ from the reference");
}

}  // namespace

void add_run(CLI::App& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("run", "compile a module and run it on arrays");
  command->footer("Example: croton run model.ctir --input x=x.npy --check");
  command->add_option("file", options->file, "a .ctir file; - is standard input")->required();
  command->add_option("--input", options->inputs, "name=file.npy, or name=random (the default)");
  command->add_option("--dim", options->dims, "name=extent, for random inputs");
  command->add_option("--output", options->outputs, "file.npy for each output; else printed");
  command->add_flag("--check", options->check, "compare with the reference evaluator");
  command->add_option("--math", options->math, "strict, standard or fast");
  command->add_option("--threads", options->threads, "at most so many threads");
  command->add_option("--seed", options->seed, "of random inputs");
  command->callback([options] { run(*options); });
}

}  // namespace croton::tool
