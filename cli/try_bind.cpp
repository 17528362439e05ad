#include "cli/try_bind.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "userspace/base/unique_fd.h"

namespace portwatch::cli {
namespace {

// IPPROTO_MPTCP is younger than the headers of some systems (linux/in.h).
constexpr int kMptcp = 262;

UniqueFd socket_for(const Endpoint& at) {
  const int domain = at.family == Family::ipv6 ? AF_INET6 : AF_INET;
  const auto make = [&](int type, int protocol) {
    return UniqueFd(::socket(domain, type | SOCK_CLOEXEC, protocol));
  };
  switch (at.protocol) {
    case Protocol::udp:
      return make(SOCK_DGRAM, IPPROTO_UDP);
    case Protocol::udplite:
      return make(SOCK_DGRAM, IPPROTO_UDPLITE);
    case Protocol::mptcp:
      return make(SOCK_STREAM, kMptcp);
    case Protocol::sctp:
      return make(SOCK_STREAM, IPPROTO_SCTP);
    case Protocol::tcp:
      break;
  }
  return make(SOCK_STREAM, IPPROTO_TCP);
}

bool set(int fd, int level, int option, bool on) {
  const int value = on ? 1 : 0;
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool bind_to_device(int fd, std::uint32_t index) {
  char name[IF_NAMESIZE];
  return if_indextoname(index, name) != nullptr &&
         setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
                    static_cast<socklen_t>(std::strlen(name))) == 0;
}

bool set_up(int fd, const BindRequest& request) {
  const bool link_local = request.endpoint.family == Family::ipv6 &&
                          request.endpoint.address[0] == 0xfe &&
                          (request.endpoint.address[1] & 0xc0) == 0x80;
  return set(fd, SOL_SOCKET, SO_REUSEADDR, request.reuse_addr) &&
         set(fd, SOL_SOCKET, SO_REUSEPORT, request.reuse_port) &&
         (request.endpoint.family == Family::ipv4 ||
          set(fd, IPPROTO_IPV6, IPV6_V6ONLY, request.ipv6_only)) &&
         (request.interface_index == 0 || link_local ||  // sin6_scope_id then
          bind_to_device(fd, request.interface_index));
}

bool bind_at(int fd, const BindRequest& request) {
  const Endpoint& at = request.endpoint;
  if (at.family == Family::ipv4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(at.port);
    std::memcpy(&address.sin_addr, at.address.data(), sizeof address.sin_addr);
    return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
           0;
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(at.port);
  address.sin6_scope_id = request.interface_index;
  std::memcpy(&address.sin6_addr, at.address.data(), sizeof address.sin6_addr);
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Result<int> try_bind(const BindRequest& request) {
  const UniqueFd socket = socket_for(request.endpoint);
  if (!socket.valid()) {
    return errno_error(errno, "socket");
  }
  if (!set_up(socket.get(), request)) {
    return errno_error(errno, "setsockopt");
  }
  if (!bind_at(socket.get(), request)) {
    return errno;
  }
  const bool listens = request.listens && is_stream(request.endpoint.protocol);
  return listens && listen(socket.get(), 1) != 0 ? errno : 0;
}

}  // namespace portwatch::cli
