#include "userspace/api/json_answer.h"

#include "userspace/api/json.h"
#include "userspace/api/json_binding.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

// Splits at the first ": "; a text without one is all `what`.
Missing missing_from_text(const std::string& text) {
  const auto colon = text.find(": ");
  if (colon == std::string::npos) {
    return {text, ""};
  }
  return {text.substr(0, colon), text.substr(colon + 2)};
}

}  // namespace

void write(JsonWriter& out, const std::vector<Missing>& missing) {
  out.begin_array();
  for (const Missing& gap : missing) {
    out.value(to_string(gap));
  }
  out.end_array();
}

void read_missing(JsonReader& in, std::vector<Missing>& missing) {
  std::vector<std::string> texts;
  in.read("missing", texts);
  for (const std::string& text : texts) {
    missing.push_back(missing_from_text(text));
  }
}

void write_head(JsonWriter& out, Source source, Confidence confidence,
                const std::vector<Missing>& missing) {
  out.field("schema", std::string_view(kSchema));
  out.field("source", to_string(source));
  out.field("confidence", to_string(confidence));
  write_field(out, "missing", missing);
}

void read_head(JsonReader& in, Source& source, Confidence& confidence,
               std::vector<Missing>& missing) {
  in.word("source", source, source_from);
  in.word("confidence", confidence, confidence_from);
  read_missing(in, missing);
}

void write_before(JsonWriter& out, const std::optional<HistoryCursor>& before) {
  if (before) {
    out.field("before", to_string(*before));
  }
}

void read_before(JsonReader& in, std::optional<HistoryCursor>& before) {
  if (in.find("before") != nullptr) {
    in.word("before", before.emplace(), history_cursor_from);
  }
}

std::string json_text(const Answer& answer) {
  JsonWriter out;
  out.begin_object();
  write_head(out, answer);
  write_before(out, answer.before);
  write_field(out, "bindings", answer.bindings);
  out.end_object();
  return out.take();
}

json to_json(const Answer& answer) { return json::parse(json_text(answer)); }

Result<Answer> answer_from_json(const json& document) {
  JsonReader in(document);
  Answer answer;
  read_head(in, answer);
  read_before(in, answer.before);
  in.list("bindings", answer.bindings, binding_from_json);
  if (in.error()) {
    return *in.error();
  }
  return answer;
}

std::string dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace portwatch
