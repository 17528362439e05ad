// socket_address.h - a path as the address of a Unix socket.
#pragma once

#include <sys/un.h>

#include <string>

#include "userspace/base/result.h"

namespace portwatch {

// Error: invalid when the path is empty, holds a NUL or is longer than the 107
// bytes that unix(7) leaves room for.
Result<sockaddr_un> unix_address(const std::string& path);

}  // namespace portwatch
