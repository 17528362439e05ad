#include "tests/bpf/bind_rules/real_socket.h"

#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/fsuid.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "tests/support/sockets.h"
#include "userspace/base/linux_values.h"

namespace portwatch::test {
namespace {

constexpr int kPatienceMs = 20'000;

void must(bool ok, const char* what) {
  if (!ok) {
    throw std::system_error(errno, std::generic_category(), what);
  }
}

// Sockets belong to the fsuid of who makes them (MPTCP makes the inner one when
// it is bound).
class AsUser {
 public:
  explicit AsUser(uid_t uid) : before_(static_cast<uid_t>(setfsuid(uid))) {}
  ~AsUser() { setfsuid(before_); }
  AsUser(const AsUser&) = delete;
  AsUser& operator=(const AsUser&) = delete;

 private:
  uid_t before_;
};

Family family_of_text(const std::string& address) {
  return address.find(':') == std::string::npos ? Family::ipv4 : Family::ipv6;
}

int number_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp:
      return IPPROTO_TCP;
    case Protocol::udp:
      return IPPROTO_UDP;
    case Protocol::udplite:
      return IPPROTO_UDPLITE;
    case Protocol::sctp:
      return IPPROTO_SCTP;
    case Protocol::mptcp:
      return kIpprotoMptcp;
  }
  return 0;
}

void set_int(const UniqueFd& socket, int level, int name, int value) {
  must(setsockopt(socket.get(), level, name, &value, sizeof value) == 0,
       "setsockopt");
}

bool get_flag(const UniqueFd& socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  must(getsockopt(socket.get(), level, name, &value, &size) == 0, "getsockopt");
  return value != 0;
}

Endpoint local_endpoint(const UniqueFd& socket, Protocol protocol) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  must(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) == 0,
       "getsockname");
  Endpoint at;
  at.protocol = protocol;
  if (storage.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&storage);
    std::memcpy(at.address.data(), &in->sin_addr, 4);
    at.port = ntohs(in->sin_port);
  } else {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&storage);
    at.family = Family::ipv6;
    std::memcpy(at.address.data(), &in->sin6_addr, 16);
    at.port = ntohs(in->sin6_port);
  }
  return at;
}

// A loopback address of the kind that a socket bound to `address` can reach.
std::string peer_address(const Wish& wish) {
  if (wish.address == "::" || wish.address == "::1") {
    return "::1";
  }
  return family_of_text(wish.address) == Family::ipv4 ? "127.0.0.1"
                                                      : "::ffff:127.0.0.1";
}

// Where to connect to in order to reach a listener at `address`.
std::string reachable_address(const std::string& address) {
  return address == "0.0.0.0"            ? "127.0.0.1"
         : address == "::"               ? "::1"
         : address == "::ffff:0.0.0.0"   ? "127.0.0.1"
         : address == "::ffff:127.0.0.1" ? "127.0.0.1"
                                         : address;
}

void await(const UniqueFd& socket, short events) {
  pollfd waiting{socket.get(), events, 0};
  must(poll(&waiting, 1, kPatienceMs) == 1, "poll");
}

UniqueFd bound_as(const Wish& wish, Port port) {
  UniqueFd made = socket_as(wish);
  errno = bind_as(made, wish, port);
  must(errno == 0, "bind");
  return made;
}

