// Structs as JSON: one list of fields per struct, a function `fields(visit, value)` beside its
// users, serves writing and reading. Reading names the place of what is wrong.
#pragma once

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ir/error.hpp"

namespace croton::runtime {

using nlohmann::json;

template <class T>
inline constexpr bool kHasFields = requires(T& t) {
  fields([](const char*, auto&) {}, t);
};

template <class T>
json written(const T& value);
template <class T>
json written(const std::vector<T>& values) {
  json out = json::array();
  for (const T& value : values) out.push_back(written(value));
  return out;
}
template <class T>
json written(const std::map<std::string, T>& values) {
  json out = json::object();
  for (const auto& [key, value] : values) out[key] = written(value);
  return out;
}
template <class T>
json written(const std::optional<T>& value) {
  return value ? written(*value) : json();
}
template <class T>
json written(const T& value) {
  if constexpr (kHasFields<T>) {
    json out = json::object();
    // The list of fields serves readers too, so it takes what can be changed.
    fields([&](const char* name, auto& field) { out[name] = written(field); },
           const_cast<T&>(value));
    return out;
  } else {
    return value;
  }
}

/// Throws UserError "SOURCE is damaged: PLACE is …".
class JsonReader {
 public:
  explicit JsonReader(std::string source) : source_(std::move(source)) {}

  template <class T>
  void read(const json& from, T& to, const std::string& at) const {
    if constexpr (kHasFields<T>) {
      if (!from.is_object()) fail(at, "is no object");
      fields(
          [&](const char* name, auto& field) {
            const std::string inner = at.empty() ? name : at + "." + name;
            const auto it = from.find(name);
            if (it == from.end()) fail(inner, "is missing");
            read(*it, field, inner);
          },
          to);
    } else {
      scalar(from, to, at);
    }
  }

  [[noreturn]] void fail(const std::string& at, const std::string& what) const {
    throw UserError(fmt::format("{} is damaged: {} {}", source_, at, what));
  }

 private:
  template <class T>
  void read(const json& from, std::vector<T>& to, const std::string& at) const {
    if (!from.is_array()) fail(at, "is no list");
    for (std::size_t i = 0; i < from.size(); ++i)
      read(from[i], to.emplace_back(), fmt::format("{}[{}]", at, i));
  }
  template <class T>
  void read(const json& from, std::map<std::string, T>& to, const std::string& at) const {
    if (!from.is_object()) fail(at, "is no object");
    for (const auto& [key, value] : from.items()) read(value, to[key], at + "." + key);
  }
  template <class T>
  void read(const json& from, std::optional<T>& to, const std::string& at) const {
    if (!from.is_null()) read(from, to.emplace(), at);
  }
  void scalar(const json& from, std::string& to, const std::string& at) const {
    if (!from.is_string()) fail(at, "is no text");
    to = from.get<std::string>();
  }
  void scalar(const json& from, bool& to, const std::string& at) const {
    if (!from.is_boolean()) fail(at, "is neither true nor false");
    to = from.get<bool>();
  }
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void scalar(const json& from, Number& to, const std::string& at) const {
    if (std::is_integral_v<Number> ? !from.is_number_integer() : !from.is_number())
      fail(at, "is no number");
    to = from.get<Number>();
  }

  std::string source_;
};

}  // namespace croton::runtime
