// reasons_sockets.cpp - the sockets in the way, those of one owner together.
#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "userspace/conflict/conflict.h"
#include "userspace/conflict/reasons.h"
#include "userspace/conflict/socket_text.h"
#include "userspace/conflict/words.h"

namespace portwatch {
namespace {

bool is_of_a_connection(const Binding& binding) {
  return binding.state == SocketState::connected ||
         binding.state == SocketState::closing;
}

bool is_listening(const Binding& binding) {
  return binding.state == SocketState::listening;
}

// Ordered as the reasons are: by kind, then by the oldest process.
using GroupKey = std::pair<ReasonCode, std::vector<ProcessId>>;
using Groups = std::map<GroupKey, std::vector<Binding>>;

GroupKey key_of(const Binding& binding, const PortInterval& ephemeral) {
  GroupKey key{holder_code(binding, ephemeral), {}};
  for (const Process& owner : owners_of({&binding, 1})) {
    key.second.push_back(owner.id);
  }
  return key;
}

Groups grouped(std::span<const Binding> bindings, const PortInterval& ephemeral) {
  Groups groups;
  for (const Binding& binding : bindings) {
    groups[key_of(binding, ephemeral)].push_back(binding);
  }
  return groups;
}

// The connections of listeners that are in the way themselves.
std::vector<Binding> take_served(std::vector<Binding>& blocking) {
  std::vector<Binding> served;
  if (std::none_of(blocking.begin(), blocking.end(), is_listening)) {
    return served;
  }
  const auto rest = std::stable_partition(
      blocking.begin(), blocking.end(),
      [](const Binding& one) { return !is_of_a_connection(one); });
  served.assign(rest, blocking.end());
  blocking.erase(rest, blocking.end());
  return served;
}

// "; 3 connections are open and 2 are closing".
std::string served_text(const std::vector<Binding>& served) {
  const auto open = static_cast<std::size_t>(std::count_if(
      served.begin(), served.end(),
      [](const Binding& one) { return one.state == SocketState::connected; }));
  const auto part = [](std::size_t count, const char* what) {
    return counted(count, "connection") + (count == 1 ? " is " : " are ") + what;
  };
  std::vector<std::string> parts;
  if (open > 0) {
    parts.push_back(part(open, "open"));
  }
  if (open < served.size()) {
    parts.push_back(part(served.size() - open, "closing"));
  }
  return parts.empty() ? "" : "; " + joined(parts);
}

}  // namespace

ReasonCode holder_code(const Binding& binding, const PortInterval& ephemeral) {
  const bool connection = is_of_a_connection(binding);
  if (is_remembered(binding) && !binding.fin_wait2) {
    return ReasonCode::time_wait;
  }
  if (connection && binding.held_by == HeldBy::nobody) {
    return ReasonCode::orphan;
  }
  if (binding.held_by == HeldBy::kernel) {
    return ReasonCode::kernel;
  }
  if (binding.held_by == HeldBy::in_flight) {
    return ReasonCode::in_flight;
  }
  if (connection) {
    // Only who connects is seen to take a port; an accepted socket gets it. Where
    // nobody is seen, a port outside of the range is either accepted or bound.
    return binding.creator || !is_stream(binding.endpoint.protocol) ||
                   ephemeral.contains(binding.endpoint.port)
               ? ReasonCode::client_port
               : ReasonCode::connection;
  }
  // A datagram socket serves without listening.
  return is_listening(binding) || !is_stream(binding.endpoint.protocol)
             ? ReasonCode::listener
             : ReasonCode::bound;
}

std::vector<Reason> socket_reasons(const InTheWay& sockets, const HostFacts& facts,
                                   WallTime now) {
  std::vector<Binding> blocking(sockets.blocking.begin(), sockets.blocking.end());
  std::vector<Binding> perhaps(sockets.perhaps.begin(), sockets.perhaps.end());
  std::vector<Binding> served = take_served(blocking);
  if (std::any_of(blocking.begin(), blocking.end(), is_listening)) {
    std::copy_if(perhaps.begin(), perhaps.end(), std::back_inserter(served),
                 is_of_a_connection);
    std::erase_if(perhaps, is_of_a_connection);
  }
  std::vector<Reason> reasons;
  const auto add = [&](const Groups& groups, bool blocks) {
    for (const auto& [key, bindings] : groups) {
      const SocketGroup group{sockets.request, key.first, bindings, blocks,
                              facts.ephemeral};
      reasons.push_back({key.first, blocks, blocks ? EADDRINUSE : 0,
                         socket_text(group, now), bindings,
                         socket_remedies(group)});
    }
  };
  add(grouped(blocking, facts.ephemeral), true);
  if (!reasons.empty() && reasons[0].code == ReasonCode::listener) {
    reasons[0].text += served_text(served);
  }
  add(grouped(perhaps, facts.ephemeral), false);
  return reasons;
}

}  // namespace portwatch
