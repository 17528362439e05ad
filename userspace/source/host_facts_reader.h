// host_facts_reader.h - what the network namespace of the calling thread says about
// ports and addresses, read now.
//
// Source: /proc/sys/net, which shows each task its own namespace, and rtnetlink(7):
// the routes of the table "local" for IPv4, the addresses for IPv6. Threads: any.
// Costs some 100 us where there are few addresses.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/base/result.h"
#include "userspace/model/host_facts.h"

namespace portwatch {

// Errors: io, not_permitted, when the IPv4 settings cannot be read. Addresses that
// cannot be read are an empty optional.
Result<HostFacts> read_host_facts(const std::string& sysctls = "/proc/sys/net");

// False when this kernel makes no sockets of that protocol. Asking loads its
// module, as it does for everybody who makes one.
bool makes_sockets(Protocol protocol);

// "8080,9148-9150\n", as the kernel writes it. Empty when it is anything else.
std::optional<std::vector<PortInterval>> parse_port_list(std::string_view text);

}  // namespace portwatch
