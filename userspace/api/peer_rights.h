// peer_rights.h - what the process at the other end of a Unix socket may do.
//
// Source: /proc/PID/status (CapEff, Uid) and /proc/PID/ns/{net,user} at the time of
// the call, proc(5), ioctl_ns(2). An answer that cannot be proven is empty: the
// process may be gone, its number may be another's by now, and a capability counts
// only in the user namespace that owns the network namespace, and above it.
#pragma once

#include <optional>
#include <string>

#include "userspace/api/peer.h"

namespace portwatch {

// CAP_NET_BIND_SERVICE over `netns`. Without a look at its process, root has it.
std::optional<bool> may_bind_low_ports(const Peer& peer, std::uint32_t netns);

// Of the text of /proc/PID/status. Empty: there is no such line, or the effective
// user is not `uid`, so that it is another process or another thread's rights.
std::optional<bool> has_bind_service(const std::string& status, uid_t uid);

}  // namespace portwatch
