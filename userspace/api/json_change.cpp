#include "userspace/api/json_change.h"

#include "userspace/api/json.h"
#include "userspace/api/json_binding.h"
#include "userspace/api/json_failure.h"
#include "userspace/api/json_loop.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

void write_content(JsonWriter& out, const Change& change) {
  switch (change.type) {
    case ChangeType::bind:
    case ChangeType::listen:
    case ChangeType::release:
      write_field(out, "binding", change.binding);
      break;
    case ChangeType::events_lost:
      out.field("count", change.count);
      break;
    case ChangeType::resynced:
      out.field("repairs", change.repairs);
      break;
    case ChangeType::bind_failed:
      if (change.failure) {
        write_failure(out, *change.failure);
      }
      break;
    case ChangeType::bind_failure_loop:
    case ChangeType::crash_loop:
    case ChangeType::loop_ended:
      if (change.loop) {
        write_loop(out, *change.loop);
      }
      break;
    case ChangeType::orphan:
      write_field(out, "binding", change.binding);
      write_field(out, "process", change.process);
      write_field(out, "previous", change.previous);
      break;
    case ChangeType::owner_changed:
      write_field(out, "binding", change.binding);
      write_field(out, "previous", change.previous);
      break;
    case ChangeType::time_wait_pile:
      write_field(out, "binding", change.binding);
      out.field("count", change.count);
      break;
    case ChangeType::port_conflict:  // so far a word without a content
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
    case ChangeType::bind_failed:
      read_failure(in, change.failure.emplace());
      break;
    case ChangeType::bind_failure_loop:
    case ChangeType::crash_loop:
    case ChangeType::loop_ended:
      read_loop(in, change.loop.emplace());
      break;
    case ChangeType::orphan:
      in.nested("binding", change.binding, binding_from_json);
      read_process(in, "process", change.process);
      read_process(in, "previous", change.previous);
      break;
    case ChangeType::owner_changed:
      in.nested("binding", change.binding, binding_from_json);
      read_process(in, "previous", change.previous);
      break;
    case ChangeType::time_wait_pile:
      in.nested("binding", change.binding, binding_from_json);
      in.read("count", change.count);
      break;
    case ChangeType::port_conflict:
      break;
  }
}

}  // namespace

void write(JsonWriter& out, const Change& change) {
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
}

std::string json_text(const Change& change) {
  JsonWriter out;
  write(out, change);
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

Result<Change> change_from_text(const std::string& text) {
  const Result<json> document = parse_json(text);
  return document ? change_from_json(*document) : Result<Change>(document.error());
}

}  // namespace portwatch
