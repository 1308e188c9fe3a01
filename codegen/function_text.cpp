#include "codegen/function_text.hpp"

#include <fmt/format.h>

#include <set>

#include "codegen/spelling.hpp"

namespace croton::codegen {
namespace {

struct Parameter {
  std::string_view type, name;
};

constexpr std::size_t kLineLength = 100;

constexpr Parameter kArrays[] = {{"void* const*", "buffers"}, {"const i64*", "dims"}};
constexpr Parameter kRange[] = {{"i64", "begin"}, {"i64", "end"}, {"Failure*", "failure"}};

std::set<std::string_view> words(std::string_view text) {
  std::set<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end > at) out.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

std::string body_name(const std::string& entry) { return entry + "_body"; }

void write_function(Writer& writer, const Dialect& dialect, const std::string& entry,
                    const std::vector<BufferParameter>& buffers,
                    const std::vector<std::string>& dims, const Writer& body) {
  const bool calls = !dialect.entry.empty();
  const std::set<std::string_view> named = words(body.code());
  const auto is_passed = [&](std::string_view name) { return !calls || named.contains(name); };
  const std::string name = calls ? body_name(entry) : entry;

  std::vector<std::string> lines, comments, arguments, range;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const BufferParameter& buffer = buffers[i];
    if (!is_passed(buffer.name)) continue;
    lines.push_back(fmt::format("{} __restrict {}", buffer.type, buffer.name));
    comments.push_back(buffer.comment);
    arguments.push_back(fmt::format(fmt::runtime(dialect.buffer_argument), buffer.type, i));
  }
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (!is_passed(dims[i])) continue;
    lines.push_back("const i64 " + dims[i]);
    arguments.push_back(fmt::format(fmt::runtime(dialect.dim_argument), "", i));
  }
  for (const Parameter& parameter : kRange) {
    if (!is_passed(parameter.name)) continue;
    range.push_back(fmt::format("{} {}", parameter.type, parameter.name));
    arguments.emplace_back(parameter.name);
  }
  if (!range.empty()) lines.push_back(fmt::format("{}", fmt::join(range, ", ")));
  comments.resize(lines.size());

  const std::string head = fmt::format("{}{}(", dialect.function, name);
  if (lines.empty()) writer.open(head + ")");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == 0) writer.line(head);
    if (i + 1 < lines.size())
      writer.line("    " + lines[i] + ",", comments[i]);
    else
      writer.open("    " + lines[i] + ")", comments[i]);
  }
  writer.append(body);
  writer.close();
  if (!calls) return;

  // A parameter that the entry does not pass on has no name there.
  std::string call = fmt::format("{}({});", name, fmt::join(arguments, ", "));
  if (call.size() > kLineLength)
    call = fmt::format("{}(\n      {});", name, fmt::join(arguments, ",\n      "));
  const std::set<std::string_view> passed = words(call);
  std::vector<std::string> parameters;
  const auto add = [&](const Parameter& parameter) {
    parameters.push_back(passed.contains(parameter.name)
                             ? fmt::format("{} {}", parameter.type, parameter.name)
                             : std::string(parameter.type));
  };
  for (const Parameter& parameter : kArrays) add(parameter);
  for (const Parameter& parameter : kRange) add(parameter);
  writer.open(fmt::format("{}{}({})", dialect.entry, entry, fmt::join(parameters, ", ")));
  writer.line(call);
  writer.close();
}

}  // namespace croton::codegen
