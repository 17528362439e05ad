// host_rules.h - what bind(2) checks before it looks at other sockets: is that an
// address of this host, may this port be taken, is an automatic one left.
//
// Source: __inet_bind() in net/ipv4/af_inet.c, __inet6_bind() in
// net/ipv6/af_inet6.c, inet_csk_find_open_port(), udp_lib_get_port(). Pure
// functions.
#pragma once

#include <cstddef>
#include <span>

#include "userspace/model/binding.h"
#include "userspace/model/host_facts.h"
#include "userspace/model/verdict.h"

namespace portwatch {

enum class AddressFault : std::uint8_t {
  none,
  unknown,            // the host's addresses are not known
  no_ipv6,            // EAFNOSUPPORT
  no_protocol,        // EPROTONOSUPPORT
  multicast_stream,   // EINVAL
  ipv4_on_v6only,     // EINVAL: a mapped address, IPV6_V6ONLY
  interface_missing,  // EINVAL: a link-local address needs one
  not_local,          // EADDRNOTAVAIL
  tentative,          // EADDRNOTAVAIL, until the check is over
  duplicate,          // EADDRNOTAVAIL: the check found one
};

AddressFault address_fault(const BindRequest& request, const HostFacts& facts);
int error_of(AddressFault fault);  // errno; 0 for none and unknown
// True for the faults that bind(2) tells rather than a missing privilege for the
// port. IPv4 looks at the address first, IPv6 at the port.
bool comes_before_privilege(AddressFault fault, const BindRequest& request);

// True when the port is for those with CAP_NET_BIND_SERVICE only.
bool is_privileged(Port port, const HostFacts& facts);

// Automatic ports that the request could get.
struct AutomaticPorts {
  std::size_t all = 0;      // of the range, without the reserved ones
  std::size_t free = 0;     // for sure
  std::size_t perhaps = 0;  // it hangs on what is not known, or on chance
};
AutomaticPorts automatic_ports(const BindRequest& request, const HostFacts& facts,
                               std::span<const Binding> bindings);
bool is_reserved(Port port, const HostFacts& facts);
// True when `binding` keeps its port from being given to the request. Empty as in
// conflicts(). No option lets TCP share an automatic port.
std::optional<bool> keeps_automatic_port(BindRequest request,
                                         const Binding& binding);

}  // namespace portwatch
