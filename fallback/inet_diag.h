// inet_diag.h - the bytes of NETLINK_SOCK_DIAG: requests and replies.
//
// Source: sock_diag(7), linux/inet_diag.h, net/ipv4/inet_diag.c. Pure
// functions, no system call: replies are parsed as if anybody had sent them.
// Numbers are in host byte order, addresses and ports in network byte order,
// as the kernel sends them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fallback/socket_record.h"

namespace portwatch {

struct DiagRequest {
  Protocol protocol = Protocol::tcp;
  std::optional<Family> family = Family::ipv4;  // none: both; tcp only
  std::uint32_t states = 0;                     // bit n = TCP state n
  Port port = 0;                                // local port; 0 = all
  Port or_port = 0;  // a second one (family: both; with port only)
  std::uint32_t sequence = 0;
};

// A dump request, ready to be sent.
std::vector<std::byte> encode(const DiagRequest& request);

struct DumpPart {
  bool done = false;         // the dump is complete, or failed
  bool interrupted = false;  // the kernel says that the list changed meanwhile
  bool moved = false;        // a socket lost port or state after it was chosen
  int error = 0;             // errno of the kernel; EBADMSG = not netlink
};

// Adds the sockets in one received datagram to `sockets`. Messages with another
// sequence number are passed over; so are sockets without a port. The kernel
// chooses a socket under the lock of its table and describes it after
// (inet_diag_dump_icsk): it may be closed by then, or in TIME_WAIT, as another
// entry that the dump misses.
DumpPart parse_dump(std::span<const std::byte> datagram, const DiagRequest& request,
                    std::vector<SocketRecord>& sockets);

}  // namespace portwatch
