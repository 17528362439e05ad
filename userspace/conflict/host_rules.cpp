#include "userspace/conflict/host_rules.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "userspace/conflict/address.h"
#include "userspace/conflict/conflict.h"

namespace portwatch {
namespace {

bool has_prefix(const AddressBytes& address, const LocalAddress& local) {
  const std::size_t whole = local.prefix_length / 8;
  const unsigned rest = local.prefix_length % 8;
  const auto mask = static_cast<std::uint8_t>(0xff00u >> rest);
  return local.prefix_length <= 8 * address.size() &&
         std::equal(address.begin(), address.begin() + whole,
                    local.address.begin()) &&
         (rest == 0 || ((address[whole] ^ local.address[whole]) & mask) == 0);
}

// Addresses of a narrow scope belong to their interface.
bool is_on_interface(const BindRequest& request, const LocalAddress& local) {
  const bool narrow =
      is_link_local(request.endpoint) ||
      (is_loopback(request.endpoint) && !is_ipv4_place(request.endpoint));
  return !narrow || request.interface_index == 0 || local.interface_index == 0 ||
         request.interface_index == local.interface_index;
}

// Multicast, 0.0.0.0 and 255.255.255.255.
bool is_for_all(const AddressBytes& ipv4) {
  const auto all_bytes_are = [&](int value) {
    return std::all_of(ipv4.begin(), ipv4.begin() + 4,
                       [value](auto byte) { return byte == value; });
  };
  return (ipv4[0] & 0xf0) == 224 || all_bytes_are(0) || all_bytes_are(255);
}

AddressFault found_among(const BindRequest& request, const Endpoint& at,
                         const HostFacts& facts) {
  if (!facts.addresses) {
    return AddressFault::unknown;
  }
  AddressFault fault = AddressFault::not_local;
  for (const LocalAddress& local : *facts.addresses) {
    if (local.family != at.family || !has_prefix(at.address, local) ||
        !is_on_interface(request, local)) {
      continue;
    }
    if (!local.tentative) {
      return AddressFault::none;
    }
    fault = local.dad_failed ? AddressFault::duplicate : AddressFault::tentative;
  }
  return fault;
}

enum class PortUse : std::uint8_t { free, perhaps, kept };

std::vector<PortUse> port_uses(const BindRequest& request,
                               std::span<const Binding> bindings) {
  std::vector<PortUse> uses(65536, PortUse::free);
  for (const Binding& binding : bindings) {
    const auto kept = keeps_automatic_port(request, binding);
    const PortUse use = !kept   ? PortUse::perhaps
                        : *kept ? PortUse::kept
                                : PortUse::free;
    PortUse& known = uses[binding.endpoint.port];
    known = std::max(known, use);
  }
  return uses;
}

// TCP searches the even and the odd half of the range, from a place that is drawn.
// Of an odd number of ports it leaves out the first or the last: either may be the
// only one that is free, and not be found. With SO_REUSEADDR the lower part of the
// range, an even number, is searched by itself. Empty: all ports are looked at.
std::optional<PortInterval> ends_of_the_search(const BindRequest& request,
                                               const HostFacts& facts) {
  const unsigned first = facts.ephemeral.first;
  const unsigned last = facts.ephemeral.last;
  if (!is_stream(request.endpoint.protocol) || last <= first ||
      (last - first) % 2 != 0) {
    return std::nullopt;
  }
  const unsigned count = last - first + 1;
  const unsigned lower = request.reuse_addr && count >= 4 ? count / 4 * 2 : 0;
  return PortInterval{static_cast<Port>(first + lower), static_cast<Port>(last)};
}

AddressFault fault4(const BindRequest& request, const HostFacts& facts) {
  const Endpoint at = unmapped(request.endpoint);
  if (request.free_bind || facts.nonlocal_bind4 || is_for_all(at.address)) {
    return AddressFault::none;
  }
  return found_among(request, at, facts);
}

// fe80::/10, and the multicast addresses of an interface or a link.
bool needs_interface(const Endpoint& at) {
  const unsigned scope = at.address[1] & 0x0fu;
  return is_link_local(at) || (at.address[0] == 0xff && (scope == 1 || scope == 2));
}

AddressFault fault6(const BindRequest& request, const HostFacts& facts) {
  const Endpoint& at = request.endpoint;
  if (is_wildcard(at)) {
    return AddressFault::none;
  }
  if (needs_interface(at) && request.interface_index == 0) {
    return AddressFault::interface_missing;
  }
  if (at.address[0] == 0xff || request.free_bind || facts.nonlocal_bind6) {
    return AddressFault::none;
  }
  return found_among(request, at, facts);
}

}  // namespace

AddressFault address_fault(const BindRequest& request, const HostFacts& facts) {
  const Endpoint& at = request.endpoint;
  if (at.family == Family::ipv6) {
    if (!facts.ipv6) {
      return AddressFault::no_ipv6;
    }
  }
  if (!facts.protocol) {
    return AddressFault::no_protocol;
  }
  if (at.family == Family::ipv6) {
    if (at.address[0] == 0xff && is_stream(at.protocol)) {
      return AddressFault::multicast_stream;
    }
    if (is_mapped(at) && request.ipv6_only) {
      return AddressFault::ipv4_on_v6only;
    }
  }
  return is_ipv4_place(at) ? fault4(request, facts) : fault6(request, facts);
}

int error_of(AddressFault fault) {
  switch (fault) {
    case AddressFault::none:
    case AddressFault::unknown:
      return 0;
    case AddressFault::no_ipv6:
      return EAFNOSUPPORT;
    case AddressFault::no_protocol:
      return EPROTONOSUPPORT;
    case AddressFault::multicast_stream:
    case AddressFault::ipv4_on_v6only:
    case AddressFault::interface_missing:
      return EINVAL;
    case AddressFault::not_local:
    case AddressFault::tentative:
    case AddressFault::duplicate:
      break;
  }
  return EADDRNOTAVAIL;
}

bool comes_before_privilege(AddressFault fault, const BindRequest& request) {
  return request.endpoint.family == Family::ipv4 ||
         fault == AddressFault::no_ipv6 || fault == AddressFault::no_protocol ||
         fault == AddressFault::multicast_stream;
}

bool is_privileged(Port port, const HostFacts& facts) {
  return port != 0 && port < facts.unprivileged_port_start;
}

bool is_reserved(Port port, const HostFacts& facts) {
  return std::any_of(facts.reserved.begin(), facts.reserved.end(),
                     [port](const auto& ports) { return ports.contains(port); });
}

std::optional<bool> keeps_automatic_port(BindRequest request,
                                         const Binding& binding) {
  request.endpoint.port = binding.endpoint.port;
  if (is_stream(request.endpoint.protocol)) {
    request.reuse_addr = false;
    request.reuse_port = false;
  }
  return conflicts(request, binding);
}

AutomaticPorts automatic_ports(const BindRequest& request, const HostFacts& facts,
                               std::span<const Binding> bindings) {
  std::vector<PortUse> uses = port_uses(request, bindings);
  if (const auto ends = ends_of_the_search(request, facts)) {
    PortUse& first = uses[ends->first];
    PortUse& last = uses[ends->last];
    const bool both = first == PortUse::free && last == PortUse::free &&
                      !is_reserved(ends->first, facts) &&
                      !is_reserved(ends->last, facts);
    if (!both) {
      first = std::max(first, PortUse::perhaps);
      last = std::max(last, PortUse::perhaps);
    }
  }
  AutomaticPorts ports;
  for (unsigned port = facts.ephemeral.first; port <= facts.ephemeral.last;
       ++port) {
    if (port != 0 && !is_reserved(static_cast<Port>(port), facts)) {
      ++ports.all;
      ports.free += uses[port] == PortUse::free ? 1 : 0;
      ports.perhaps += uses[port] == PortUse::perhaps ? 1 : 0;
    }
  }
  return ports;
}

}  // namespace portwatch
