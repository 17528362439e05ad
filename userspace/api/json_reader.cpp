#include "userspace/api/json_reader.h"

namespace portwatch {

bool convert(const nlohmann::json& in, bool& out) {
  if (!in.is_boolean()) {
    return false;
  }
  out = in.get<bool>();
  return true;
}

bool convert(const nlohmann::json& in, std::string& out) {
  if (!in.is_string()) {
    return false;
  }
  out = in.get_ref<const std::string&>();
  return true;
}

bool convert(const nlohmann::json& in, WallTime& out) {
  return in.is_string() && from_rfc3339(in.get_ref<const std::string&>(), out);
}

bool convert(const nlohmann::json& in, std::chrono::milliseconds& out) {
  std::int64_t count = 0;
  if (!convert(in, count)) {
    return false;
  }
  out = std::chrono::milliseconds(count);
  return true;
}

bool convert(const nlohmann::json& in, std::chrono::seconds& out) {
  std::int64_t count = 0;
  if (!convert(in, count)) {
    return false;
  }
  out = std::chrono::seconds(count);
  return true;
}

Result<nlohmann::json> parse_json(const std::string& text) {
  nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded()) {
    return Error{Errc::invalid, "not JSON"};
  }
  return document;
}

JsonReader::JsonReader(const nlohmann::json& document) : document_(document) {
  if (!document.is_object()) {
    keep({Errc::invalid, "not an object"});
  }
}

const nlohmann::json* JsonReader::find(const char* name) const {
  if (!document_.is_object()) {
    return nullptr;
  }
  const auto found = document_.find(name);
  return found == document_.end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json* JsonReader::require(const char* name) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) {
    keep({Errc::invalid, std::string("field '") + name + "' is missing"});
  }
  return value;
}

void JsonReader::reject(const char* name, std::string_view why) {
  keep({Errc::invalid, std::string("field '") + name + "' is " + std::string(why)});
}

void JsonReader::keep(Error error) {
  if (!error_) {
    error_ = std::move(error);
  }
}

}  // namespace portwatch
