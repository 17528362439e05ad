// host_facts.h - what a network namespace says about ports and addresses.
//
// Read by source/host_facts_reader.h. A default one is a kernel that nobody
// configured and whose addresses are not known.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "userspace/model/endpoint.h"

namespace portwatch {

struct PortInterval {
  Port first = 0;
  Port last = 0;  // included
  bool contains(Port port) const { return port >= first && port <= last; }
  friend bool operator==(const PortInterval&, const PortInterval&) = default;
};

// Every address that begins with the first `prefix_length` bits may be bound.
struct LocalAddress {
  Family family = Family::ipv4;
  AddressBytes address{};
  unsigned prefix_length = 32;
  // IPv6 only: duplicate address detection is under way, or found a duplicate.
  // Neither may be bound.
  bool tentative = false;
  bool dad_failed = false;
  std::uint32_t interface_index = 0;  // 0: not known
  bool broadcast = false;             // IPv4 only: of a network, nobody's own
  friend bool operator==(const LocalAddress&, const LocalAddress&) = default;
};

struct HostFacts {
  // Lower ports need CAP_NET_BIND_SERVICE (ip_unprivileged_port_start). 0: none.
  std::uint32_t unprivileged_port_start = 1024;
  // Automatic ports are taken from here (ip_local_port_range) ...
  PortInterval ephemeral{32768, 60999};
  // ... without these (ip_local_reserved_ports), ascending.
  std::vector<PortInterval> reserved;
  bool nonlocal_bind4 = false;  // net.ipv4.ip_nonlocal_bind
  bool nonlocal_bind6 = false;
  bool ipv6 = true;      // IPv6 sockets can be made
  bool protocol = true;  // and those of the protocol that was asked about
  // Empty optional: not known. IPv4: the local and broadcast routes of the table
  // "local", which is what bind(2) looks into; IPv6: the addresses.
  std::optional<std::vector<LocalAddress>> addresses;
};

}  // namespace portwatch
