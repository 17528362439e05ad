#include "userspace/api/json.h"
#include "userspace/api/json_binding.h"
#include "userspace/api/json_reader.h"

namespace portwatch {

using nlohmann::json;

std::string json_text(const Answer& answer) {
  JsonWriter out;
  out.begin_object();
  out.field("schema", std::string_view(kSchema));
  out.field("source", to_string(answer.source));
  out.field("confidence", to_string(answer.confidence));
  out.key("missing");
  write(out, answer.missing);
  out.key("bindings");
  out.begin_array();
  for (const Binding& binding : answer.bindings) {
    write(out, binding);
  }
  out.end_array();
  out.end_object();
  return out.take();
}

json to_json(const Answer& answer) { return json::parse(json_text(answer)); }

Result<Answer> answer_from_json(const json& document) {
  JsonReader in(document);
  Answer answer;
  std::vector<std::string> missing;
  in.word("source", answer.source, source_from);
  in.word("confidence", answer.confidence, confidence_from);
  in.read("missing", missing);
  in.list("bindings", answer.bindings, binding_from_json);
  if (in.error()) {
    return *in.error();
  }
  for (const std::string& gap : missing) {
    answer.missing.push_back(missing_from_text(gap));
  }
  return answer;
}

std::string dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace portwatch
