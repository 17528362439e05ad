// print_status.cpp - what the daemon says about itself, for people.
#include <algorithm>

#include "cli/page_rows.h"
#include "cli/print.h"
#include "cli/time_text.h"

namespace portwatch::cli {
namespace {

std::string size_text(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / (1024 * 1024);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

std::string hook_line(const HookStatus& hook) {
  std::string text = escape(hook.name);
  if (!hook.attached) {
    text +=
        ": not attached" + (hook.error.empty() ? "" : ": " + escape(hook.error));
  }
  return hook.missed == 0 ? text
                          : text + ": skipped " + count_of(hook.missed, "time");
}

void add_hooks(PageRows& rows, const Status& status) {
  const auto attached =
      std::count_if(status.hooks.begin(), status.hooks.end(),
                    [](const HookStatus& h) { return h.attached; });
  if (!status.hooks.empty()) {
    rows.add("hooks", std::to_string(attached) + " of " +
                          std::to_string(status.hooks.size()) + " attached");
  }
  for (const HookStatus& hook : status.hooks) {
    if (hook.attached && hook.missed == 0) {
      rows.add("", hook_line(hook));
    } else {
      rows.add_warning("", hook_line(hook));
    }
  }
}

void add_bind_results(PageRows& rows, const Status& status) {
  if (status.bind_results == "none") {
    rows.add_warning("failed binds", "not seen here");
  } else {
    rows.add("failed binds", std::to_string(status.failures) + ", seen by " +
                                 escape(status.bind_results));
  }
  if (status.bind_results_refused) {
    rows.add("", "no better way: " + escape(*status.bind_results_refused));
  }
}

void add_history(PageRows& rows, const HistoryStatus& history) {
  if (!history.enabled) {
    rows.add("history", "off");
    return;
  }
  rows.add("history", escape(history.path) + ": " + count_of(history.rows, "row") +
                          ", " + size_text(history.bytes));
  if (!history.error.empty()) {
    rows.add_warning("history", "nothing is written: " + escape(history.error));
  }
  if (history.lost > 0) {
    rows.add_warning("history", count_of(history.lost, "row") + " not written");
  }
}

void add_alerts(PageRows& rows, const AlertStatus& alerts) {
  if (alerts.hooks == 0) {
    return;
  }
  const std::string text = count_of(alerts.hooks, "hook") + ": " +
                           std::to_string(alerts.delivered) + " delivered, " +
                           std::to_string(alerts.failed) + " failed, " +
                           std::to_string(alerts.suppressed) + " suppressed, " +
                           std::to_string(alerts.dropped) + " dropped";
  if (alerts.failed + alerts.dropped > 0) {
    rows.add_warning("alerts", text);
  } else {
    rows.add("alerts", text);
  }
}

}  // namespace

std::string status_page(const Status& status, const std::string& socket,
                        const View& view) {
  PageRows rows(view.style, view.width);
  const auto uptime = std::chrono::seconds(status.uptime_seconds);
  rows.add("socket", escape(socket));
  rows.add("started", local_time(status.started, view.now) + " (" +
                          span_text(uptime) + " ago)");
  rows.add("source", std::string(to_string(status.source)) + " (" +
                         std::string(to_string(status.confidence)) + ")");
  for (const Missing& gap : status.missing) {
    rows.add_warning("partial", escape(to_string(gap)));
  }
  add_hooks(rows, status);
  if (status.pins) {
    rows.add("pins", escape(*status.pins));
  }
  rows.add("bindings", std::to_string(status.bindings));
  rows.add("events", std::to_string(status.events) + " received, " +
                         std::to_string(status.events_lost) + " lost, " +
                         count_of(status.resyncs, "resync"));
  add_bind_results(rows, status);
  add_history(rows, status.history);
  add_alerts(rows, status.alerts);
  rows.add("clients", std::to_string(status.clients) + ", of them " +
                          std::to_string(status.subscribers) + " watching");
  rows.add("memory", size_text(status.resident_bytes));
  return view.style.strong("portwatchd " + escape(status.version) + " is up (pid " +
                           std::to_string(status.pid) + ")") +
         "\n" + rows.text();
}

}  // namespace portwatch::cli
