// croton run: a program on arrays, compared with the reference evaluator on request; or a file of
// many.
#include <fmt/format.h>

#include <chrono>
#include <iostream>

#include "ir/spelling.hpp"
#include "runtime/compile.hpp"
#include "runtime/npy.hpp"
#include "runtime/pool.hpp"
#include "tools/croton/call_options.hpp"
#include "tools/croton/cases.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/compare.hpp"
#include "tools/croton/module_file.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/problem.hpp"
#include "tools/croton/progress.hpp"

namespace croton::tool {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

struct Options : CallOptions {
  std::string file, cases, wrt;
  std::vector<std::string> outputs, cotangents;
  bool check = false, grad = false;
  int jobs = 0;
  double timeout = 60;  // seconds
};

constexpr std::int64_t kJsonElements = 10'000;  // larger arrays have no values in --json

std::size_t output_named(const Problem& problem, const std::string& name) {
  const std::vector<std::string>& names = problem.output_names;
  const auto at = std::find(names.begin(), names.end(), name);
  const std::vector<std::string_view> known(names.begin(), names.end());
  if (at == names.end())
    throw UserError(fmt::format("{} has no output {}{}; there are {}", problem.file, name,
                                ir::suggestion(name, known), fmt::join(known, ", ")));
  return static_cast<std::size_t>(at - names.begin());
}

Cotangent cotangent_from(const std::string& source, const std::string& name) {
  Cotangent out;
  char* end = nullptr;
  const double number = std::strtod(source.c_str(), &end);
  if (!source.empty() && *end == '\0')
    out.number = number;
  else
    out.array = array_from(source, name);
  return out;
}

void differentiate(Problem& problem, const Options& o) {
  if (!o.grad && o.wrt.empty() && o.cotangents.empty()) return;
  GradientRequest request;
  if (!o.wrt.empty()) request.wrt = ir::split_list(o.wrt);
  if (!o.cotangents.empty()) request.cotangents.resize(problem.output_names.size());
  for (const std::string& text : o.cotangents) {
    const auto [name, source] = name_and_value(text, "cotangent");
    request.cotangents[output_named(problem, name)] = cotangent_from(source, name);
  }
  add_gradients(problem, request);
}

// One file for each output in order, NAME=FILE for some, or one archive for all.
void write(const Results& results, const Options& o) {
  std::size_t next = 0;
  for (const std::string& text : o.outputs) {
    if (text.find('=') != std::string::npos) {
      const auto [name, file] = name_and_value(text, "output");
      const auto it = std::find_if(results.begin(), results.end(),
                                   [&, n = name](const auto& r) { return r.first == n; });
      std::vector<std::string_view> known;
      for (const auto& [key, unused] : results) known.push_back(key);
      if (it == results.end())
        throw UserError(fmt::format("--output {}: there is no output {}{}; there are {}", text,
                                    name, ir::suggestion(name, known), fmt::join(known, ", ")));
      save_npy(file, it->second);
    } else if (text.ends_with(".npz")) {
      save_npz(text, results);
    } else if (next < results.size()) {
      save_npy(text, results[next++].second);
    } else {
      throw UserError(fmt::format("--output {}: one file too many for {}", text,
                                  ir::counted(results.size(), "output")));
    }
  }
}

void print(const Results& results) {
  for (const auto& [name, array] : results) {
    if (results.size() > 1) std::cout << name << " : " << type_text(array) << "\n";
    std::cout << array << "\n";
  }
}

json json_of(const Results& results) {
  json all = json::array();
  for (const auto& [name, array] : results) {
    json row{{"name", name}, {"dtype", croton::name(array.dtype())}, {"shape", array.shape()}};
    if (array.count() <= kJsonElements) {
      row["values"] = json::array();
      for (std::int64_t i = 0; i < array.count(); ++i)
        row["values"].push_back(element_json(array, i));
    }
    all.push_back(std::move(row));
  }
  return all;
}

json json_of(const ReferenceCheck& check) {
  json all = json::array();
  for (const ReferenceCheck::Output& o : check.outputs) {
    json row{{"name", o.name},
             {"outside", o.outside},
             {"undetermined", o.undetermined},
             {"count", o.count}};
    if (o.outside > 0)
      row.update(
          {{"worst", o.worst}, {"actual", o.actual}, {"wanted", o.wanted}, {"bound", o.bound}});
    all.push_back(std::move(row));
  }
  return all;
}

void print(const ReferenceCheck& check) {
  for (const ReferenceCheck::Output& o : check.outputs)
    if (o.count > 0 && o.undetermined == o.count)
      fmt::print("output {}: nothing is shown; the reference determines none of its {}\n", o.name,
                 ir::counted(static_cast<std::size_t>(o.count), "element"));
    else if (o.outside == 0)
      fmt::print("output {}: within the reference's bounds; {} of {} elements undetermined\n",
                 o.name, o.undetermined, o.count);
    else
      fmt::print("output {}: {} outside; the worst, element {}, is {} instead of {} within {}\n",
                 o.name, ir::counted(static_cast<std::size_t>(o.outside), "element"), o.worst,
                 o.actual, o.wanted, o.bound);
}

void run_one(const Options& o) {
  const runtime::CompileSettings settings = settings_of(o);
  const CacheMode cache(o.cache);
  const std::string text = read_text(o.file);
  const Arrays given = given_arrays(text, called(o.file), o.inputs);
  Problem problem = parse_problem(text, called(o.file), given);
  differentiate(problem, o);
  const std::vector<Array> arrays = arguments(problem, complete_arrays(problem, o.inputs, given));
  std::optional<Progress> progress(std::in_place, "running " + problem.module.name);
  const auto program = runtime::compile(problem.module, settings);
  std::vector<Array> before;
  Results results;
  std::vector<double> seconds;
  for (int i = 0; i < std::max(1, o.repeat); ++i) {
    if (o.check) before = values_of(problem);
    const auto start = Clock::now();
    results = call(problem, *program, arrays);
    seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  write(results, o);
  std::optional<ReferenceCheck> check;
  if (o.check) check = check_reference(problem, arrays, before, results);
  progress.reset();
  json report;
  if (o.as_json) {
    const runtime::ProgramCounters& counters = program->counters();
    report = {{"name", problem.module.name},
              {"outputs", json_of(results)},
              {"kernels", counters.kernels},
              {"kernels_from_cache", counters.cache_hits},
              {"compile_seconds", counters.compile_seconds},
              {"call_seconds", seconds}};
  } else if (o.outputs.empty()) {
    print(results);
  }
  if (check && o.as_json)
    report["check"] = json_of(*check);
  else if (check)
    print(*check);
  if (o.as_json) write_json(report);
  std::cout.flush();
  if (check && !check->good) throw UserError("the results differ from the reference");
}

void run_file(const Options& o) {
  CaseFileOptions options{.file = o.cases,
                          .each = {.directory = std::filesystem::path(o.cases).parent_path(),
                                   .settings = settings_of(o),
                                   .check = o.check},
                          .jobs = o.jobs > 0 ? o.jobs : runtime::default_threads(),
                          .timeout = o.timeout};
  if (options.each.settings.threads == 0) options.each.settings.threads = 1;
  const CacheMode cache(o.cache);
  if (!run_cases(options)) throw UserError("not every case is ok");
}

void run(const Options& o) {
  if (o.cases.empty() == o.file.empty())
    throw UserError("run needs a .ctir file or --cases FILE.jsonl; see croton run --help");
  if (!(o.timeout > 0)) throw UserError(fmt::format("--timeout {}: seconds, above 0", o.timeout));
  if (!o.cases.empty() && !(o.inputs.inputs.empty() && o.outputs.empty() && o.wrt.empty() &&
                            o.cotangents.empty() && !o.grad && o.repeat <= 1))
    throw UserError("with --cases, inputs, outputs and gradients are said by each case");
  return o.cases.empty() ? run_one(o) : run_file(o);
}

}  // namespace

void add_run(CLI::App& program) {
  auto options = std::make_shared<Options>();
  Options& o = *options;
  CLI::App* command = program.add_subcommand("run", "compile a module and run it on arrays");
  command->footer(
      "Example: croton run model.ctir --input x=x.npy --check\n"
      "         croton run model.ctir --input x=data.npz:train --grad --wrt W --output all.npz\n"
      "         croton run --cases cases.jsonl --jobs 4 > answers.jsonl\n\n"
      "A case is a line {\"id\": \"a\", \"program\": \"model.ctir\", \"inputs\": \"a.npz\"}; "
      "fields that may follow:\n"
      "wrt, cotangents, out, expected, tolerance {rtol, atol}, expect_error, timeout_s. Answers "
      "are\n"
      "lines in the order of the cases, with a status: ok, mismatch or error.");
  command->add_option("file", o.file, "a .ctir file; - is standard input");
  command->add_option("--cases", o.cases, "a file with one case a line; - is standard input");
  command
      ->add_option("--output", o.outputs,
                   "FILE.npy for each output, name=FILE.npy, or FILE.npz for all; else printed")
      ->allow_extra_args(false);
  command->add_flag("--check", o.check, "compare with the reference evaluator");
  command->add_flag("--grad", o.grad, "also the gradient of the only real output, a scalar");
  command->add_option(
      "--wrt", o.wrt,
      "inputs and shared variables of the gradient, separated by commas; else every real input");
  command
      ->add_option("--cotangent", o.cotangents,
                   "name=FILE.npy, name=FILE.npz:KEY or name=NUMBER of an output, for the gradient "
                   "of their sum")
      ->allow_extra_args(false);
  command->add_option("--jobs", o.jobs, "cases at a time; else one for each processor");
  command->add_option("--timeout", o.timeout, "seconds, for cases that state none (default 60)");
  add_call_options(*command, options, "calls of the compiled function; updates add up");
  command->callback([command, options] {
    check_at_least_one(*command, "--jobs", options->jobs);
    run(*options);
  });
}

}  // namespace croton::tool
