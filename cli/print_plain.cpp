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
  if (!change.binding) {
    const bool lost = change.type == ChangeType::events_lost;
    return head + std::to_string(lost ? change.count : change.repairs) + "\n";
  }
  return head + plain_row(*change.binding, actor(*change.binding));
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
         row("started", to_rfc3339(status.started)) +
         row("uptimeSeconds", std::to_string(status.uptime_seconds));
}

}  // namespace portwatch::cli
