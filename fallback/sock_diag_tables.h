// sock_diag_tables.h - SocketTables by NETLINK_SOCK_DIAG.
#pragma once

#include <memory>

#include "fallback/socket_tables.h"
#include "userspace/base/result.h"

namespace portwatch {

// Asks the kernel once whether it lists TCP and UDP sockets.
// Errors: not_supported, not_permitted.
Result<std::unique_ptr<SocketTables>> make_sock_diag_tables();

}  // namespace portwatch
