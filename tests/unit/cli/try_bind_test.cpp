#include "cli/try_bind.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "userspace/base/unique_fd.h"

namespace portwatch::cli {
namespace {

// On an automatic port of 127.0.0.1.
struct Listener {
  UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Port port = 0;
  explicit Listener(bool listens = true) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(socket.get(), reinterpret_cast<sockaddr*>(&at), size) == 0 &&
        (!listens || listen(socket.get(), 1) == 0) &&
        getsockname(socket.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0) {
      port = ntohs(at.sin_port);
    }
  }
};

BindRequest request(const std::string& address, Port port) {
  BindRequest request;
  request.endpoint.family =
      address.find(':') == std::string::npos ? Family::ipv4 : Family::ipv6;
  request.endpoint.address = *parse_address(request.endpoint.family, address);
  request.endpoint.port = port;
  return request;
}

TEST(TryBind, Taken_IsInUse) {
  const Listener listener;
  ASSERT_NE(listener.port, 0);
  EXPECT_EQ(*try_bind(request("127.0.0.1", listener.port)), EADDRINUSE);
  EXPECT_EQ(*try_bind(request("0.0.0.0", listener.port)), EADDRINUSE);
}

TEST(TryBind, OtherProtocol_IsAnotherPort) {
  bool bound = false;
  for (int i = 0; i < 20 && !bound; ++i) {  // somebody may have that UDP port
    const Listener listener;
    BindRequest udp = request("127.0.0.1", listener.port);
    udp.endpoint.protocol = Protocol::udp;
    bound = *try_bind(udp) == 0;
  }
  EXPECT_TRUE(bound);
}

TEST(TryBind, Automatic_LeavesNothingBehind) {
  const BindRequest any = request("127.0.0.1", 0);
  for (int i = 0; i < 2000; ++i) {  // more than descriptors that a process may have
    ASSERT_EQ(*try_bind(any), 0);
  }
}

TEST(TryBind, Options_AreThoseOfTheRequest) {
  const Listener first(false);
  const int on = 1;
  ASSERT_EQ(
      setsockopt(first.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
  BindRequest second = request("127.0.0.1", first.port);
  EXPECT_EQ(*try_bind(second), EADDRINUSE);
  second.reuse_addr = true;
  EXPECT_EQ(*try_bind(second), 0) << "both say so, and none listens";
}

TEST(TryBind, ForeignAddress_IsNotAvailable) {
  EXPECT_EQ(*try_bind(request("192.0.2.1", 5055)), EADDRNOTAVAIL);
}

}  // namespace
}  // namespace portwatch::cli
