#include "tests/support/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace portwatch::test {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Family family_of(const std::string& address) {
  return address.find(':') == std::string::npos ? Family::ipv4 : Family::ipv6;
}

Address make_address(const std::string& text, Port port) {
  Address address;
  if (family_of(text) == Family::ipv4) {
    auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    inet_pton(AF_INET, text.c_str(), &in->sin_addr);
    address.size = sizeof *in;
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&address.storage);
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(port);
    inet_pton(AF_INET6, text.c_str(), &in->sin6_addr);
    address.size = sizeof *in;
  }
  return address;
}

void check_call(bool ok, const char* what) {
  if (!ok) {
    throw std::system_error(errno, std::generic_category(), what);
  }
}

}  // namespace

UniqueFd make_socket(Family family, int protocol) {
  UniqueFd made(socket(family == Family::ipv4 ? AF_INET : AF_INET6,
                       (protocol == kUdp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC,
                       protocol));
  check_call(made.valid(), "socket");
  return made;
}

int try_bind(const UniqueFd& socket, const std::string& address, Port port) {
  Address to = make_address(address, port);
  return bind(socket.get(), to.get(), to.size) == 0 ? 0 : errno;
}

UniqueFd bound_socket(const std::string& address, Port port, int protocol) {
  UniqueFd made = make_socket(family_of(address), protocol);
  const int one = 1;
  setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  errno = try_bind(made, address, port);
  check_call(errno == 0, "bind");
  return made;
}

void start_listening(const UniqueFd& socket) {
  check_call(listen(socket.get(), 16) == 0, "listen");
}

UniqueFd listening_socket(const std::string& address, Port port, int protocol) {
  UniqueFd made = bound_socket(address, port, protocol);
  start_listening(made);
  return made;
}

void connect_to(const UniqueFd& socket, const std::string& address, Port port) {
  Address to = make_address(address, port);
  check_call(connect(socket.get(), to.get(), to.size) == 0, "connect");
}

Port port_of(const UniqueFd& socket) {
  Address own;
  own.size = sizeof own.storage;
  check_call(getsockname(socket.get(), own.get(), &own.size) == 0, "getsockname");
  return ntohs(own.storage.ss_family == AF_INET
                   ? reinterpret_cast<sockaddr_in*>(&own.storage)->sin_port
                   : reinterpret_cast<sockaddr_in6*>(&own.storage)->sin6_port);
}

}  // namespace portwatch::test
