#include "cli/doctor.h"

#include <algorithm>
#include <array>

#include "cli/exit_code.h"
#include "cli/text.h"
#include "cli/verdict.h"

namespace portwatch::cli {
namespace {

using Check = void (*)(const DoctorFacts&, std::vector<Finding>&);
constexpr std::array<Check, 6> kChecks = {find_port_trouble, find_orphans,
                                          find_shadowed,     find_theft,
                                          find_exposed,      find_daemon_trouble};

bool any_hidden(const DoctorFacts& facts, const PortSpec& port) {
  const auto on_port = sockets_on(facts, port);
  return std::any_of(on_port.begin(), on_port.end(), is_hidden);
}

bool knows_events(const std::optional<EventsAnswer>& answer) {
  return answer && !std::any_of(answer->missing.begin(), answer->missing.end(),
                                [](const Missing& gap) {
                                  return gap.what.rfind("failures", 0) == 0 ||
                                         gap.what.rfind("loops", 0) == 0 ||
                                         gap.what.rfind("history", 0) == 0;
                                });
}

}  // namespace

std::vector<Finding> diagnose(const DoctorFacts& facts) {
  std::vector<Finding> findings;
  for (const Check check : kChecks) {
    check(facts, findings);
  }
  std::stable_partition(findings.begin(), findings.end(),
                        [](const Finding& finding) { return !finding.note; });
  return findings;
}

int doctor_verdict(const DoctorFacts& facts, const std::vector<Finding>& findings) {
  if (std::any_of(findings.begin(), findings.end(),
                  [](const Finding& finding) { return !finding.note; })) {
    return kNo;
  }
  const bool hidden =
      std::any_of(facts.ports.begin(), facts.ports.end(),
                  [&](const PortSpec& port) { return any_hidden(facts, port); });
  return hidden || has_gap(facts.sockets, "sockets") ||
                 !knows_events(facts.failures) || !knows_events(facts.loops)
             ? kCannotKnow
             : kYes;
}

bool is_asked_for(const DoctorFacts& facts, Protocol protocol, Port port) {
  return facts.ports.empty() ||
         std::any_of(
             facts.ports.begin(), facts.ports.end(), [&](const PortSpec& asked) {
               return asked.port == port &&
                      (!asked.protocol || covers(*asked.protocol, protocol));
             });
}

std::vector<Binding> sockets_on(const DoctorFacts& facts, const PortSpec& port) {
  std::vector<Binding> found;
  for (const Binding& binding : facts.sockets.bindings) {
    const Endpoint& at = binding.endpoint;
    if (at.port == port.port &&
        (!port.protocol || covers(*port.protocol, at.protocol))) {
      found.push_back(binding);
    }
  }
  hide_served_connections(found);
  return found;
}

void find_daemon_trouble(const DoctorFacts& facts, std::vector<Finding>& findings) {
  if (!facts.status) {
    return;
  }
  const Status& status = *facts.status;
  const auto add = [&](std::string_view code, bool note, std::string text) {
    Finding finding;
    finding.code = code;
    finding.note = note;
    finding.text = std::move(text);
    findings.push_back(std::move(finding));
  };
  if (status.history.enabled && !status.history.error.empty()) {
    add("historyNotWritten", false,
        "the daemon writes no history: " + escape(status.history.error));
  }
  if (status.events_lost > 0) {
    add("eventsLost", true,
        "the daemon has lost " + count_of(status.events_lost, "record") +
            " of the kernel since its start; " +
            count_of(status.resyncs, "resync") +
            " repaired its table, what happened between is not known");
  }
  const auto missing =
      std::count_if(status.hooks.begin(), status.hooks.end(),
                    [](const HookStatus& hook) { return !hook.attached; });
  if (missing > 0) {
    add("hooksMissing", true,
        count_of(static_cast<std::size_t>(missing), "hook") +
            " of the daemon could not be attached, see 'portwatch status'");
  }
  if (status.alerts.failed + status.alerts.dropped > 0) {
    add("alertsFailed", true,
        count_of(status.alerts.failed, "alert") + " failed and " +
            std::to_string(status.alerts.dropped) + " were dropped");
  }
}

}  // namespace portwatch::cli
