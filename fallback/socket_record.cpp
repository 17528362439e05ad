#include "fallback/socket_record.h"

namespace portwatch {
namespace {

// include/net/tcp_states.h; only some of them are in <netinet/tcp.h>.
enum TcpState : int {
  kEstablished = 1,
  kSynSent = 2,
  kSynRecv = 3,
  kCloseWait = 8,
  kClose = 7,
  kListen = 10,
  kNewSynRecv = 12,
  kBoundInactive = 13,
};

}  // namespace

std::optional<SocketState> socket_state(int tcp_state) {
  switch (tcp_state) {
    case kListen:
      return SocketState::listening;
    case kClose:  // where UDP sockets live that are not connected
    case kBoundInactive:
      return SocketState::bound;
    case kEstablished:
    case kSynSent:
    case kSynRecv:
    case kNewSynRecv:
    case kCloseWait:  // the peer is done, the process is not
      return SocketState::connected;
    default:
      return tcp_state > 0 && tcp_state < kBoundInactive
                 ? std::optional(SocketState::closing)
                 : std::nullopt;
  }
}

std::string socket_id(const SocketRecord& socket, std::uint32_t netns) {
  std::string id = std::to_string(netns) + "-" + std::to_string(socket.inode);
  if (socket.inode != 0) {
    return id;
  }
  Endpoint remote = socket.local;
  remote.address = socket.remote;
  remote.port = socket.remote_port;
  return id + "-" + std::string(to_string(socket.local.protocol)) + "-" +
         endpoint_text(socket.local) + "-" + endpoint_text(remote) + "-" +
         std::to_string(socket.interface_index);
}

}  // namespace portwatch
