#include "userspace/api/json.h"
#include "userspace/api/json_binding.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

void write_hooks(JsonWriter& out, const std::vector<HookStatus>& hooks) {
  out.begin_array();
  for (const HookStatus& hook : hooks) {
    out.begin_object();
    out.field("name", hook.name);
    out.field("attached", hook.attached);
    out.key("error");
    if (hook.error.empty()) {
      out.null();
    } else {
      out.value(hook.error);
    }
    out.field("missed", hook.missed);
    out.end_object();
  }
  out.end_array();
}

Result<HookStatus> hook_from_json(const json& document) {
  JsonReader in(document);
  HookStatus hook;
  std::optional<std::string> error;
  in.read("name", hook.name);
  in.read("attached", hook.attached);
  in.read("error", error);
  in.read("missed", hook.missed);
  if (in.error()) {
    return *in.error();
  }
  hook.error = error.value_or("");
  return hook;
}

// The fields that are plain numbers, for both directions.
template <class StatusRef, class Visit>
void each_number(StatusRef& status, Visit visit) {
  visit("events", status.events);
  visit("eventsLost", status.events_lost);
  visit("resyncs", status.resyncs);
  visit("fullPasses", status.full_passes);
  visit("bindings", status.bindings);
  visit("clients", status.clients);
  visit("subscribers", status.subscribers);
  visit("residentBytes", status.resident_bytes);
  visit("uptimeSeconds", status.uptime_seconds);
}

}  // namespace

std::string json_text(const Status& status) {
  JsonWriter out;
  out.begin_object();
  out.field("version", status.version);
  out.field("pid", status.pid);
  out.field("source", to_string(status.source));
  out.field("confidence", to_string(status.confidence));
  out.key("missing");
  write(out, status.missing);
  out.key("hooks");
  write_hooks(out, status.hooks);
  out.field("pins", status.pins);
  out.field("started", status.started);
  each_number(status, [&](const char* name, std::uint64_t number) {
    out.field(name, number);
  });
  out.end_object();
  return out.take();
}

json to_json(const Status& status) { return json::parse(json_text(status)); }

Result<Status> status_from_json(const json& document) {
  JsonReader in(document);
  Status status;
  std::vector<std::string> missing;
  in.read("version", status.version);
  in.read("pid", status.pid);
  in.word("source", status.source, source_from);
  in.word("confidence", status.confidence, confidence_from);
  in.read("missing", missing);
  in.list("hooks", status.hooks, hook_from_json);
  in.read("pins", status.pins);
  in.read("started", status.started);
  each_number(status, [&](const char* name, std::uint64_t& number) {
    in.read(name, number);
  });
  if (in.error()) {
    return *in.error();
  }
  for (const std::string& gap : missing) {
    status.missing.push_back(missing_from_text(gap));
  }
  return status;
}

}  // namespace portwatch
