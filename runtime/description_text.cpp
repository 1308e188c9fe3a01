#include "runtime/description_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/unit_text.hpp"
#include "ir/error.hpp"
#include "ir/spelling.hpp"

namespace croton::runtime {
namespace {

using Kernel = Description::Kernel;

std::string amount(const Quantity& q, const char* unit) {
  if (q.formula == std::to_string(q.value)) return fmt::format("{} {}", q.formula, unit);
  return fmt::format("{} = {} {}", q.formula, q.value, unit);
}

std::string assumed(const Description& d) {
  std::string text;
  for (const auto& [name, value] : d.dims)
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name, value);
  return text.empty() ? "" : fmt::format("values are for {}\n", text);
}

// What the vectoriser said of a kernel, in one word or a few.
std::string vectorised(const Kernel& kernel) {
  if (!kernel.remarks) return "";
  int done = 0, missed = 0;
  for (std::size_t at = 0; at < kernel.remarks->size();) {
    const std::size_t end = std::min(kernel.remarks->find('\n', at), kernel.remarks->size());
    const std::string_view line(kernel.remarks->data() + at, end - at);
    done += line.starts_with("vectorized loop");
    missed += line.starts_with("loop not vectorized in");
    at = end + 1;
  }
  // Rows and tiles are written out as vectors, so that no loop is left to vectorise.
  if (done == 0)
    return kernel.cpp.find("vector_size") != std::string::npos ? "written as vectors" : "scalar";
  return missed == 0 ? ir::counted(static_cast<std::size_t>(done), "loop") + " vectorised"
                     : fmt::format("{} vectorised, {} not",
                                   ir::counted(static_cast<std::size_t>(done), "loop"), missed);
}

std::string groups(const Description& d) {
  std::string out;
  for (const Description::Group& group : d.groups)
    out += fmt::format("@{} {}{} [{}]{}\n  computes {}\n  keeps {}\n", group.name, group.kind,
                       group.may_fail ? " may_fail" : "", group.domain,
                       group.schedule.empty() ? "" : " " + group.schedule,
                       fmt::join(group.members, ", "), fmt::join(group.outputs, ", "));
  for (const auto& [what, why] : d.refusals) out += fmt::format("not fused: {}: {}\n", what, why);
  return out;
}

std::string headline(const Kernel& kernel) {
  return fmt::format("@{}: {}{}\n//   parallel over {}; {}; {} read, {} written\n", kernel.name,
                     kernel.kind, kernel.schedule.empty() ? "" : " " + kernel.schedule,
                     kernel.parallel_extent.formula, amount(kernel.operations, "operations"),
                     amount(kernel.bytes_read, "bytes"), amount(kernel.bytes_written, "bytes"));
}

std::string kernels(const Description& d) {
  std::string out;
  for (const Kernel& kernel : d.kernels)
    out += fmt::format("// {}{}\n", headline(kernel), kernel.ir);
  return out;
}

std::string listed(const Description& d, const std::vector<int>& buffers) {
  std::string out;
  for (const int b : buffers)
    out += fmt::format("{}{}", out.empty() ? "" : ", ",
                       d.buffers.at(static_cast<std::size_t>(b)).name);
  return out;
}

std::string plan(const Description& d) {
  std::string out;
  int number = 0;
  for (const Description::Step& step : d.steps)
    out += fmt::format("{:>3}  {:<7} {:<28} {} -> {}\n", number++, step.kind, step.kernel,
                       listed(d, step.reads), listed(d, step.writes));
  return out;
}

std::string memory(const Description& d) {
  std::string out = assumed(d);
  out += fmt::format("arena {}; a place for each temporary {}; never less than {}\n",
                     amount(d.arena_bytes, "bytes"), amount(d.naive_bytes, "bytes"),
                     amount(d.least_bytes, "bytes"));
  out += fmt::format("{:<12} {:<22} {:<7} {:>12} {:>12}  {}\n", "buffer", "type", "place", "offset",
                     "bytes", "steps");
  for (const Description::Buffer& b : d.buffers)
    out += fmt::format("{:<12} {:<22} {:<7} {:>12} {:>12}  {}\n", b.name, b.type, b.place,
                       b.place == "arena" ? std::to_string(b.offset.value) : "", b.bytes.value,
                       b.first < 0 ? "none" : fmt::format("{}-{}", b.first, b.last));
  return out;
}

template <std::optional<std::string> Kernel::*Field>
std::string joined(const Description& d) {
  std::string out;
  for (const Kernel& kernel : d.kernels)
    out += fmt::format("; @{}\n{}\n", kernel.name, (kernel.*Field).value_or(""));
  return out;
}

// Another build's text of a kernel, from the cache, brings its own prelude; it keeps it to itself.
std::string unit(const Description& d, std::string Kernel::*text, const codegen::Dialect& dialect) {
  std::vector<codegen::UnitPart> parts;
  std::string others;
  for (const Kernel& kernel : d.kernels) {
    const std::string& functions = kernel.*text;
    if (functions.find("\nstruct Failure {") == std::string::npos)
      parts.push_back({kernel.name, functions});
    else
      others += fmt::format("\nnamespace of_{0} {{\n{1}}}  // namespace of_{0}\n", kernel.name,
                            functions);
  }
  return codegen::unit_text(d.name, d.target, parts, dialect) + others;
}

std::string cpp(const Description& d) {
  const Target target = target_of(d);
  return unit(d, &Kernel::cpp_commented, codegen::cpp_dialect(target.fma, target.vector_bytes));
}

std::string cuda(const Description& d) {
  return unit(d, &Kernel::cuda_commented, codegen::cuda_dialect());
}

std::string remarks(const Description& d) {
  std::string out;
  for (const Kernel& kernel : d.kernels) {
    out += fmt::format("@{}: {}\n", kernel.name, vectorised(kernel));
    const std::string text = kernel.remarks.value_or("");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      out += fmt::format("  {}\n", text.substr(at, end - at));
      at = end + 1;
    }
  }
  return out;
}

