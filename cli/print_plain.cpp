// print_plain.cpp - tab-separated fields for scripts; "-" is not known.
//
// The order of the columns is part of the interface: portwatch(1).
#include "cli/print.h"
#include "cli/text.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

// Tabs and newlines of the text itself are escaped, so that cut(1) can rely on
// the real ones.
std::string field(const std::optional<std::string>& text) {
  return text && !text->empty() ? escape(*text) : "-";
}

std::string user_field(const Process* process) {
  if (process == nullptr || (!process->user && !process->uid)) {
    return "-";
  }
  return process->user ? field(process->user) : std::to_string(*process->uid);
}

std::string plain_row(const Binding& binding, const Process* process) {
  const Endpoint& at = binding.endpoint;
  std::string row = std::string(to_string(at.protocol)) + "\t" +
                    std::string(to_string(at.family)) + "\t" + address_text(at) +
                    "\t" + std::to_string(at.port) + "\t" +
                    std::string(to_string(binding.state)) + "\t";
  row += process == nullptr
             ? "-\t-"
             : std::to_string(process->id.pid) + "\t" + field(process->name);
  row += "\t" + user_field(process) + "\t";
  row += process == nullptr ? "-" : field(std::string(home_of(*process)));
  return row + "\t" + std::to_string(binding.netns) + "\t" + field(binding.id) +
         "\n";
}

// Who did it: the creator, else the first holder.
const Process* actor(const Binding& binding) {
  if (binding.creator) {
    return &*binding.creator;
  }
  return binding.holders && !binding.holders->empty() ? &binding.holders->front()
                                                      : nullptr;
}

std::string protocol_field(Protocol protocol) {
  return std::string(to_string(protocol));
}

std::string blockers_field(const std::optional<std::vector<Binding>>& blockers) {
  std::string text;
  for (const Binding& blocker : blockers.value_or(std::vector<Binding>())) {
    const Process* process = actor(blocker);
    text += (text.empty() ? "" : ",") + (process == nullptr
                                             ? endpoint_text(blocker.endpoint)
                                             : brief_words(*process));
  }
  return text.empty() ? "-" : text;
}

// The columns of plain_row(), with the operation as state, and two more.
std::string failure_row(const BindFailure& failure) {
  const Endpoint& at = failure.requested;
  const Process& process = failure.process;
  return protocol_field(at.protocol) + "\t" + std::string(to_string(at.family)) +
         "\t" + address_text(at) + "\t" + std::to_string(at.port) + "\t" +
         std::string(to_string(failure.operation)) + "\t" +
         std::to_string(process.id.pid) + "\t" + field(process.name) + "\t" +
         user_field(&process) + "\t" + field(std::string(home_of(process))) + "\t" +
         std::to_string(failure.netns) + "\t-\t" + error_name(failure.error) +
         "\t" + blockers_field(failure.blockers) + "\n";
}

std::string user_field(const Loop& loop) {
  if (loop.last_process) {
    return user_field(&*loop.last_process);
  }
  return loop.subject.uid && !loop.subject.user ? std::to_string(*loop.subject.uid)
                                                : field(loop.subject.user);
}

// The same, with the subject as unit and the last process.
std::string loop_row(const Loop& loop) {
  const Process* last = loop.last_process ? &*loop.last_process : nullptr;
  return protocol_field(loop.protocol) + "\t-\t-\t" + std::to_string(loop.port) +
         "\t-\t" + (last == nullptr ? "-" : std::to_string(last->id.pid)) + "\t" +
         (last == nullptr ? "-" : field(last->name)) + "\t" + user_field(loop) +
         "\t" + field(loop.subject.name) + "\t" + std::to_string(loop.netns) +
         "\t-\t" + std::to_string(loop.count) + "\t" +
         std::to_string(loop.window.count()) + "\t" + field(loop.cause) + "\t" +
         (loop.last_exit ? field(to_string(*loop.last_exit)) : "-") + "\t" +
         blockers_field(loop.blockers) + "\n";
}

