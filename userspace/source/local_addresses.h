// local_addresses.h - the addresses that bind(2) takes in the network namespace of
// the calling thread.
//
// Source: rtnetlink(7). IPv4: inet_addr_type() looks into the routing table
// "local", where whole networks may be (127.0.0.0/8, `ip route add local`). IPv6:
// ipv6_chk_addr() looks at the addresses, and at their flags.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/model/host_facts.h"

namespace portwatch {

// Errors: io, not_permitted, timed_out.
Result<std::vector<LocalAddress>> read_local_addresses();

// Adds the addresses of the rtnetlink messages in `bytes`. True: the list ends
// there. Empty: an error of the kernel, or not what it writes.
std::optional<bool> parse_addresses(std::span<const std::byte> bytes,
                                    std::vector<LocalAddress>& addresses);

}  // namespace portwatch
