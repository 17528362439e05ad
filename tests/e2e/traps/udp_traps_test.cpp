// Traps of UDP, of both families at once, and of sockets that are none of ours.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "tests/e2e/traps/trap.h"

namespace portwatch::test {
namespace {

using UdpTrap = Trap;

void disconnect(const UniqueFd& socket) {
  sockaddr unspecified{};
  unspecified.sa_family = AF_UNSPEC;
  ASSERT_EQ(connect(socket.get(), &unspecified, sizeof unspecified), 0);
}

TEST_F(UdpTrap, Trap14_ConnectTakesAPortAndUnspecDropsIt) {
  const UniqueFd socket = make_socket(Family::ipv4, kUdp);
  connect_to(socket, "127.0.0.1", 9);
  const Port port = port_of(socket);
  EXPECT_EQ(pids(only(port)), only_us());
  disconnect(socket);
  EXPECT_TRUE(all(port).empty());
}

TEST_F(UdpTrap, Trap15_SendWithoutDestination_FailsAndHoldsAPort) {
  const UniqueFd socket = make_socket(Family::ipv4, kUdp);
  ASSERT_NE(send(socket.get(), "x", 1, 0), 1);
  ASSERT_EQ(errno, EDESTADDRREQ);
  const Port port = port_of(socket);
  ASSERT_NE(port, 0);
  const Json binding = only(port);
  EXPECT_EQ(binding["state"], "bound");
  EXPECT_EQ(pids(binding), only_us());
}

TEST_F(UdpTrap, Trap16_ConnectNarrowsTheAddressAndUnspecWidensIt) {
  const UniqueFd socket = make_socket(Family::ipv4, kUdp);
  ASSERT_EQ(try_bind(socket, "0.0.0.0", 8216), 0);
  EXPECT_EQ(only(8216)["address"], "0.0.0.0");
  connect_to(socket, "127.0.0.1", 9);
  EXPECT_EQ(only(8216)["address"], "127.0.0.1");
  {
    const UniqueFd other = make_socket(Family::ipv4, kUdp);
    EXPECT_EQ(try_bind(other, "127.0.0.2", 8216), 0);
    EXPECT_EQ(held(8216).size(), 2u);
  }
  disconnect(socket);
  EXPECT_EQ(only(8216)["address"], "0.0.0.0");
  const UniqueFd other = make_socket(Family::ipv4, kUdp);
  EXPECT_EQ(try_bind(other, "127.0.0.2", 8216), EADDRINUSE);
}

TEST_F(UdpTrap, Trap17_DualStackHolder_IsShownForBothFamilies) {
  {
    const UniqueFd dual = listening_socket("::", 8217);
    const UniqueFd other = make_socket(Family::ipv4, kTcp);
    EXPECT_EQ(try_bind(other, "0.0.0.0", 8217), EADDRINUSE);
    const Json binding = only(8217);
    EXPECT_EQ(binding["address"], "::");
    EXPECT_EQ(binding["ipv6Only"], false);
  }
  const UniqueFd six = make_socket(Family::ipv6, kTcp);
  const int one = 1;
  setsockopt(six.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  ASSERT_EQ(try_bind(six, "::", 8218), 0);
  EXPECT_EQ(only(8218)["ipv6Only"], true);
  const UniqueFd four = make_socket(Family::ipv4, kTcp);
  EXPECT_EQ(try_bind(four, "0.0.0.0", 8218), 0);
  EXPECT_EQ(held(8218).size(), 2u);
}

TEST_F(UdpTrap, Trap21_Vxlan_IsTheKernelsAndLeavesNothingBehind) {
  const auto ip = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/sbin/ip");
    const auto done = run_command(arguments);
    ASSERT_EQ(done.exit_code, 0) << done.err;
  };
  const auto bindings = [this] {
    return Json::parse(ask({"status", "--json"}).out)["bindings"].get<int>();
  };
  ip({"link", "add", "vx0", "type", "vxlan", "id", "5", "dstport", "4789"});
  ip({"link", "set", "vx0", "up"});
  const auto found = held(4789);
  ASSERT_FALSE(found.empty());
  for (const Json& binding : found) {
    EXPECT_EQ(binding["heldBy"], "kernel");
    EXPECT_EQ(binding["holders"], Json::array());
  }
  const int with_vxlan = bindings();
  ip({"link", "delete", "vx0"});
  EXPECT_TRUE(all(4789).empty());
  EXPECT_EQ(bindings(), with_vxlan - static_cast<int>(found.size()));
}

TEST_F(UdpTrap, Trap22_RawAndPingSockets_HoldNoPort) {
  const UniqueFd raw(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP));
  ASSERT_TRUE(raw.valid());
  ASSERT_EQ(try_bind(raw, "127.0.0.1", 8222), 0);
  std::ofstream("/proc/sys/net/ipv4/ping_group_range") << "0 0";
  const UniqueFd ping(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP));
  ASSERT_TRUE(ping.valid()) << std::strerror(errno);
  ASSERT_EQ(try_bind(ping, "127.0.0.1", 7601), 0);
  EXPECT_TRUE(all(6).empty());
  EXPECT_TRUE(all(8222).empty());
  EXPECT_TRUE(all(7601).empty());
  EXPECT_TRUE(ours(ask({"list", "--all", "--json"})).empty());
}

}  // namespace
}  // namespace portwatch::test
