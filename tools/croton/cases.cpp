// One case: a program on the arrays of a file, judged by another file or by the error it expects.
//
// A line is a JSON object. `id` (text or a number) names the case; `program` is the text of a
// module or the path of one; `inputs` is an .npz with inputs and shared variables by name, and may
// be left out by a program without either. The rest is optional:
//   wrt           names of inputs and shared variables to differentiate with respect to
//   cotangents    one per output: an array of `inputs` by name, a number for every element, or null
//   out           an .npz to write: outputs, gradients ("grad x") and updated variables by name
//   expected      an .npz with any of them by name, compared within
//   tolerance     {"rtol": 1e-5, "atol": 1e-6}, see compare.hpp
//   expect_error  a part of the error's message, or {"kind": "timeout", "message": "…"}
//   timeout_s     seconds
// Relative paths begin at the folder of the case file.
//
// The answer has the `id`, a `status` (ok, mismatch or error) and the seconds. A mismatch says what
// differs, by how much and where; an error has its kind (user, backend, internal, timeout or crash)
// and message.
#include "tools/croton/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "ir/error.hpp"
#include "ir/spelling.hpp"
#include "runtime/compile.hpp"
#include "runtime/npy.hpp"
#include "tools/croton/compare.hpp"
#include "tools/croton/module_file.hpp"

