// doctor_listeners.cpp - servers that are left over, in each other's way, or on a
// port that a client may take.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "cli/doctor.h"
#include "cli/group.h"
#include "cli/text.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

constexpr std::size_t kMaxExposed = 5;  // named in one note

bool serves(const Binding& binding) {
  return binding.state == SocketState::listening ||
         (binding.state == SocketState::bound &&
          !is_stream(binding.endpoint.protocol));
}

// Children of process 1 in a login session: systemd puts none there itself, so
// their parent is gone. Elsewhere only who watched can tell.
bool is_orphan(const Process& process) {
  constexpr std::string_view kScope = ".scope";
  if (process.orphan) {
    return *process.orphan;
  }
  return process.id.pid != 1 && process.ppid == 1 && process.unit &&
         process.unit->size() > kScope.size() &&
         process.unit->compare(process.unit->size() - kScope.size(), kScope.size(),
                               kScope) == 0;
}

// A client's UDP socket has an automatic port; a server's is chosen.
bool is_chosen(const DoctorFacts& facts, const Binding& binding) {
  return binding.state == SocketState::listening || !facts.ports.empty() ||
         !facts.automatic.contains(binding.endpoint.port);
}

Finding orphan_finding(const Process& process) {
  Finding finding;
  finding.code = "orphan";
  finding.remedies = {{"end it, if nobody wants it any more",
                       "kill " + std::to_string(process.id.pid)}};
  return finding;
}

std::string orphan_text(const Process& process, const std::vector<Binding>& held) {
  std::vector<std::string> ports;
  for (const Binding& binding : held) {
    const std::string port = port_words(binding.endpoint);
    if (std::find(ports.begin(), ports.end(), port) == ports.end()) {
      ports.push_back(port);
    }
  }
  return brief_words(process) + " holds " + join_words(ports) +
         ", but the process that started it has died";
}

bool same_owner(const Binding& a, const Binding& b) {
  for (const Process& one : *a.holders) {
    for (const Process& other : *b.holders) {
      // Two processes of one service, as docker-proxy for IPv4 and for IPv6.
      const bool alike = one.name && one.name == other.name &&
                         home_of(one) == home_of(other) && one.uid == other.uid;
      if (is_same_process(one, other) || alike) {
        return true;
      }
    }
  }
  return false;
}

// True when what comes for `specific` would reach `wildcard` if it were not there.
bool shadows(const Binding& specific, const Binding& wildcard) {
  if (!is_unspecified(wildcard.endpoint) || wildcard.interface ||
      specific.endpoint.protocol != wildcard.endpoint.protocol) {
    return false;
  }
  const bool takes_both =
      wildcard.endpoint.family == Family::ipv6 && wildcard.ipv6_only == false;
  const bool same_family = specific.endpoint.family == wildcard.endpoint.family;
  if (is_unspecified(specific.endpoint)) {  // 0.0.0.0 beside a [::] for both
    return takes_both && !same_family;
  }
  return same_family || takes_both;
}

bool is_known_listener(const Binding& binding) {
  return binding.state == SocketState::listening && binding.holders &&
         !binding.holders->empty();
}

Finding shadow_finding(const Binding& specific, const Binding& wildcard) {
  Finding finding;
  finding.code = "shadowed";
  finding.netns = specific.netns;
  finding.port = specific.endpoint.port;
  finding.protocol = specific.endpoint.protocol;
  finding.text = owner_words(specific) +
                 " takes what comes for its address away "
                 "from " +
                 owner_words(wildcard);
  finding.remedies = {
      {"let both bind different ports, or end the one that is not "
       "wanted",
       "portwatch who " + std::to_string(specific.endpoint.port)}};
  finding.bindings = {specific, wildcard};
  return finding;
}

// A port that somebody wants, in one namespace, or in any.
struct WantedPort {
  Port port = 0;
  std::optional<std::uint32_t> netns;
  friend auto operator<=>(const WantedPort&, const WantedPort&) = default;
};

std::set<WantedPort> wanted_ports(const DoctorFacts& facts) {
  std::set<WantedPort> wanted;
  for (const PortSpec& asked : facts.ports) {
    wanted.insert({asked.port, std::nullopt});
  }
  if (!facts.failures) {
    return wanted;
  }
  for (const Change& event : facts.failures->events) {
    if (!event.failure) {
      continue;
    }
    const Endpoint& requested = event.failure->requested;
    if (requested.port != 0 && !wanted.contains({requested.port, std::nullopt}) &&
        is_asked_for(facts, requested.protocol, requested.port)) {
      wanted.insert({requested.port, event.failure->netns});
    }
  }
  return wanted;
}

