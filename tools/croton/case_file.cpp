// The file of cases: lines in, answers out in the same order, while workers are at it.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <unordered_map>

#include "ir/error.hpp"
#include "ir/spelling.hpp"
#include "tools/croton/cases.hpp"
#include "tools/croton/compare.hpp"
#include "tools/croton/output.hpp"

namespace croton::tool {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxLine = std::size_t{1} << 28;
constexpr auto kQuiet = std::chrono::seconds(2);  // no progress is shown before

class CaseFile {
 public:
  explicit CaseFile(const CaseFileOptions& options)
      : options_(options), name_(options.file == "-" ? "standard input" : options.file) {
    if (options.file == "-") return;
    const auto check = [&](int reason) {
      if (reason != 0)
        throw UserError(fmt::format("cannot read {}: {}", options.file, std::strerror(reason)));
    };
    errno = 0;
    file_.open(options.file, std::ios::binary);
    if (!file_) check(errno);
    std::error_code error;
    if (std::filesystem::is_directory(options.file, error)) check(EISDIR);
  }

  bool run() {
    // Each worker has the threads that were asked for, whatever else it decides by itself.
    setenv("CROTON_THREADS", std::to_string(options_.each.settings.threads).c_str(), 1);
    const WorkerOptions workers{options_.jobs, [&](const std::string& line) {
                                  return line_of(run_case(json::parse(line), options_.each));
                                }};
    run_workers(
        workers, [&](Task& task) { return next(task); }, [&](const Outcome& o) { done(o); });
    if (total_ == 0) throw UserError(name_ + " holds no case");
    if (shows_progress_) std::fputs("\r\x1b[K", stderr);
    const std::chrono::duration<double> spent = Clock::now() - start_;
    fmt::print(stderr, "{}: {} ok, {}, {}; {:.2f} s, {:.0f} a minute\n",
               ir::counted(total_, "case"), counts_["ok"],
               ir::counted(counts_["mismatch"], "mismatch"), ir::counted(counts_["error"], "error"),
               spent.count(), 60.0 * static_cast<double>(total_) / spent.count());
    return counts_["ok"] == total_;
  }

 private:
  struct Pending {
    json fields;
    std::size_t line = 0;
  };

  bool read_line(std::string& line) {
    std::istream& stream = options_.file == "-" ? std::cin : file_;
    if (line_too_long_) return false;  // where the next one begins, nobody knows
    line.clear();
    for (int c = stream.get(); c != '\n'; c = stream.get()) {
      if (c == std::istream::traits_type::eof() && line.empty()) return false;
      if (c == std::istream::traits_type::eof()) break;
      line.push_back(static_cast<char>(c));
      line_too_long_ = line.size() > kMaxLine;
      if (line_too_long_) break;
    }
    ++line_;
    return true;
  }

  // The next case; lines that are none are answered on the way.
  bool next(Task& task) {
    std::string line;
    while (read_line(line)) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      const std::size_t number = total_++;
      json fields;
      try {
        if (line_too_long_)
          throw UserError("the line is longer than 256 MiB; nothing after it is read");
        parse_case(line, fields);
        reject_repeated(fields);
      } catch (const UserError& error) {
        json answer{{"id", fields.is_object() ? fields.value("id", json()) : json()},
                    {"status", "error"},
                    {"kind", "user"},
                    {"message", fmt::format("{}:{}: {}", name_, line_, error.what())}};
        finish(number, std::move(answer));
        continue;
      }
      task = {number, std::move(line), fields.value("timeout_s", options_.timeout)};
      // The text is the worker's; here only what an answer in its place needs.
      fields.erase("program");
      pending_[number] = {std::move(fields), line_};
      return true;
    }
    return false;
  }

  void reject_repeated(const json& fields) {
    const auto once = [&](const std::string& key, std::size_t first) {
      if (first != line_) throw UserError(fmt::format("{} is that of line {}", key, first));
    };
    once("the id " + fields.at("id").dump(),
         ids_.emplace(fields.at("id").dump(), line_).first->second);
    if (!fields.contains("out")) return;
    const std::string path =
        (options_.each.directory / fields.at("out").get<std::string>()).lexically_normal().string();
    once("the file of \"out\"", outs_.emplace(path, line_).first->second);
  }

  void done(const Outcome& outcome) {
    const auto it = pending_.find(outcome.number);
    const Pending pending = std::move(it->second);
    pending_.erase(it);
    json answer;
    if (outcome.kind == Outcome::Kind::answer) answer = json::parse(outcome.text, nullptr, false);
    if (!answer.is_object())
      answer = outcome.kind == Outcome::Kind::timeout
                   ? failed_case(pending.fields, "timeout", outcome.text)
                   : failed_case(pending.fields, "crash", outcome.text);
    answer["line"] = pending.line;
    finish(outcome.number, std::move(answer));
  }

  // Answers leave in the order of the cases.
  void finish(std::size_t number, json answer) {
    if (!answer.contains("line")) answer["line"] = line_;
    ++counts_[answer.at("status").get<std::string>()];
    answers_[number] = line_of(answer);
    note_json_written();
    for (auto it = answers_.find(printed_); it != answers_.end(); it = answers_.find(printed_)) {
      it->second += '\n';
      if (std::fwrite(it->second.data(), 1, it->second.size(), stdout) != it->second.size() ||
          std::fflush(stdout) != 0)
        throw UserError("the answers cannot be written to standard output");
      answers_.erase(it);
      ++printed_;
    }
    progress();
  }

  void progress() {
    if (!terminal_ || Clock::now() - start_ < kQuiet || Clock::now() - shown_ < kQuiet / 20) return;
    shown_ = Clock::now();
    shows_progress_ = true;
    fmt::print(stderr, "\r\x1b[K{} cases, {} ok", printed_, counts_["ok"]);
    std::fflush(stderr);
  }

  const CaseFileOptions& options_;
  std::string name_;
  std::ifstream file_;
  bool line_too_long_ = false;
  std::size_t line_ = 0, total_ = 0, printed_ = 0;
  std::unordered_map<std::string, std::size_t> ids_, outs_;  // to their lines
  std::map<std::size_t, Pending> pending_;
  std::map<std::size_t, std::string> answers_;
  std::map<std::string, std::size_t> counts_;
  bool terminal_ = isatty(STDERR_FILENO) == 1, shows_progress_ = false;
  Clock::time_point start_ = Clock::now(), shown_ = start_;
};

}  // namespace

bool run_cases(const CaseFileOptions& options) { return CaseFile(options).run(); }

}  // namespace croton::tool