// What plain_row() has not, for an event about a binding.
std::string extra_fields(const Change& change) {
  switch (change.type) {
    case ChangeType::orphan:
    case ChangeType::owner_changed:
      return "\t" + (change.previous ? brief_words(*change.previous) : "-");
    case ChangeType::time_wait_pile:
      return "\t" + std::to_string(change.count);
    default:
      return "";
  }
}

std::string binding_row(const Change& change) {
  const Process* acted = change.process ? &*change.process : actor(*change.binding);
  std::string row = plain_row(*change.binding, acted);
  row.insert(row.size() - 1, extra_fields(change));
  return row;
}

std::string time_field(const std::optional<WallTime>& time) {
  return time ? to_rfc3339(*time) : "-";
}

}  // namespace

std::string print_plain(const Answer& answer) {
  std::string text;
  for (const Binding& binding : answer.bindings) {
    if (!binding.holders || binding.holders->empty()) {
      text += plain_row(binding, nullptr);
      continue;
    }
    for (const Process& holder : *binding.holders) {
      text += plain_row(binding, &holder);
    }
  }
  return text;
}

std::string event_plain(const Change& change) {
  const std::string head =
      to_rfc3339(change.time) + "\t" + std::string(to_string(change.type)) + "\t";
  if (change.failure) {
    return head + failure_row(*change.failure);
  }
  if (change.loop) {
    return head + loop_row(*change.loop);
  }
  if (!change.binding) {
    const bool lost = change.type == ChangeType::events_lost;
    return head + std::to_string(lost ? change.count : change.repairs) + "\n";
  }
  return head + binding_row(change);
}

std::string events_plain(const std::vector<Change>& events) {
  std::string text;
  for (const Change& event : events) {
    text += event_plain(event);
  }
  return text;
}

std::string history_plain(const Answer& answer) {
  std::string text;
  for (const Binding& binding : answer.bindings) {
    std::string row = plain_row(binding, actor(binding));
    row.insert(row.size() - 1, "\t" + field(exit_words(binding.last_exit)));
    text +=
        time_field(binding.since) + "\t" + time_field(binding.until) + "\t" + row;
  }
  return text;
}

std::string status_plain(const Status& status, const std::string& socket) {
  const auto row = [](std::string_view key, const std::string& value) {
    return std::string(key) + "\t" + escape(value) + "\n";
  };
  std::string text = row("up", "yes") + row("socket", socket) +
                     row("version", status.version) +
                     row("pid", std::to_string(status.pid)) +
                     row("source", std::string(to_string(status.source))) +
                     row("confidence", std::string(to_string(status.confidence)));
  for (const Missing& gap : status.missing) {
    text += row("missing", to_string(gap));
  }
  return text + row("bindings", std::to_string(status.bindings)) +
         row("events", std::to_string(status.events)) +
         row("eventsLost", std::to_string(status.events_lost)) +
         row("resyncs", std::to_string(status.resyncs)) +
         row("clients", std::to_string(status.clients)) +
         row("subscribers", std::to_string(status.subscribers)) +
         row("residentBytes", std::to_string(status.resident_bytes)) +
         row("bindResults", status.bind_results) +
         row("bindResultsRefused", status.bind_results_refused.value_or("")) +
         row("failures", std::to_string(status.failures)) +
         row("resultsMissed", std::to_string(status.results_missed)) +
         row("historyEnabled", status.history.enabled ? "yes" : "no") +
         row("historyRows", std::to_string(status.history.rows)) +
         row("historyBytes", std::to_string(status.history.bytes)) +
         row("historyLost", std::to_string(status.history.lost)) +
         row("historyError", status.history.error) +
         row("alertHooks", std::to_string(status.alerts.hooks)) +
         row("alertsDelivered", std::to_string(status.alerts.delivered)) +
         row("alertsFailed", std::to_string(status.alerts.failed)) +
         row("alertsSuppressed", std::to_string(status.alerts.suppressed)) +
         row("alertsDropped", std::to_string(status.alerts.dropped)) +
         row("started", to_rfc3339(status.started)) +
         row("uptimeSeconds", std::to_string(status.uptime_seconds));
}

}  // namespace portwatch::cli
