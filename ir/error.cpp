#include "ir/error.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace croton {
namespace {

// Notes are aligned so that the file:line column of one error stands under each other.
std::string render(const std::string& message, const std::vector<ErrorNote>& notes) {
  std::size_t width = 0;
  for (const ErrorNote& note : notes) width = std::max(width, note.text.size());
  std::string out = message;
  for (const ErrorNote& note : notes) {
    out += "\n  " + note.text;
    if (note.site.file.empty()) continue;
    out += std::string(width - note.text.size() + 5, ' ') + note.site.text();
  }
  return out;
}

// Where compilers keep the standard library; a user's own header is never there.
bool is_library_header(std::string_view file) {
  return file.find("/include/c++/") != std::string_view::npos;
}

thread_local std::vector<Site> scopes;

// Paths by base name, "" where two files share one. Never destroyed: threads of the program may
// still build graphs when static objects die.
struct SourcePaths {
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> by_name;
};
SourcePaths& source_paths() {
  static auto& paths = *new SourcePaths;
  return paths;
}

void remember(const char* path, std::string_view name) {
  // Line after line of one file says the same.
  thread_local const char* last = nullptr;
  if (path == std::exchange(last, path)) return;
  SourcePaths& paths = source_paths();
  const std::lock_guard lock(paths.mutex);
  const auto [known, fresh] = paths.by_name.emplace(name, path);
  if (!fresh && known->second != path) known->second.clear();
}

}  // namespace

std::string Site::text() const {
  if (file.empty()) return "";
  const std::string place = file + ":" + std::to_string(line);
  return scope.empty() ? place : place + " (" + scope + ")";
}

Site site_of(const std::source_location& location) {
  const Site* scope = scopes.empty() ? nullptr : &scopes.back();
  std::string_view file = location.file_name();
  if (is_library_header(file)) return scope != nullptr ? *scope : Site{};
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos)
    file.remove_prefix(slash + 1);
  remember(location.file_name(), file);
  return {std::string(file), static_cast<int>(location.line()), scope ? scope->scope : ""};
}

std::string source_path(const std::string& file) {
  SourcePaths& paths = source_paths();
  const std::lock_guard lock(paths.mutex);
  const auto known = paths.by_name.find(file);
  return known == paths.by_name.end() ? "" : known->second;
}

void open_scope(std::string_view name, const std::source_location& where) {
  Site site = site_of(where);
  site.scope += (site.scope.empty() ? "" : "/") + std::string(name);
  scopes.push_back(std::move(site));
}

void close_scope() { scopes.pop_back(); }

UserError::UserError(const std::string& message, std::vector<ErrorNote> notes)
    : Error(render(message, notes)), message_(message), notes_(std::move(notes)) {}

BackendError::BackendError(const std::string& message, std::string log)
    : Error(log.empty() ? message : message + "\n" + log),
      message_(message),
      log_(std::move(log)) {}

void internal_error(std::string_view condition, const std::string& message,
                    const std::source_location& where) {
  throw InternalError("croton: internal error at " + site_of(where).text() + ": " + message + " (" +
                      std::string(condition) + "); please report this with the text above");
}

}  // namespace croton
