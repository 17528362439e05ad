#include "userspace/api/json.h"
#include "userspace/api/json_answer.h"
#include "userspace/api/json_change.h"
#include "userspace/api/json_process.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

// Events of a type that this version does not know are passed over, as in a
// stream of them.
void read_events(JsonReader& in, std::vector<Change>& events) {
  const json* list = in.find("events");
  if (list == nullptr || !list->is_array()) {
    in.reject("events", "not an array");
    return;
  }
  for (const json& item : *list) {
    Result<Change> event = change_from_json(item);
    if (event) {
      events.push_back(std::move(*event));
    } else if (event.error().code != Errc::not_supported) {
      in.reject("events", "wrong: " + event.error().context);
      return;
    }
  }
}

}  // namespace

std::string json_text(const EventsAnswer& answer) {
  JsonWriter out;
  out.begin_object();
  write_head(out, answer);
  write_before(out, answer.before);
  out.field("active", answer.active);
  write_field(out, "events", answer.events);
  out.end_object();
  return out.take();
}

Result<EventsAnswer> events_answer_from_json(const json& document) {
  JsonReader in(document);
  EventsAnswer answer;
  read_head(in, answer);
  read_before(in, answer.before);
  in.read("active", answer.active);
  read_events(in, answer.events);
  if (in.error()) {
    return *in.error();
  }
  return answer;
}

}  // namespace portwatch
