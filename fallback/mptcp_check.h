// mptcp_check.h - is this TCP socket a part of an MPTCP one?
//
// /proc/net never says so, sock_diag not for a socket that is bound and does
// not listen. The socket itself knows: SO_PROTOCOL, through a borrowed
// descriptor. Where that is refused, the answer stays "tcp".
#pragma once

#include <vector>

#include "fallback/fd_scan.h"
#include "userspace/model/binding.h"

namespace portwatch {

// Asks for the TCP bindings with an inode in `uncertain` (ascending) that some
// of `found` (ascending) hold.
void mark_mptcp(std::vector<Binding>& bindings,
                const std::vector<std::uint64_t>& uncertain,
                const std::vector<FoundFd>& found);

}  // namespace portwatch