Held hold_connected(Hold how, const Wish& wish, Port port, const Server& server) {
  Held held;
  held.fd = how == Hold::client ? socket_as(wish) : bound_as(wish, port);
  {
    const AsUser user(wish.uid);
    connect_to(held.fd, peer_address(wish), server.port);
  }
  if (is_stream(wish.protocol)) {
    held.peer.reset(accept4(server.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    must(held.peer.valid(), "accept4");
  }
  held.binding = described(held.fd, wish, SocketState::connected);
  return held;
}

Held hold_child(Hold how, const Wish& wish, Port port) {
  Held held;
  UniqueFd listener = bound_as(wish, port);
  start_listening(listener);
  const std::string to = reachable_address(wish.address);
  held.peer = make_socket(family_of_text(to), kTcp);
  connect_to(held.peer, to, port);
  {
    const AsUser user(wish.uid);  // an accepted socket is its acceptor's
    held.fd.reset(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  must(held.fd.valid(), "accept4");
  held.binding = described(held.fd, wish, SocketState::connected);
  if (how == Hold::time_wait) {
    held.fd.reset();
    await(held.peer, POLLIN);
    shutdown(held.peer.get(), SHUT_WR);
    await(held.peer, 0);  // POLLHUP: our FIN is acknowledged
    held.binding.state = SocketState::closing;
    held.binding.inode = 0;
    held.binding.uid.reset();
    held.binding.remaining = std::chrono::minutes(1);
  }
  return held;
}

}  // namespace

std::string to_string(const Wish& wish) {
  return std::string(to_string(wish.protocol)) + " " + wish.address +
         (wish.ipv6_only ? " v6only" : "") + (wish.reuse_addr ? " RA" : "") +
         (wish.reuse_port ? " RP" : "") + " uid " + std::to_string(wish.uid) +
         (wish.device.empty() ? "" : " on " + wish.device);
}

std::string to_string(Hold hold) {
  switch (hold) {
    case Hold::bound:
      return "bound";
    case Hold::listening:
      return "listening";
    case Hold::connected:
      return "connected";
    case Hold::client:
      return "client";
    case Hold::child:
      return "child";
    case Hold::time_wait:
      return "time_wait";
  }
  return "";
}

UniqueFd socket_as(const Wish& wish) {
  const AsUser user(wish.uid);
  const Family family = family_of_text(wish.address);
  UniqueFd made(
      socket(family == Family::ipv4 ? AF_INET : AF_INET6,
             (is_stream(wish.protocol) ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC,
             number_of(wish.protocol)));
  must(made.valid(), "socket");
  set_reuse(made, wish.reuse_addr, wish.reuse_port);
  if (family == Family::ipv6) {
    set_int(made, IPPROTO_IPV6, IPV6_V6ONLY, wish.ipv6_only ? 1 : 0);
  }
  if (!wish.device.empty()) {
    must(setsockopt(made.get(), SOL_SOCKET, SO_BINDTODEVICE, wish.device.c_str(),
                    static_cast<socklen_t>(wish.device.size() + 1)) == 0,
         "SO_BINDTODEVICE");
  }
  return made;
}

void set_reuse(const UniqueFd& socket, bool addr, bool port) {
  set_int(socket, SOL_SOCKET, SO_REUSEADDR, addr ? 1 : 0);
  set_int(socket, SOL_SOCKET, SO_REUSEPORT, port ? 1 : 0);
}

int bind_as(const UniqueFd& socket, const Wish& wish, Port port) {
  const AsUser user(wish.uid);
  return try_bind(socket, wish.address, port);
}

int listen_on(const UniqueFd& socket) {
  return listen(socket.get(), 16) == 0 ? 0 : errno;
}

BindRequest request_for(const Wish& wish, Port port) {
  BindRequest request;
  request.endpoint.protocol = wish.protocol;
  request.endpoint.family = family_of_text(wish.address);
  request.endpoint.address =
      parse_address(request.endpoint.family, wish.address).value();
  request.endpoint.port = port;
  request.ipv6_only = wish.ipv6_only;
  request.reuse_addr = wish.reuse_addr;
  request.reuse_port = wish.reuse_port;
  request.uid = wish.uid;
  request.interface_index = if_nametoindex(wish.device.c_str());
  return request;
}

Binding described(const UniqueFd& socket, const Wish& wish, SocketState state) {
  Binding binding;
  binding.endpoint = local_endpoint(socket, wish.protocol);
  binding.state = state;
  binding.inode = static_cast<std::uint64_t>(socket.get()) + 1;
  binding.id = std::to_string(binding.inode);
  binding.reuse_addr = get_flag(socket, SOL_SOCKET, SO_REUSEADDR);
  binding.reuse_port = get_flag(socket, SOL_SOCKET, SO_REUSEPORT);
  if (binding.endpoint.family == Family::ipv6) {
    binding.ipv6_only = get_flag(socket, IPPROTO_IPV6, IPV6_V6ONLY);
  }
  binding.uid = wish.uid;
  binding.interface_index = if_nametoindex(wish.device.c_str());
  return binding;
}

Server make_server(Protocol protocol) {
  // A dual-stack one takes connections to 127.0.0.1 and ::1.
  Server server{make_socket(Family::ipv6, number_of(protocol)), 0};
  errno = try_bind(server.fd, "::", 0);
  must(errno == 0, "bind");
  if (is_stream(protocol)) {
    start_listening(server.fd);
  }
  server.port = port_of(server.fd);
  return server;
}

Held hold(Hold how, const Wish& wish, Port port, const Server& server) {
  switch (how) {
    case Hold::bound:
    case Hold::listening: {
      Held held;
      held.fd = bound_as(wish, port);
      if (how == Hold::listening) {
        start_listening(held.fd);
      }
      held.binding = described(
          held.fd, wish,
          how == Hold::bound ? SocketState::bound : SocketState::listening);
      return held;
    }
    case Hold::connected:
    case Hold::client:
      return hold_connected(how, wish, port, server);
    case Hold::child:
    case Hold::time_wait:
      break;
  }
  return hold_child(how, wish, port);
}

void drop(Held& held) {
  const linger at_once{1, 0};
  for (UniqueFd* end : {&held.fd, &held.peer}) {
    if (end->valid()) {
      setsockopt(end->get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      end->reset();
    }
  }
}

}  // namespace portwatch::test
