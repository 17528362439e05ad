// silent_sockets.h - TCP sockets that hold a port and are in no table.
//
// A TCP socket that is bound and does not listen is in none of /proc/net, and
// in sock_diag only from Linux 6.8 on. What remains is to ask the socket
// itself, see borrowed_socket.h.
//
// There is no way to ask whether the port is still held: a socket that got its
// port by bind(0) or connect(2) and lost it by shutdown(2) or a reset still tells
// the old number. One that has sent something is therefore not claimed but told
// as uncertain; one that only listened and was shut down is claimed wrongly.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fallback/fd_scan.h"
#include "fallback/socket_record.h"
#include "userspace/base/result.h"
#include "userspace/model/answer.h"
#include "userspace/source/netns_scope.h"

namespace portwatch {

struct SilentSocket {
  SocketRecord socket;
  const Namespace* where;  // one of those that were given
  std::optional<std::uint64_t> netns_cookie;
};

struct SilentView {
  std::vector<SilentSocket> sockets;
  std::vector<Port> uncertain;   // ports that such a socket may hold or not
  std::vector<Missing> missing;  // "sockets"
  FdScan scan;                   // every socket descriptor that was seen
};

// Looks at the sockets of all visible processes but those with an inode in
// `in_tables` (ascending). Sockets of other namespaces than `namespaces` are
// left out. Error: /proc cannot be read.
Result<SilentView> find_silent_sockets(const std::vector<std::uint64_t>& in_tables,
                                       const std::vector<Namespace>& namespaces);

}  // namespace portwatch
