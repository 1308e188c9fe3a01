// croton bench: how long a compiled function takes, by kernel, against the work that is counted in
// it; or two functions, in turns.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "ir/spelling.hpp"
#include "runtime/compile.hpp"
#include "runtime/describe.hpp"
#include "tools/croton/call_options.hpp"
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
  std::string file, against;
};

constexpr double kSampleSeconds = 50e-6;  // calls are repeated until a sample lasts as long
constexpr double kTotalSeconds = 1;       // of samples of one function, when --repeat says nothing
constexpr int kMostSamples = 1000;

struct Times {
  std::vector<double> samples;  // nanoseconds of a call
  [[nodiscard]] double least() const { return *std::min_element(samples.begin(), samples.end()); }
  [[nodiscard]] double most() const { return *std::max_element(samples.begin(), samples.end()); }
  [[nodiscard]] double median() const {
    std::vector<double> sorted = samples;
    const std::size_t middle = sorted.size() / 2;
    std::sort(sorted.begin(), sorted.end());
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
};

struct Row {
  std::string name, kind;
  std::int64_t operations = 0, bytes = 0;
  Times times;
  [[nodiscard]] double giga_operations() const {
    return static_cast<double>(operations) / times.median();
  }
  [[nodiscard]] double giga_bytes() const { return static_cast<double>(bytes) / times.median(); }
};

// One function with its arguments and the memory of its results.
class Subject {
 public:
  Subject(const std::string& file, const Options& o) {
    const std::string text = read_text(file);
    const Arrays given = given_arrays(text, called(file), o.inputs);
    problem_ = parse_problem(text, called(file), given);
    const Arrays complete = complete_arrays(problem_, o.inputs, given);
    arguments_ = arguments(problem_, complete);
    const runtime::CompileSettings settings = settings_of(o);
    program_ = runtime::compile(problem_.module, settings);
    results_ = program_->call(views(arguments_));
    inputs_ = views(arguments_), outputs_ = views(results_);
    describe(settings, extents(problem_, o.inputs, complete));
  }

  // Calls until a sample is long enough to be timed.
  void settle() {
    for (;;) {
      const double seconds = sample() * batch_ * 1e-9;
      if (seconds >= kSampleSeconds || batch_ > (1 << 24)) return;
      batch_ *= seconds > kSampleSeconds / 16 ? 2 : 16;
    }
  }
  /// Nanoseconds of a call, on average over one sample.
  double sample() {
    const auto start = Clock::now();
    for (int i = 0; i < batch_; ++i) program_->call_into(outputs_, inputs_);
    const std::chrono::duration<double, std::nano> spent = Clock::now() - start;
    return spent.count() / batch_;
  }
  void sample_kernels() {
    std::vector<std::int64_t> spent(static_cast<std::size_t>(program_->launches()));
    if (spent.empty()) return;
    program_->call_into(outputs_, inputs_, spent);
    const std::vector<std::string> names = program_->launch_names();
    for (Row& row : kernels_) {
      std::int64_t total = 0;
      for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == row.name) total += spent[i];
      row.times.samples.push_back(static_cast<double>(total));
    }
  }

  Row whole;
  [[nodiscard]] const std::vector<Row>& kernels() const { return kernels_; }
  [[nodiscard]] const std::string& file() const { return problem_.file; }
  [[nodiscard]] const std::map<std::string, std::int64_t>& dims() const { return dims_; }

 private:
  static std::vector<ArrayView> views(const std::vector<Array>& arrays) {
    return {arrays.begin(), arrays.end()};
  }

  void describe(const runtime::CompileSettings& settings,
                const std::map<std::string, std::int64_t>& dims) {
    const runtime::Target& target = runtime::host_target();
    dims_ = dims;
    const runtime::Description about =
        runtime::describe(program_->graph(), {.origin = problem_.file,
                                              .pipeline = pipeline_options(settings, target),
                                              .target = target,
                                              .dims = dims});
    whole.name = problem_.module.name;
    whole.kind = ir::counted(static_cast<std::size_t>(program_->launches()), "launch");
    const std::vector<std::string> names = program_->launch_names();
    for (const runtime::Description::Kernel& kernel : about.kernels) {
      const auto launches = std::count(names.begin(), names.end(), kernel.name);
      Row row{kernel.name,
              kernel.kind,
              kernel.operations.value * launches,
              (kernel.bytes_read.value + kernel.bytes_written.value) * launches,
              {}};
      whole.operations += row.operations;
      whole.bytes += row.bytes;
      kernels_.push_back(std::move(row));
    }
  }