namespace croton::tool {
namespace {

using nlohmann::json;

constexpr std::string_view kKinds[] = {"user", "backend", "internal", "timeout", "crash"};

bool is_text(const json& v) { return v.is_string(); }
bool is_id(const json& v) { return v.is_string() || v.is_number(); }
bool is_seconds(const json& v) { return v.is_number() && v.get<double>() > 0; }
bool is_names(const json& v) {
  return v.is_array() &&
         std::all_of(v.begin(), v.end(), [](const json& x) { return x.is_string(); });
}
bool is_cotangents(const json& v) {
  return v.is_array() && std::all_of(v.begin(), v.end(), [](const json& x) {
           return x.is_string() || x.is_number() || x.is_null();
         });
}
bool is_tolerance(const json& v) {
  if (!v.is_object()) return false;
  for (const auto& [key, value] : v.items())
    if ((key != "rtol" && key != "atol") || !value.is_number() || value.get<double>() < 0)
      return false;
  return true;
}
bool is_expected_error(const json& v) {
  if (v.is_string()) return true;
  if (!v.is_object() || v.empty()) return false;
  for (const auto& [key, value] : v.items()) {
    if (!value.is_string() || (key != "kind" && key != "message")) return false;
    if (key == "kind" && std::find(std::begin(kKinds), std::end(kKinds),
                                   value.get_ref<const std::string&>()) == std::end(kKinds))
      return false;
  }
  return true;
}

struct Field {
  std::string_view name;
  bool required;
  bool (*fits)(const json&);
  std::string_view form;
};

// clang-format off
constexpr Field kFields[] = {
  {"id", true, is_id, "text or a number"},
  {"program", true, is_text, "a module's text or its path"},
  {"inputs", false, is_text, "the path of an .npz file"},
  {"out", false, is_text, "the path of an .npz file"},
  {"wrt", false, is_names, "a list of names"},
  {"cotangents", false, is_cotangents, "a list of names, numbers and nulls"},
  {"expected", false, is_text, "the path of an .npz file"},
  {"tolerance", false, is_tolerance, "an object with rtol and atol, not negative"},
  {"expect_error", false, is_expected_error,
   "text, or an object with message and kind (user, backend, internal, timeout or crash)"},
  {"timeout_s", false, is_seconds, "a positive number"},
};
// clang-format on

// The message of JSON's parser without its number and name.
std::string reason_of(const json::exception& error) {
  std::string text = error.what();
  const auto at = text.find("] ");
  return at == std::string::npos ? text : text.substr(at + 2);
}

std::string path_of(const CaseOptions& options, const json& name) {
  const std::string path =
      (options.directory / name.get<std::string>()).lexically_normal().string();
  return path == "-" ? "./-" : path;  // standard input holds cases, not programs
}

bool is_module_text(const std::string& program) {
  const auto start = program.find_first_not_of(" \t\r\n");
  return program.find('\n') != std::string::npos ||
         (start != std::string::npos && program.compare(start, 5, "ctir ") == 0);
}

std::string id_text(const json& fields) {
  const json& id = fields.at("id");
  return id.is_string() ? id.get<std::string>() : id.dump();
}

Problem problem_of(const json& fields, const CaseOptions& options, const Arrays& arrays) {
  const std::string program = fields.at("program");
  if (is_module_text(program)) return parse_problem(program, "case " + id_text(fields), arrays);
  const std::string path = path_of(options, fields.at("program"));
  return parse_problem(read_text(path), path, arrays);
}

Arrays arrays_of(const std::string& path) {
  Arrays out;
  for (auto& [name, array] : load_npz(path)) out.insert_or_assign(name, array);
  return out;
}

void differentiate(Problem& problem, const json& fields, const Arrays& arrays) {
  if (!fields.contains("wrt") && !fields.contains("cotangents")) return;
  GradientRequest request;
  if (fields.contains("wrt")) request.wrt = fields.at("wrt").get<std::vector<std::string>>();
  for (const json& given : fields.value("cotangents", json::array())) {
    Cotangent one;
    if (given.is_number()) one.number = given.get<double>();
    if (given.is_string()) {
      const auto it = arrays.find(given.get<std::string>());
      if (it == arrays.end())
        throw UserError(fmt::format("the cotangent {} is not in {}", given.get<std::string>(),
                                    fields.value("inputs", "inputs, which are not given")));
      one.array = it->second;
    }
    request.cotangents.push_back(std::move(one));
  }
  if (fields.contains("cotangents") && request.cotangents.empty() &&
      !problem.module.outputs.empty())
    throw UserError("the list of cotangents is empty");
  add_gradients(problem, request);
}

// What differs from the expected arrays, as fields of the answer; null: nothing.
json against(const Arrays& expected, const std::string& path, const Results& results,
             const Tolerance& tolerance) {
  if (expected.empty()) throw UserError(path + " holds no array");
  std::vector<std::string_view> known;
  for (const auto& [name, unused] : results) known.push_back(name);
  json worst;
  for (const auto& [name, wanted] : expected) {
    const auto it = std::find_if(results.begin(), results.end(),
                                 [&, n = name](const auto& result) { return result.first == n; });
    if (it == results.end())
      throw UserError(fmt::format("{}: the program has no output {}{}; there are {}", path, name,
                                  ir::suggestion(name, known), fmt::join(known, ", ")));
    if (!worst.is_null()) continue;
    const std::optional<Mismatch> found = mismatch(wanted, it->second, tolerance);
    if (!found) continue;
    worst = {{"output", name}, {"message", name + ": " + found->message}};
    if (found->worst < 0) continue;
    worst["index"] = place_of(wanted, found->worst);
    worst["expected"] = element_json(wanted, found->worst);
    worst["actual"] = element_json(it->second, found->worst);
    worst["outside"] = found->outside;
    worst["count"] = wanted.count();
  }
  return worst;
}

json reference_mismatch(const ReferenceCheck& check) {
  for (const ReferenceCheck::Output& o : check.outputs)
    if (o.outside > 0)
      return {{"output", o.name},
              {"message",
               fmt::format("{}: {} of {} elements leave the reference's bounds; the "
                           "worst, element {}, is {} instead of {} within {}",
                           o.name, o.outside, o.count, o.worst, o.actual, o.wanted, o.bound)},
              {"outside", o.outside},
              {"count", o.count}};
  return {};
}

// The answer's fields when the case gives no error.
json judged(const json& fields, const CaseOptions& options) {
  const auto [problem, given] = prepare_case(fields, options);
  const std::vector<Array> before = options.check ? values_of(problem) : std::vector<Array>{};
  const auto program = runtime::compile(problem.module, options.settings);
  const Results results = call(problem, *program, given);
  if (fields.contains("out")) save_npz(path_of(options, fields.at("out")), results);
  json found;
  if (fields.contains("expected")) {
    Tolerance tolerance;
    const json stated = fields.value("tolerance", json::object());
    if (stated.contains("rtol")) tolerance.rtol = stated.at("rtol").get<double>();
    if (stated.contains("atol")) tolerance.atol = stated.at("atol").get<double>();
    const std::string path = path_of(options, fields.at("expected"));
    found = against(arrays_of(path), path, results, tolerance);
  }
  if (found.is_null() && options.check)
    found = reference_mismatch(check_reference(problem, given, before, results));
  return found;
}

bool is_expected(const json& expected, const std::string& kind, const std::string& message) {
  if (expected.is_string())
    return message.find(expected.get_ref<const std::string&>()) != std::string::npos;
  return (!expected.contains("kind") || expected.at("kind") == kind) &&
         message.find(expected.value("message", "")) != std::string::npos;
}

}  // namespace

void parse_case(const std::string& line, json& fields) {
  try {
    fields = json::parse(line);
  } catch (const json::exception& error) {  // of form, or a number beyond a double
    throw UserError("no JSON: " + reason_of(error));
  }
  if (!fields.is_object()) throw UserError("a case is an object, {\"id\": …, \"program\": …}");
  std::vector<std::string_view> known;
  for (const Field& field : kFields) known.push_back(field.name);
  for (const auto& [key, unused] : fields.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw UserError(fmt::format("unknown field \"{}\"{}", key, ir::suggestion(key, known)));
  for (const Field& field : kFields) {
    const auto it = fields.find(field.name);
    if (it == fields.end() && field.required)
      throw UserError(fmt::format("the case has no \"{}\"", field.name));
    if (it != fields.end() && !field.fits(*it))
      throw UserError(fmt::format("\"{}\" must be {}", field.name, field.form));
  }
}

PreparedCase prepare_case(const json& fields, const CaseOptions& options) {
  const Arrays arrays =
      fields.contains("inputs") ? arrays_of(path_of(options, fields.at("inputs"))) : Arrays{};
  PreparedCase out{problem_of(fields, options, arrays), {}};
  differentiate(out.problem, fields, arrays);
  out.arguments = arguments(out.problem, arrays);
  return out;
}

json failed_case(const json& fields, const std::string& kind, const std::string& message) {
  json answer{{"id", fields.contains("id") ? fields.at("id") : json()}};
  if (!fields.contains("expect_error")) {
    answer.update({{"status", "error"}, {"kind", kind}, {"message", message}});
    return answer;
  }
  const json& expected = fields.at("expect_error");
  if (is_expected(expected, kind, message)) {
    answer["status"] = "ok";
    return answer;
  }
  const std::string wanted = expected.is_string() ? expected.get<std::string>() : expected.dump();
  answer.update({{"status", "mismatch"},
                 {"kind", kind},
                 {"message", fmt::format("expected the error {}, not {}", wanted, message)}});
  return answer;
}

json run_case(const json& fields, const CaseOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  json answer;
  try {
    const json found = judged(fields, options);
    answer["id"] = fields.at("id");
    answer["status"] = found.is_null() ? "ok" : "mismatch";
    if (!found.is_null()) answer.update(found);
    if (fields.contains("expect_error"))
      answer.update({{"status", "mismatch"}, {"message", "expected an error, there was none"}});
  } catch (const UserError& error) {
    answer = failed_case(fields, "user", error.what());
  } catch (const BackendError& error) {
    answer = failed_case(fields, "backend", error.what());
  } catch (const std::bad_alloc&) {
    answer = failed_case(fields, "user", "there is not enough memory for the case");
  } catch (const std::exception& error) {
    answer = failed_case(fields, "internal", error.what());
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  answer["seconds"] = std::round(spent.count() * 1e6) / 1e6;
  return answer;
}

}  // namespace croton::tool
