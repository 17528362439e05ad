// proc_net_tables.h - SocketTables by the text files of /proc/net.
//
// For systems that refuse netlink. Knows less: no interface, no v6only, and
// whether a TCP socket belongs to MPTCP only by asking it (mptcp_check.h).
#pragma once

#include <memory>

#include "fallback/socket_tables.h"
#include "userspace/base/result.h"

namespace portwatch {

// Errors: not_supported when /proc/net/tcp cannot be read.
Result<std::unique_ptr<SocketTables>> make_proc_net_tables();

}  // namespace portwatch
