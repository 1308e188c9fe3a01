// The three kinds of failure, and where in the user's program a value was written.
//
// UserError: a mistake in the caller's program or data. BackendError: a compiler or driver said no.
// InternalError: ours; CROTON_CHECK raises it. Ordinary absence (a cache miss, no GPU) is an
// optional.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace croton {

/// A line of the user's program: the file's base name, the line, and the scopes that were open,
/// outermost first, joined by '/'. An empty file means "unknown".
struct Site {
  std::string file;
  int line = 0;
  std::string scope = {};
  [[nodiscard]] std::string text() const;  // "model.cpp:31 (encoder)", or "" when unknown
  friend bool operator==(const Site&, const Site&) = default;
};

/// The line, with this thread's open scopes. A line inside the standard library's own headers
/// (std::accumulate adds two expressions) becomes the line of the innermost scope, or unknown.
[[nodiscard]] Site site_of(const std::source_location& location);
/// The path that the compiler was given for a file of this program's sites, by its base name; ""
/// when there is none, or several of that name. It need not be on this machine.
[[nodiscard]] std::string source_path(const std::string& file);
/// Scopes nest, each thread has its own; `where` is the line that opened it.
void open_scope(std::string_view name, const std::source_location& where);
void close_scope();

class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One line of an error's context: "x : f32[n, 784]     model.cpp:31".
struct ErrorNote {
  std::string text;
  Site site;
};

class UserError : public Error {
 public:
  explicit UserError(const std::string& message, std::vector<ErrorNote> notes = {});
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] const std::vector<ErrorNote>& notes() const { return notes_; }

 private:
  std::string message_;
  std::vector<ErrorNote> notes_;
};

class BackendError : public Error {
 public:
  BackendError(const std::string& message, std::string log);
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] const std::string& log() const { return log_; }

 private:
  std::string message_, log_;
};

class InternalError : public Error {
  using Error::Error;
};

[[noreturn]] void internal_error(std::string_view condition, const std::string& message,
                                 const std::source_location& where);

}  // namespace croton

/// Our own invariants. `message` is a std::string expression, evaluated only on failure.
#define CROTON_CHECK(condition, message)                                                \
  do {                                                                                  \
    if (!(condition))                                                                   \
      ::croton::internal_error(#condition, (message), std::source_location::current()); \
  } while (false)
