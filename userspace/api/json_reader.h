// json_reader.h - typed fields out of one JSON object that others wrote.
//
// Keeps the first error, so that a list of fields reads like a list of fields:
// read them all, then look at error(). Unknown fields are ignored; a field that
// may be null may also be absent. Nothing throws.
#pragma once

#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"

namespace portwatch {

// Each puts the value into `out` and returns true, or returns false.
bool convert(const nlohmann::json& in, bool& out);
bool convert(const nlohmann::json& in, std::string& out);
bool convert(const nlohmann::json& in, WallTime& out);
bool convert(const nlohmann::json& in, std::chrono::milliseconds& out);
bool convert(const nlohmann::json& in, std::chrono::seconds& out);
template <std::integral Int>
bool convert(const nlohmann::json& in, Int& out) {
  if (!in.is_number_integer() ||
      (in.is_number_unsigned() ? !std::in_range<Int>(in.get<std::uint64_t>())
                               : !std::in_range<Int>(in.get<std::int64_t>()))) {
    return false;
  }
  out = in.get<Int>();
  return true;
}
template <class T>
bool convert(const nlohmann::json& in, std::vector<T>& out) {
  if (!in.is_array()) {
    return false;
  }
  for (const auto& item : in) {
    if (!convert(item, out.emplace_back())) {
      return false;
    }
  }
  return true;
}

// Error: invalid when `text` is no JSON.
Result<nlohmann::json> parse_json(const std::string& text);

class JsonReader {
 public:
  // `document` must outlive the reader. Anything but an object is an error.
  explicit JsonReader(const nlohmann::json& document);

  template <class T>
  void read(const char* name, T& out);
  template <class T>
  void read(const char* name, std::optional<T>& out);
  // A word of the contract: `parse` is one of the ..._from functions.
  template <class Enum>
  void word(const char* name, Enum& out,
            std::optional<Enum> (*parse)(std::string_view));
  // Objects within: `parse` returns a Result<T>.
  template <class T>
  void nested(const char* name, std::optional<T>& out,
              Result<T> (*parse)(const nlohmann::json&));
  template <class T>
  void nested(const char* name, T& out, Result<T> (*parse)(const nlohmann::json&));
  template <class T>
  void list(const char* name, std::vector<T>& out,
            Result<T> (*parse)(const nlohmann::json&));
  template <class T>
  void list(const char* name, std::optional<std::vector<T>>& out,
            Result<T> (*parse)(const nlohmann::json&));

  // The value, or nullptr when it is absent or null.
  const nlohmann::json* find(const char* name) const;
  // Notes a field that is there but wrong.
  void reject(const char* name, std::string_view why);

  const std::optional<Error>& error() const { return error_; }

 private:
  const nlohmann::json* require(const char* name);
  void keep(Error error);

  const nlohmann::json& document_;
  std::optional<Error> error_;
};

template <class T>
void JsonReader::read(const char* name, T& out) {
  const nlohmann::json* value = require(name);
  if (value != nullptr && !convert(*value, out)) {
    reject(name, "of the wrong type or out of range");
  }
}

template <class T>
void JsonReader::read(const char* name, std::optional<T>& out) {
  const nlohmann::json* value = find(name);
  if (value != nullptr && !convert(*value, out.emplace())) {
    reject(name, "of the wrong type or out of range");
  }
}

template <class Enum>
void JsonReader::word(const char* name, Enum& out,
                      std::optional<Enum> (*parse)(std::string_view)) {
  std::string text;
  read(name, text);
  if (const std::optional<Enum> value = parse(text)) {
    out = *value;
  } else {
    reject(name, "'" + text + "', which is no known word");
  }
}

template <class T>
void JsonReader::nested(const char* name, std::optional<T>& out,
                        Result<T> (*parse)(const nlohmann::json&)) {
  if (const nlohmann::json* value = find(name)) {
    Result<T> parsed = parse(*value);
    if (parsed) {
      out = std::move(*parsed);
    } else {
      keep(add_context(parsed.error(), name));
    }
  }
}

template <class T>
void JsonReader::nested(const char* name, T& out,
                        Result<T> (*parse)(const nlohmann::json&)) {
  std::optional<T> maybe;
  if (require(name) != nullptr) {
    nested(name, maybe, parse);
  }
  if (maybe) {
    out = std::move(*maybe);
  }
}

template <class T>
void JsonReader::list(const char* name, std::vector<T>& out,
                      Result<T> (*parse)(const nlohmann::json&)) {
  const nlohmann::json* value = require(name);
  if (value == nullptr || !value->is_array()) {
    reject(name, "not an array");
    return;
  }
  out.reserve(value->size());
  for (const auto& item : *value) {
    Result<T> parsed = parse(item);
    if (!parsed) {
      const std::string index = "[" + std::to_string(out.size()) + "]";
      keep(add_context(parsed.error(), name + index));
      return;
    }
    out.push_back(std::move(*parsed));
  }
}

template <class T>
void JsonReader::list(const char* name, std::optional<std::vector<T>>& out,
                      Result<T> (*parse)(const nlohmann::json&)) {
  if (find(name) != nullptr) {
    list(name, out.emplace(), parse);
  }
}

}  // namespace portwatch
