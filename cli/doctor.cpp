#include "cli/doctor.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "cli/exit_code.h"
#include "cli/text.h"
#include "cli/verdict.h"
#include "cli/words.h"

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

const Binding* binding_in(const DoctorFacts& facts, std::uint32_t netns,
                          bool (*is_wanted)(const Binding&)) {
  const auto& all = facts.sockets.bindings;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Binding& one) {
    return one.netns == netns && is_wanted(one);
  });
  return found == all.end() ? nullptr : &*found;
}

const Binding* named_in(const DoctorFacts& facts, std::uint32_t netns) {
  return binding_in(facts, netns, [](const Binding& binding) {
    return binding.netns_name.has_value();
  });
}

bool is_foreign(const DoctorFacts& facts, std::uint32_t netns) {
  return netns != 0 && facts.own_netns != 0 && netns != facts.own_netns;
}

void name_netns(const DoctorFacts& facts, Finding& finding) {
  if (const Binding* named = named_in(facts, finding.netns)) {
    finding.netns_name = named->netns_name;
  }
  if (is_foreign(facts, finding.netns)) {
    Binding place;
    place.netns = finding.netns;
    place.netns_name = finding.netns_name;
    finding.text += ", in network namespace " + netns_words(place);
  }
}

std::optional<std::string> command_for_all(std::string_view code) {
  return code == "loop"          ? std::optional<std::string>("portwatch loops")
         : code == "failedBinds" ? std::optional<std::string>("portwatch failures")
                                 : std::nullopt;
}

Finding rest_of(std::string_view code, bool note, std::size_t count) {
  Finding finding;
  finding.code = code;
  finding.note = note;
  finding.text =
      std::to_string(count) + " more of this kind (" + std::string(code) + ")";
  if (const auto command = command_for_all(code)) {
    finding.remedies = {{"see all of them", command}};
  }
  return finding;
}

// Their order is by code.
std::vector<Finding> bounded(std::vector<Finding> findings) {
  std::map<std::string_view, std::size_t> counts;
  for (const Finding& finding : findings) {
    ++counts[finding.code];
  }
  std::map<std::string_view, std::size_t> shown;
  std::vector<Finding> kept;
  for (Finding& finding : findings) {
    const std::size_t nth = ++shown[finding.code];
    if (nth <= kMaxOfAKind) {
      kept.push_back(std::move(finding));
    } else if (nth == kMaxOfAKind + 1) {
      kept.push_back(
          rest_of(finding.code, finding.note, counts[finding.code] - kMaxOfAKind));
    }
  }
  return kept;
}

}  // namespace

std::optional<std::string> command_in(const DoctorFacts& facts, std::uint32_t netns,
                                      const std::string& command) {
  if (!is_foreign(facts, netns)) {
    return command;
  }
  if (const Binding* named = named_in(facts, netns)) {
    return command_line({"ip", "netns", "exec", *named->netns_name}) + " " +
           command;
  }
  const Binding* held = binding_in(facts, netns, [](const Binding& binding) {
    return binding.holders && !binding.holders->empty();
  });
  if (held == nullptr) {
    return std::nullopt;
  }
  const std::string pid = std::to_string(held->holders->front().id.pid);
  return "nsenter --net --target " + pid + " " + command;
}

std::vector<Finding> diagnose(const DoctorFacts& facts) {
  std::vector<Finding> findings;
  for (const Check check : kChecks) {
    check(facts, findings);
  }
  std::stable_partition(findings.begin(), findings.end(),
                        [](const Finding& finding) { return !finding.note; });
  for (Finding& finding : findings) {
    name_netns(facts, finding);
  }
  return bounded(std::move(findings));
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
