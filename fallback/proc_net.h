// proc_net.h - the text of /proc/net/{tcp,udp,udplite}{,6}, from bytes.
//
// Source: proc_net_tcp.rst, net/ipv4/tcp_ipv4.c (get_tcp4_sock and friends).
// A trap: an address is printed as 32-bit words "%08X" of memory in network
// byte order, so the digits depend on the byte order of the machine. Ports are
// printed as the number that they are.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "fallback/socket_record.h"

namespace portwatch {

// One line; empty for the heading, for sockets without a port, and for text
// that the kernel does not write.
std::optional<SocketRecord> parse_proc_net_line(std::string_view line,
                                                Protocol protocol, Family family);

// A whole file.
std::vector<SocketRecord> parse_proc_net(std::string_view bytes, Protocol protocol,
                                         Family family);

}  // namespace portwatch
