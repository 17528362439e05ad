// address.h - which local addresses include which, as the kernel sees it.
//
// Source: inet_rcv_saddr_equal() in net/ipv4/inet_connection_sock.c and
// __inet6_bind() in net/ipv6/af_inet6.c. Pure functions.
#pragma once

#include <optional>

#include "userspace/model/binding.h"
#include "userspace/model/verdict.h"

namespace portwatch {

// 0.0.0.0, ::, and the mapped ::ffff:0.0.0.0.
bool is_wildcard(const Endpoint& endpoint);
// ::ffff:a.b.c.d, which an IPv6 socket binds to get that IPv4 address.
bool is_mapped(const Endpoint& endpoint);
// An IPv4 address, mapped or not.
bool is_ipv4_place(const Endpoint& endpoint);
// 127/8, ::1, ::ffff:127/8.
bool is_loopback(const Endpoint& endpoint);
// fe80::/10.
bool is_link_local(const Endpoint& endpoint);
// The address as IPv4 where it is a mapped one; else as it is.
Endpoint unmapped(Endpoint endpoint);

// True when the request and the socket have an address in common. Empty: it hangs
// on an IPV6_V6ONLY that is not known.
std::optional<bool> addresses_overlap(const BindRequest& request,
                                      const Binding& binding);

}  // namespace portwatch