std::string explanation(const Description& d) {
  std::string out =
      fmt::format("{}: {} in {} for {}, math {}\n", d.name, ir::counted(d.kernels.size(), "kernel"),
                  ir::counted(d.steps.size(), "step"), d.target, d.math);
  for (const std::string& note : d.notes) out += fmt::format("  note: {}\n", note);
  for (const Kernel& kernel : d.kernels) {
    out += fmt::format("  {:<28} {:<12} parallel over {}, cost {} each\n", kernel.name, kernel.kind,
                       kernel.parallel_extent.formula, kernel.cost);
    out += fmt::format("    {}; reads {}, writes {}\n", amount(kernel.operations, "operations"),
                       amount(kernel.bytes_read, "bytes"), amount(kernel.bytes_written, "bytes"));
    if (const std::string how = vectorised(kernel); !how.empty()) out += "    " + how + "\n";
  }
  out += fmt::format("  arena: {} planned, {} with a place for each temporary\n",
                     amount(d.arena_bytes, "bytes"), amount(d.naive_bytes, "bytes"));
  for (const auto& [rule, count] : rules_fired(d))
    out += fmt::format("  rule {:<24} fired {}\n", rule,
                       ir::counted(static_cast<std::size_t>(count), "time"));
  for (const auto& [what, why] : d.refusals) out += fmt::format("  not fused: {}: {}\n", what, why);
  if (const std::string values = assumed(d); !values.empty()) out += "  " + values;
  return out;
}

// clang-format off
constexpr View kViews[] = {
  {"explain", "kernels, work, memory, rules that fired, what was not fused", {}, explanation},
  {"groups", "what each kernel computes", {}, groups},
  {"kernels", "loop nests with their schedules", {}, kernels},
  {"plan", "the steps of a call", {}, plan},
  {"memory", "buffers over the steps", {}, memory},
  {"cpp", "C++ with comments, which compiles by itself", {}, cpp},
  {"cuda", "CUDA with comments, which compiles by itself", {}, cuda},
  {"llvm", "LLVM IR, optimised", Generated::llvm, joined<&Kernel::llvm>},
  {"asm", "assembly", Generated::assembly, joined<&Kernel::assembly>},
  {"ptx", "PTX", Generated::ptx, joined<&Kernel::ptx>},
  {"remarks", "what the vectoriser said", Generated::remarks, remarks},
};
// clang-format on

}  // namespace

std::span<const View> all_views() { return kViews; }

std::vector<std::string> view_names(const Description& description) {
  std::vector<std::string> out;
  for (const Description::Stage& stage : description.stages)
    if (std::none_of(std::begin(kViews), std::end(kViews),
                     [&](const View& v) { return v.name == stage.name; }))
      out.push_back(stage.name);
  for (const View& v : kViews) out.emplace_back(v.name);
  return out;
}

std::string view(Description& description, std::string_view name, const std::string& architecture) {
  for (const View& v : kViews) {
    if (v.name != name) continue;
    if (v.needs) generate(description, *v.needs, architecture);
    return v.text(description);
  }
  for (std::size_t i = 0; i < description.stages.size(); ++i)
    if (description.stages[i].name == name) return stage_text(description, i);
  const std::vector<std::string> names = view_names(description);
  const std::vector<std::string_view> known(names.begin(), names.end());
  throw UserError(fmt::format("{} has no stage {}{}; there are {}", description.name, name,
                              ir::suggestion(name, known), fmt::join(names, ", ")));
}

}  // namespace croton::runtime
