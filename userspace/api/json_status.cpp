#include "userspace/api/json.h"
#include "userspace/api/json_answer.h"
#include "userspace/api/json_reader.h"

namespace portwatch {
namespace {

using nlohmann::json;

// An empty text is null.
void write_text(JsonWriter& out, const char* name, const std::string& text) {
  out.key(name);
  if (text.empty()) {
    out.null();
  } else {
    out.value(text);
  }
}

void read_text(JsonReader& in, const char* name, std::string& text) {
  std::optional<std::string> maybe;
  in.read(name, maybe);
  text = maybe.value_or("");
}

void write_hooks(JsonWriter& out, const std::vector<HookStatus>& hooks) {
  out.begin_array();
  for (const HookStatus& hook : hooks) {
    out.begin_object();
    out.field("name", hook.name);
    out.field("attached", hook.attached);
    write_text(out, "error", hook.error);
    out.field("missed", hook.missed);
    out.end_object();
  }
  out.end_array();
}

Result<HookStatus> hook_from_json(const json& document) {
  JsonReader in(document);
  HookStatus hook;
  in.read("name", hook.name);
  in.read("attached", hook.attached);
  read_text(in, "error", hook.error);
  in.read("missed", hook.missed);
  if (in.error()) {
    return *in.error();
  }
  return hook;
}

void write_history(JsonWriter& out, const HistoryStatus& history) {
  out.key("history");
  out.begin_object();
  out.field("enabled", history.enabled);
  write_text(out, "path", history.path);
  write_text(out, "error", history.error);
  out.field("rows", history.rows);
  out.field("bytes", history.bytes);
  out.field("lost", history.lost);
  out.end_object();
}

Result<HistoryStatus> history_from_json(const json& document) {
  JsonReader in(document);
  HistoryStatus history;
  in.read("enabled", history.enabled);
  read_text(in, "path", history.path);
  read_text(in, "error", history.error);
  in.read("rows", history.rows);
  in.read("bytes", history.bytes);
  in.read("lost", history.lost);
  if (in.error()) {
    return *in.error();
  }
  return history;
}

// The fields that are plain numbers, for both directions.
template <class AlertsRef, class Visit>
void each_alert_number(AlertsRef& alerts, Visit visit) {
  visit("hooks", alerts.hooks);
  visit("delivered", alerts.delivered);
  visit("failed", alerts.failed);
  visit("suppressed", alerts.suppressed);
  visit("dropped", alerts.dropped);
}

void write_alerts(JsonWriter& out, const AlertStatus& alerts) {
  out.key("alerts");
  out.begin_object();
  each_alert_number(alerts, [&](const char* name, std::uint64_t number) {
    out.field(name, number);
  });
  out.end_object();
}

Result<AlertStatus> alerts_from_json(const json& document) {
  JsonReader in(document);
  AlertStatus alerts;
  each_alert_number(alerts, [&](const char* name, std::uint64_t& number) {
    in.read(name, number);
  });
  if (in.error()) {
    return *in.error();
  }
  return alerts;
}

template <class StatusRef, class Visit>
void each_number(StatusRef& status, Visit visit) {
  visit("events", status.events);
  visit("eventsLost", status.events_lost);
  visit("resyncs", status.resyncs);
  visit("fullPasses", status.full_passes);
  visit("failures", status.failures);
  visit("resultsMissed", status.results_missed);
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
  out.field("bindResults", status.bind_results);
  out.field("bindResultsRefused", status.bind_results_refused);
  out.key("hooks");
  write_hooks(out, status.hooks);
  out.field("pins", status.pins);
  out.field("started", status.started);
  each_number(status, [&](const char* name, std::uint64_t number) {
    out.field(name, number);
  });
  write_history(out, status.history);
  write_alerts(out, status.alerts);
  out.end_object();
  return out.take();
}

json to_json(const Status& status) { return json::parse(json_text(status)); }

Result<Status> status_from_json(const json& document) {
  JsonReader in(document);
  Status status;
  in.read("version", status.version);
  in.read("pid", status.pid);
  in.word("source", status.source, source_from);
  in.word("confidence", status.confidence, confidence_from);
  read_missing(in, status.missing);
  in.read("bindResults", status.bind_results);
  in.read("bindResultsRefused", status.bind_results_refused);
  in.list("hooks", status.hooks, hook_from_json);
  in.read("pins", status.pins);
  in.read("started", status.started);
  each_number(status, [&](const char* name, std::uint64_t& number) {
    in.read(name, number);
  });
  in.nested("history", status.history, history_from_json);
  in.nested("alerts", status.alerts, alerts_from_json);
  if (in.error()) {
    return *in.error();
  }
  return status;
}

}  // namespace portwatch