bool is_stolen(const WantedPort& wanted, const Binding& binding) {
  return binding.state == SocketState::connected &&
         is_stream(binding.endpoint.protocol) &&
         (!wanted.netns || *wanted.netns == binding.netns);
}

Finding theft_finding(const DoctorFacts& facts, const Binding& binding) {
  Finding finding;
  finding.code = "ephemeralTheft";
  finding.netns = binding.netns;
  finding.port = binding.endpoint.port;
  finding.protocol = binding.endpoint.protocol;
  finding.text = port_words(binding.endpoint) +
                 " is taken by a connection: " + owner_words(binding) +
                 " got it as an automatic port, or a server has left it behind";
  finding.remedies = {
      {"see every reason and what would help",
       command_in(facts, binding.netns,
                  "portwatch why " + std::to_string(binding.endpoint.port))},
      {"keep the port out of the automatic ones: add it to "
       "net.ipv4.ip_local_reserved_ports",
       std::nullopt}};
  finding.bindings = {binding};
  return finding;
}

}  // namespace

void find_orphans(const DoctorFacts& facts, std::vector<Finding>& findings) {
  std::map<std::pair<pid_t, std::uint64_t>,
           std::pair<Process, std::vector<Binding>>>
      orphans;
  for (const Binding& binding : facts.sockets.bindings) {
    if (!serves(binding) || !binding.holders || !is_chosen(facts, binding) ||
        !is_asked_for(facts, binding.endpoint.protocol, binding.endpoint.port)) {
      continue;
    }
    for (const Process& holder : *binding.holders) {
      if (is_orphan(holder)) {
        auto& known = orphans[{holder.id.pid, holder.id.start_ticks}];
        known.first = holder;
        known.second.push_back(binding);
      }
    }
  }
  for (const auto& [id, orphan] : orphans) {
    Finding finding = orphan_finding(orphan.first);
    finding.netns = orphan.second.front().netns;
    finding.port = orphan.second.front().endpoint.port;
    finding.protocol = orphan.second.front().endpoint.protocol;
    finding.text = orphan_text(orphan.first, orphan.second);
    finding.bindings = orphan.second;
    findings.push_back(std::move(finding));
  }
}

void find_shadowed(const DoctorFacts& facts, std::vector<Finding>& findings) {
  std::map<std::pair<std::uint32_t, Port>, std::vector<const Binding*>> listeners;
  for (const Binding& binding : facts.sockets.bindings) {
    if (is_known_listener(binding) &&
        is_asked_for(facts, binding.endpoint.protocol, binding.endpoint.port)) {
      listeners[{binding.netns, binding.endpoint.port}].push_back(&binding);
    }
  }
  for (const auto& [place, group] : listeners) {
    for (const Binding* specific : group) {
      const auto wildcard =
          std::find_if(group.begin(), group.end(), [&](const Binding* other) {
            return shadows(*specific, *other) && !same_owner(*specific, *other);
          });
      if (wildcard != group.end()) {
        findings.push_back(shadow_finding(*specific, **wildcard));
      }
    }
  }
}

void find_theft(const DoctorFacts& facts, std::vector<Finding>& findings) {
  for (const WantedPort& wanted : wanted_ports(facts)) {
    const auto on_port = sockets_on(facts, {wanted.port, std::nullopt});
    const auto thief = std::find_if(
        on_port.begin(), on_port.end(),
        [&](const Binding& binding) { return is_stolen(wanted, binding); });
    if (thief != on_port.end()) {
      findings.push_back(theft_finding(facts, *thief));
    }
  }
}

void find_exposed(const DoctorFacts& facts, std::vector<Finding>& findings) {
  if (facts.automatic.contains(1)) {
    return;  // not known
  }
  Finding finding;
  finding.code = "ephemeralRange";
  finding.note = true;
  std::vector<std::string> named;
  for (const Binding& binding : facts.sockets.bindings) {
    const Endpoint& at = binding.endpoint;
    if (binding.state == SocketState::listening &&
        (facts.own_netns == 0 || binding.netns == facts.own_netns) &&
        facts.automatic.contains(at.port) &&
        is_asked_for(facts, at.protocol, at.port)) {
      named.push_back(owner_words(binding));
      finding.bindings.push_back(binding);
    }
  }
  if (named.empty()) {
    return;
  }
  const std::size_t count = named.size();
  if (count > kMaxExposed) {
    named.resize(kMaxExposed);
    named.push_back(std::to_string(count - kMaxExposed) + " more");
  }
  finding.text = "when a server on an automatic port (" +
                 std::to_string(facts.automatic.first) + " to " +
                 std::to_string(facts.automatic.last) +
                 ") restarts, a client may have taken it: " + join_words(named);
  findings.push_back(std::move(finding));
}

}  // namespace portwatch::cli