  Problem problem_;
  std::vector<Array> arguments_, results_;
  std::vector<ArrayView> inputs_, outputs_;
  std::shared_ptr<const runtime::Program> program_;
  std::map<std::string, std::int64_t> dims_;
  std::vector<Row> kernels_;
  int batch_ = 1;
};

// Samples of every function in turns, so that what slows the machine slows them alike.
void measure(std::vector<Subject>& subjects, int repeat) {
  for (Subject& subject : subjects) subject.settle();
  double spent = 0;
  const double budget = kTotalSeconds * 1e9 * static_cast<double>(subjects.size());
  for (int i = 0; repeat > 0 ? i < repeat : i < 5 || (i < kMostSamples && spent < budget); ++i)
    for (Subject& subject : subjects) {
      const auto start = Clock::now();
      subject.whole.times.samples.push_back(subject.sample());
      subject.sample_kernels();
      spent += std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    }
}

json json_of(const Row& row) {
  return {{"name", row.name},
          {"kind", row.kind},
          {"operations", row.operations},
          {"bytes", row.bytes},
          {"ns",
           {{"min", row.times.least()}, {"median", row.times.median()}, {"max", row.times.most()}}},
          {"gflops", row.giga_operations()},
          {"gigabytes_per_second", row.giga_bytes()}};
}

json json_of(const Subject& subject) {
  json out = json_of(subject.whole);
  out["file"] = subject.file();
  out["dims"] = subject.dims();
  out["samples"] = subject.whole.times.samples.size();
  out["kernels"] = json::array();
  for (const Row& row : subject.kernels()) out["kernels"].push_back(json_of(row));
  return out;
}

void print_row(const Row& row, const char* indent) {
  fmt::print("{:<34} {:>12.1f} {:>12.1f} {:>12.1f} {:>9.2f} {:>9.2f}  {}\n", indent + row.name,
             row.times.least(), row.times.median(), row.times.most(), row.giga_operations(),
             row.giga_bytes(), row.kind);
}

void print(const Subject& subject) {
  std::string dims;
  for (const auto& [name, value] : subject.dims())
    dims += fmt::format("{}{} = {}", dims.empty() ? "" : ", ", name, value);
  fmt::print("{}{}{}, {}\n", subject.file(), dims.empty() ? "" : ": ", dims,
             ir::counted(subject.whole.times.samples.size(), "sample"));
  fmt::print("{:<34} {:>12} {:>12} {:>12} {:>9} {:>9}\n", "", "min ns", "median ns", "max ns",
             "GFLOP/s", "GB/s");
  print_row(subject.whole, "");
  for (const Row& row : subject.kernels()) print_row(row, "  ");
}

void bench(const Options& o) {
  const CacheMode cache(o.cache);
  std::vector<Subject> subjects;
  subjects.reserve(2);
  {
    const Progress progress("timing " + o.file);
    subjects.emplace_back(o.file, o);
    if (!o.against.empty()) subjects.emplace_back(o.against, o);
    measure(subjects, o.repeat);
  }
  const bool two = subjects.size() == 2;
  const auto ratio = [&](double (Times::*of)() const) {
    return (subjects[1].whole.times.*of)() / (subjects[0].whole.times.*of)();
  };
  if (o.as_json) {
    json out{{"functions", json::array()}};
    for (const Subject& subject : subjects) out["functions"].push_back(json_of(subject));
    if (two) out["ratio"] = {{"min", ratio(&Times::least)}, {"median", ratio(&Times::median)}};
    return write_json(out);
  }
  for (const Subject& subject : subjects) print(subject);
  if (two)
    fmt::print("{} takes {:.3f} of the time of {} (median; {:.3f} by the shortest)\n", o.against,
               ratio(&Times::median), o.file, ratio(&Times::least));
}

}  // namespace

void add_bench(CLI::App& program) {
  auto options = std::make_shared<Options>();
  Options& o = *options;
  CLI::App* command = program.add_subcommand("bench", "time a compiled function and its kernels");
  command->footer(
      "Example: croton bench layer.ctir --dim n=600\n"
      "         croton bench scheduled.ctir --against edited.ctir --dim n=600\n\n"
      "Times are nanoseconds of a call on prepared arrays, without compiling. GFLOP/s counts the\n"
      "operations of the kernels, functions with the costs of the table of ops (an addition is "
      "1);\n"
      "GB/s counts every array that a kernel reads or writes once. Kernels are timed in calls of\n"
      "their own, the clock's time included.");
  command->add_option("file", o.file, "a .ctir file; - is standard input")->required();
  command->add_option("--against", o.against, "another file, timed in turns with the first");
  add_call_options(*command, options, "samples; else for about a second");
  command->callback([options] { bench(*options); });
}

}  // namespace croton::tool
