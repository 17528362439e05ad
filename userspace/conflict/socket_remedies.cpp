// socket_remedies.cpp - what helps against sockets of one kind: changes of one's
// own socket first, then what takes the port away from its owner.
#include <algorithm>
#include <iterator>

#include "userspace/conflict/address.h"
#include "userspace/conflict/conflict.h"
#include "userspace/conflict/remedies.h"
#include "userspace/conflict/socket_text.h"
#include "userspace/conflict/words.h"

namespace portwatch {
namespace {

using Remedies = std::vector<Remedy>;

template <class Predicate>
bool all_are(const SocketGroup& group, Predicate predicate) {
  return std::all_of(group.bindings.begin(), group.bindings.end(), predicate);
}

// What the asker could set on the own socket.
void add_options(const SocketGroup& group, Remedies& remedies) {
  const BindRequest& request = group.request;
  if (request.endpoint.family == Family::ipv6 && is_wildcard(request.endpoint) &&
      !is_mapped(request.endpoint) && !request.ipv6_only &&
      all_are(group, [](const Binding& b) { return is_ipv4_place(b.endpoint); })) {
    remedies.push_back({"set IPV6_V6ONLY, if IPv6 is enough", std::nullopt});
  }
  if (all_are(group, [](const Binding& b) { return !device_text(b).empty(); })) {
    remedies.push_back({"bind to another interface than " +
                            device_text(group.bindings[0]) +
                            " (SO_BINDTODEVICE), if that is enough",
                        std::nullopt});
  }
  BindRequest shared = request;
  shared.reuse_port = true;
  if (all_are(group,
              [&](const Binding& b) { return conflicts(shared, b) == false; })) {
    remedies.push_back(
        {"set SO_REUSEPORT, if both are to share the traffic", std::nullopt});
  }
}

void add(Remedies& remedies, Remedies more) {
  std::move(more.begin(), more.end(), std::back_inserter(remedies));
}

Remedy reuse_address(const std::string& other = "the one that ran before") {
  return {"set SO_REUSEADDR before bind, in the server that starts and in " + other,
          std::nullopt};
}

Remedies time_wait_remedies() {
  return {{"wait until the kernel has forgotten them", std::nullopt},
          reuse_address()};
}

Remedies orphan_remedies(const Endpoint& at) {
  return {{"wait until the peer answers or the kernel gives up "
           "(net.ipv4.tcp_fin_timeout, net.ipv4.tcp_orphan_retries)",
           std::nullopt},
          reuse_address(),
          {"drop every connection of the port",
           "ss -K -t sport = :" + std::to_string(at.port)}};
}

Remedies in_flight_remedies() {
  return {
      {"end the process that is to receive it: the port goes with the unix "
       "socket or the ring",
       "ss -xp"}};
}

}  // namespace

Remedies socket_remedies(const SocketGroup& group) {
  const Endpoint& at = group.bindings[0].endpoint;
  switch (group.code) {
    case ReasonCode::time_wait:
      return time_wait_remedies();
    case ReasonCode::orphan:
      return orphan_remedies(at);
    case ReasonCode::in_flight:
      return in_flight_remedies();
    case ReasonCode::kernel:
      return {end_kernel_holder(at)};
    default:
      break;
  }
  Remedies remedies;
  add_options(group, remedies);
  if (group.code == ReasonCode::connection) {
    remedies.push_back(reuse_address("the program that has the connection"));
  }
  add(remedies, end_owners(group.bindings));
  if (is_perhaps_the_kernels(group.bindings)) {
    remedies.push_back(end_kernel_holder(at));
  }
  return remedies;
}

}  // namespace portwatch
