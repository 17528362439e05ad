// reasons_automatic.cpp - bind(port 0) when no port is left.
#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "userspace/conflict/conflict.h"
#include "userspace/conflict/reasons.h"
#include "userspace/conflict/remedies.h"
#include "userspace/conflict/words.h"

namespace portwatch {
namespace {

constexpr std::size_t kMaxUsers = 3;  // that are named
constexpr unsigned kLastPort = 65535;
constexpr unsigned kUsualFirst = 32768;  // ip_local_port_range where nobody set it

struct PortUser {
  std::vector<Process> owners;  // empty: closed connections
  std::size_t sockets = 0;
  Binding example;
};

// Who has most of the automatic ports first.
std::vector<PortUser> port_users(const BindRequest& request, const HostFacts& facts,
                                 std::span<const Binding> bindings) {
  std::map<std::vector<ProcessId>, PortUser> users;
  for (const Binding& binding : bindings) {
    if (!facts.ephemeral.contains(binding.endpoint.port) ||
        keeps_automatic_port(request, binding) == false) {
      continue;
    }
    std::vector<Process> owners = owners_of({&binding, 1});
    std::vector<ProcessId> ids;
    ids.reserve(owners.size());
    for (const Process& owner : owners) {
      ids.push_back(owner.id);
    }
    PortUser& user = users[std::move(ids)];
    if (user.sockets++ == 0) {
      user.owners = std::move(owners);
      user.example = binding;
    }
  }
  std::vector<PortUser> sorted;
  sorted.reserve(users.size());
  for (auto& [ids, user] : users) {
    sorted.push_back(std::move(user));
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.sockets > b.sockets;
  });
  return sorted;
}

std::string users_text(const std::vector<PortUser>& users) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < users.size() && i < kMaxUsers; ++i) {
    const PortUser& user = users[i];
    parts.push_back(user.owners.empty()
                        ? counted(user.sockets, "socket") + " without a process"
                        : process_text(user.owners[0]) + " has " +
                              std::to_string(user.sockets));
  }
  return parts.empty() ? "" : ": " + joined(parts);
}

std::string range_text(const HostFacts& facts) {
  return std::to_string(facts.ephemeral.first) + "-" +
         std::to_string(facts.ephemeral.last);
}

Remedy set_range(std::string text, unsigned first, unsigned last) {
  return {std::move(text), "sysctl -w net.ipv4.ip_local_port_range=\"" +
                               std::to_string(first) + " " + std::to_string(last) +
                               "\""};
}

// Upwards first: below the kernel's own default, servers have their ports.
std::optional<Remedy> widen_range(const HostFacts& facts) {
  const unsigned first = facts.ephemeral.first;
  const unsigned low = std::max(1024u, facts.unprivileged_port_start);
  if (facts.ephemeral.last < kLastPort) {
    return set_range("widen the range", first, kLastPort);
  }
  if (first > kUsualFirst) {
    return set_range("widen the range", kUsualFirst, kLastPort);
  }
  return low < first ? std::optional(
                           set_range("widen the range downwards, where any client "
                                     "may then take a server's port before it",
                                     low, kLastPort))
                     : std::nullopt;
}

std::vector<Remedy> range_remedies(const std::vector<PortUser>& users,
                                   const HostFacts& facts) {
  std::vector<Remedy> remedies;
  if (const auto wider = widen_range(facts)) {
    remedies.push_back(*wider);
  }
  for (const PortUser& user : users) {
    if (!user.owners.empty()) {
      const auto end = end_owners({&user.example, 1});
      remedies.insert(remedies.end(), end.begin(), end.end());
      break;
    }
  }
  return remedies;
}

}  // namespace

std::vector<Reason> automatic_reasons(const BindRequest& request,
                                      const AutomaticPorts& ports,
                                      const HostFacts& facts, const Answer& host) {
  if (ports.free > 0) {
    return {};
  }
  const auto users = port_users(request, facts, host.bindings);
  Reason reason;
  reason.code = ReasonCode::exhausted;
  reason.blocks = ports.perhaps == 0;
  reason.error = reason.blocks ? EADDRINUSE : 0;
  reason.text = (reason.blocks ? "all " : "perhaps all ") +
                counted(ports.all, "automatic port") + " (" + range_text(facts) +
                ") " + (ports.all == 1 ? "is" : "are") + " taken" +
                users_text(users);
  reason.remedies = range_remedies(users, facts);
  return {reason};
}

}  // namespace portwatch
