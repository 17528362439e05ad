// reasons_host.cpp - the address and the privilege.
#include <cerrno>
#include <utility>

#include "userspace/conflict/address.h"
#include "userspace/conflict/reasons.h"
#include "userspace/conflict/words.h"

namespace portwatch {
namespace {

constexpr std::size_t kMaxOffered = 3;  // addresses in a sentence

// Addresses of this host in place of a foreign one, those of one host only.
std::string local_choices(const BindRequest& request, const HostFacts& facts) {
  const Endpoint wanted = unmapped(request.endpoint);
  std::vector<std::string> choices = {wanted.family == Family::ipv4 ? "0.0.0.0"
                                                                    : "::"};
  const unsigned whole = wanted.family == Family::ipv4 ? 32 : 128;
  for (const LocalAddress& local : *facts.addresses) {
    if (local.family == wanted.family && local.prefix_length == whole &&
        !local.tentative && !local.broadcast && choices.size() < kMaxOffered) {
      Endpoint at = wanted;
      at.address = local.address;
      if (!is_link_local(at)) {
        choices.push_back(address_text(at));
      }
    }
  }
  return joined(choices);
}

std::vector<Remedy> not_local_remedies(const BindRequest& request,
                                       const HostFacts& facts) {
  const bool v4 = is_ipv4_place(request.endpoint);
  return {{"bind an address of this host, such as " + local_choices(request, facts),
           std::nullopt},
          {"set IP_FREEBIND on the socket, if the address will come later",
           std::nullopt},
          {"let every program bind foreign addresses",
           std::string("sysctl -w net.") + (v4 ? "ipv4" : "ipv6") +
               ".ip_nonlocal_bind=1"}};
}

Reason refused(ReasonCode code, AddressFault fault, std::string text,
               std::vector<Remedy> remedies) {
  const int error = error_of(fault);
  return {code, error != 0, error, std::move(text), {}, std::move(remedies)};
}

Reason impossible(AddressFault fault, std::string text, std::string remedy) {
  return refused(ReasonCode::not_local, fault, std::move(text),
                 {{std::move(remedy), std::nullopt}});
}

Reason no_protocol(Protocol protocol) {
  const std::string name(to_string(protocol));
  return refused(ReasonCode::unsupported, AddressFault::no_protocol,
                 "this kernel makes no sockets of the protocol " + name,
                 {{"load its module, if there is one", "modprobe " + name}});
}

Reason under_check(AddressFault fault, const std::string& address) {
  return refused(
      ReasonCode::tentative, fault,
      address +
          " is still being checked for duplicates (DAD), for a second or "
          "so after it was added",
      {{"wait until the check is over", "ip -6 address show tentative"},
       {"set IP_FREEBIND on the socket", std::nullopt}});
}

Reason duplicate(AddressFault fault, const std::string& address) {
  return refused(
      ReasonCode::tentative, fault,
      "another host of the network has " + address +
          " too: the check for duplicates (DAD) failed",
      {{"give one of both another address", "ip -6 address show dadfailed"}});
}

Reason reason_of(const BindRequest& request, AddressFault fault,
                 const HostFacts& facts) {
  const std::string address = address_text(request.endpoint);
  switch (fault) {
    case AddressFault::no_ipv6:
      return impossible(fault, "this host has no IPv6", "bind 0.0.0.0 instead");
    case AddressFault::no_protocol:
      return no_protocol(request.endpoint.protocol);
    case AddressFault::multicast_stream:
      return impossible(fault,
                        address + " is a multicast address, which is for UDP",
                        "bind an address of this host");
    case AddressFault::ipv4_on_v6only:
      return impossible(
          fault, address + " is an IPv4 address, and the socket is IPv6 only",
          "clear IPV6_V6ONLY, or use an IPv4 socket");
    case AddressFault::interface_missing:
      return impossible(fault, address + " exists once for each interface",
                        "name the interface, as in fe80::1%eth0");
    case AddressFault::tentative:
      return under_check(fault, address);
    case AddressFault::duplicate:
      return duplicate(fault, address);
    case AddressFault::none:
    case AddressFault::unknown:
    case AddressFault::not_local:
      break;
  }
  return fault == AddressFault::not_local
             ? refused(ReasonCode::not_local, fault,
                       address + " is not an address of this host",
                       not_local_remedies(request, facts))
             : refused(ReasonCode::not_local, fault,
                       "whether " + address +
                           " is an address of this host is not known: they could "
                           "not be read",
                       {});
}

}  // namespace

std::vector<Reason> address_reasons(const BindRequest& request, AddressFault fault,
                                    const HostFacts& facts) {
  return fault == AddressFault::none
             ? std::vector<Reason>{}
             : std::vector<Reason>{reason_of(request, fault, facts)};
}

std::vector<Reason> privilege_reasons(const BindRequest& request,
                                      const HostFacts& facts) {
  const Port port = request.endpoint.port;
  if (!is_privileged(port, facts) || request.may_bind_low_ports == true) {
    return {};
  }
  Reason reason;
  reason.code = ReasonCode::low_port;
  reason.blocks = request.may_bind_low_ports == false;
  reason.error = reason.blocks ? EACCES : 0;
  reason.text = "ports below " + std::to_string(facts.unprivileged_port_start) +
                " are for programs with CAP_NET_BIND_SERVICE" +
                (reason.blocks ? "" : "; whether this one has it is not known");
  reason.remedies = {
      {"use a port from " + std::to_string(facts.unprivileged_port_start) + " on",
       std::nullopt},
      {"AmbientCapabilities=CAP_NET_BIND_SERVICE in its systemd unit",
       std::nullopt},
      {"give the program the capability, with its path for PROGRAM",
       "setcap cap_net_bind_service=+ep PROGRAM"},
      {"open the port, and those above it, to every program",
       "sysctl -w net.ipv4.ip_unprivileged_port_start=" + std::to_string(port)}};
  return {reason};
}

}  // namespace portwatch
