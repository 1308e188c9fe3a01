// croton run --cases: many programs from one file, each on its own inputs. See cases.cpp for the
// fields of a line and of an answer.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/compile_settings.hpp"
#include "tools/croton/problem.hpp"

namespace croton::tool {

struct CaseOptions {
  std::filesystem::path directory;  // what relative paths of the cases begin at
  runtime::CompileSettings settings;
  bool check = false;  // every case against the reference evaluator as well
};

/// Throws UserError for a line that is no case: no JSON, an unknown field, a field of another kind.
/// `fields` holds what could be read even so.
void parse_case(const std::string& line, nlohmann::json& fields);
/// A case up to its compile: its program with gradients, and its arguments. UserError for what the
/// case lacks.
struct PreparedCase {
  Problem problem;
  std::vector<Array> arguments;
};
[[nodiscard]] PreparedCase prepare_case(const nlohmann::json& fields, const CaseOptions& options);
/// The answer of one case; never throws.
[[nodiscard]] nlohmann::json run_case(const nlohmann::json& fields, const CaseOptions& options);
/// An answer for a case that gave none itself: kind is user, internal, timeout or crash. A case
/// that expects it is ok.
[[nodiscard]] nlohmann::json failed_case(const nlohmann::json& fields, const std::string& kind,
                                         const std::string& message);

struct CaseFileOptions {
  std::string file;  // "-" is standard input
  CaseOptions each;
  int jobs = 1;
  double timeout = 60;  // seconds, of a case that states none
};
/// Prints one answer a line, in the order of the cases; true when every one is ok.
[[nodiscard]] bool run_cases(const CaseFileOptions& options);

/// Processes that work on one text at a time. A worker that dies or takes too long is replaced, and
/// only its text is lost.
struct WorkerOptions {
  int workers = 1;
  std::function<std::string(const std::string&)> work;
};
struct Task {
  std::size_t number = 0;
  std::string text;
  double timeout = 0;  // seconds
};
struct Outcome {
  enum class Kind : std::uint8_t { answer, timeout, crash } kind = Kind::answer;
  std::size_t number = 0;
  std::string text;  // the answer, or how the worker died
};
/// Calls `next` for tasks until it has none, and `done` once for each, in any order.
void run_workers(const WorkerOptions& options, const std::function<bool(Task&)>& next,
                 const std::function<void(const Outcome&)>& done);

}  // namespace croton::tool
