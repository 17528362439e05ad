#include "userspace/api/json.h"
#include "userspace/api/json_binding.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

void write_content(JsonWriter& out, const Change& change) {
  switch (change.type) {
    case ChangeType::bind:
    case ChangeType::listen:
    case ChangeType::release:
      out.key("binding");
      if (change.binding) {
        write(out, *change.binding);
      } else {
        out.null();
      }
      break;
    case ChangeType::events_lost:
      out.field("count", change.count);
      break;
    case ChangeType::resynced:
      out.field("repairs", change.repairs);
      break;
  }
}

void read_content(JsonReader& in, Change& change) {
  switch (change.type) {
    case ChangeType::bind:
    case ChangeType::listen:
    case ChangeType::release:
      in.nested("binding", change.binding, binding_from_json);
      break;
    case ChangeType::events_lost:
      in.read("count", change.count);
      break;
    case ChangeType::resynced:
      in.read("repairs", change.repairs);
      break;
  }
}

}  // namespace

std::string json_text(const Change& change) {
  JsonWriter out;
  out.begin_object();
  out.field("schema", std::string_view(kSchema));
  out.field("seq", change.seq);
  out.field("time", change.time);
  out.field("event", to_string(change.type));
  if (change.reconstructed) {
    out.field("reconstructed", true);
  }
  write_content(out, change);
  out.end_object();
  return out.take();
}

json to_json(const Change& change) { return json::parse(json_text(change)); }

Result<Change> change_from_json(const json& document) {
  JsonReader in(document);
  Change change;
  std::string event;
  std::optional<bool> reconstructed;
  in.read("seq", change.seq);
  in.read("time", change.time);
  in.read("event", event);
  in.read("reconstructed", reconstructed);
  if (in.error()) {
    return *in.error();
  }
  const std::optional<ChangeType> type = change_type_from(event);
  if (!type) {
    return Error{Errc::not_supported, "unknown event type '" + event + "'"};
  }
  change.type = *type;
  change.reconstructed = reconstructed.value_or(false);
  read_content(in, change);
  if (in.error()) {
    return *in.error();
  }
  return change;
}

}  // namespace portwatch
