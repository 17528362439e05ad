// Traps of TCP and MPTCP: ports that come, stay and go without bind or close.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "tests/e2e/traps/trap.h"

namespace portwatch::test {
namespace {

using TcpTrap = Trap;

UniqueFd accept_one(const UniqueFd& listener) {
  return UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

UniqueFd connected_client(Port port, int protocol = kTcp) {
  UniqueFd client = make_socket(Family::ipv4, protocol);
  connect_to(client, "127.0.0.1", port);
  return client;
}

template <class Value>
void set_option(const UniqueFd& socket, int level, int name, Value value) {
  ASSERT_EQ(setsockopt(socket.get(), level, name, &value, sizeof value), 0)
      << std::strerror(errno);
}

TEST_F(TcpTrap, Trap01_MptcpConnectionComesAndGoes_ListenerKeepsItsId) {
  const UniqueFd listener = listening_socket("127.0.0.1", 8101, kMptcp);
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  ASSERT_EQ(getsockopt(listener.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size), 0);
  const Json before = only(8101);
  for (int i = 0; i < 3; ++i) {
    UniqueFd client = connected_client(8101, kMptcp);
    UniqueFd accepted = accept_one(listener);
    ASSERT_TRUE(accepted.valid());
  }
  const Json after = only(8101);
  EXPECT_EQ(after["id"], before["id"]);
  EXPECT_EQ(after["state"], "listening");
  EXPECT_EQ(after["protocol"], "mptcp");
  EXPECT_EQ(pids(after), only_us());
  EXPECT_TRUE(events("release", 8101).empty());
}

TEST_F(TcpTrap, Trap02_MptcpListenWithoutBind_OneListenerHeldByTheProgram) {
  const UniqueFd listener = make_socket(Family::ipv4, kMptcp);
  start_listening(listener);
  const Json binding = only(port_of(listener));
  EXPECT_EQ(binding["protocol"], "mptcp");
  EXPECT_EQ(binding["state"], "listening");
  EXPECT_EQ(binding["heldBy"], "process");
  EXPECT_EQ(pids(binding), only_us());
}

TEST_F(TcpTrap, Trap03_ListenWithoutBind_PortIsKnown) {
  const UniqueFd listener = make_socket(Family::ipv4, kTcp);
  start_listening(listener);
  const Port port = port_of(listener);
  EXPECT_EQ(only(port)["state"], "listening");
  const auto told = events("listen", port);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0]["binding"]["port"], port);
}

TEST_F(TcpTrap, Trap04_SecondListenIsRefused_OneListensOneIsBound) {
  const UniqueFd first = bound_socket("127.0.0.1", 8104);
  const UniqueFd second = bound_socket("127.0.0.1", 8104);
  start_listening(first);
  EXPECT_NE(listen(second.get(), 1), 0);
  EXPECT_EQ(errno, EADDRINUSE);
  EXPECT_EQ(states(8104), (std::vector<std::string>{"bound", "listening"}));
  EXPECT_EQ(events("listen", 8104).size(), 1u);
}

TEST_F(TcpTrap, Trap05_ShutdownOfAutomaticPort_FreesItAlthoughTheDescriptorStays) {
  const UniqueFd listener = listening_socket("127.0.0.1", 0);
  const Port port = port_of(listener);
  ASSERT_EQ(only(port)["state"], "listening");
  shutdown(listener.get(), SHUT_RDWR);
  EXPECT_EQ(port_of(listener), port) << "getsockname still shows it";
  EXPECT_TRUE(all(port).empty());
  EXPECT_EQ(events("release", port).size(), 1u);
  const UniqueFd other = bound_socket("127.0.0.1", port);
  const Json binding = only(port);
  EXPECT_EQ(binding["holders"][0]["fds"], Json({other.get()}));
  start_listening(listener);
  ASSERT_NE(port_of(listener), port);
  EXPECT_EQ(only(port_of(listener))["holders"][0]["fds"], Json({listener.get()}));
}

TEST_F(TcpTrap, Trap06_ShutdownOfChosenPort_StaysHeldAndListensAgain) {
  const UniqueFd listener = listening_socket("127.0.0.1", 8106);
  shutdown(listener.get(), SHUT_RDWR);
  Json binding = only(8106);
  EXPECT_EQ(binding["state"], "bound");
  EXPECT_EQ(pids(binding), only_us());
  EXPECT_TRUE(events("release", 8106).empty());
  start_listening(listener);
  EXPECT_EQ(only(8106)["state"], "listening");
}

TEST_F(TcpTrap, Trap07_ListenerKilledBySs_PortIsStillHeld) {
  const UniqueFd listener = listening_socket("127.0.0.1", 8107);
  ASSERT_EQ(only(8107)["state"], "listening");
  const auto killed = run_command(
      {"/bin/ss", "-K", "-t", "state", "listening", "sport", "=", ":8107"});
  ASSERT_EQ(killed.exit_code, 0) << killed.err;
  EXPECT_EQ(run_command({"/bin/ss", "-Htan", "sport", "=", ":8107"}).out, "");
  const Json binding = only(8107);
  EXPECT_EQ(binding["state"], "bound");
  EXPECT_EQ(pids(binding), only_us());
}

TEST_F(TcpTrap, Trap08_BoundAndSilent_NamedThoughSsDoesNotShowIt) {
  const UniqueFd silent = bound_socket("127.0.0.1", 8108);
  const UniqueFd other = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(other, "127.0.0.1", 8108), EADDRINUSE);
  EXPECT_EQ(run_command({"/bin/ss", "-Htan", "sport", "=", ":8108"}).out, "");
  const Json binding = only(8108);
  EXPECT_EQ(binding["state"], "bound");
  EXPECT_EQ(pids(binding), only_us());
}

TEST_F(TcpTrap, Trap18_ClosedFirst_TimeWaitWithoutProcess) {
  UniqueFd listener = listening_socket("127.0.0.1", 8118);
  UniqueFd client = connected_client(8118);
  UniqueFd accepted = accept_one(listener);
  listener.reset();
  accepted.reset();  // FIN_WAIT2: the client has not closed yet
  auto found = all(8118);
  ASSERT_EQ(found.size(), 1u) << Json(found).dump(1);
  EXPECT_EQ(found[0]["state"], "closing");
  EXPECT_EQ(found[0]["heldBy"], "nobody");
  EXPECT_EQ(found[0]["holders"], Json::array());
  client.reset();  // TIME_WAIT
  found = all(8118);
  ASSERT_EQ(found.size(), 1u) << Json(found).dump(1);
  EXPECT_EQ(found[0]["state"], "closing");
  EXPECT_EQ(found[0]["heldBy"], "nobody");
  const int remaining = found[0].value("remainingMs", 0);
  EXPECT_GT(remaining, 0);
  EXPECT_LE(remaining, 60000);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(50));  // time is what is measured
  EXPECT_LT(all(8118)[0].value("remainingMs", 0), remaining);
}

TEST_F(TcpTrap, Trap19_AcceptedChildOfADeadListener_IsNamed) {
  UniqueFd listener = listening_socket("127.0.0.1", 8119);
  const UniqueFd client = connected_client(8119);
  const UniqueFd accepted = accept_one(listener);
  listener.reset();
  const UniqueFd other = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(other, "127.0.0.1", 8119), EADDRINUSE);
  const Json binding = only(8119);
  EXPECT_EQ(binding["state"], "connected");
  EXPECT_EQ(pids(binding), only_us());
  EXPECT_EQ(binding["holders"][0]["fds"], Json({accepted.get()}));
}

TEST_F(TcpTrap, Trap20_PortOfAnOutgoingConnection_ClientIsNamed) {
  const UniqueFd listener = listening_socket("127.0.0.1", 8120);
  const UniqueFd client = connected_client(8120);
  const UniqueFd accepted = accept_one(listener);
  const Port port = port_of(client);
  const UniqueFd other = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(try_bind(other, "127.0.0.1", port), EADDRINUSE);
  const Json binding = only(port);
  EXPECT_EQ(binding["state"], "connected");
  EXPECT_EQ(binding["holders"][0]["fds"], Json({client.get()}));
}

TEST_F(TcpTrap, Trap31_BindAddressNoPort_HoldsNoneUntilItConnects) {
  const UniqueFd listener = listening_socket("127.0.0.1", 8131);
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  set_option(client, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  ASSERT_EQ(try_bind(client, "127.0.0.1", 0), 0);
  EXPECT_EQ(ours(ask({"list", "--all", "--json"})).size(), 1u);
  connect_to(client, "127.0.0.1", 8131);
  EXPECT_EQ(only(port_of(client))["state"], "connected");
}

TEST_F(TcpTrap, Trap33_ReusePortGroup_ThreeRemainWhenOneCloses) {
  std::vector<UniqueFd> group;
  for (int i = 0; i < 4; ++i) {
    group.push_back(make_socket(Family::ipv4, kTcp));
    set_option(group.back(), SOL_SOCKET, SO_REUSEPORT, 1);
    ASSERT_EQ(try_bind(group.back(), "127.0.0.1", 8133), 0);
    start_listening(group.back());
  }
  EXPECT_EQ(held(8133).size(), 4u);
  group.pop_back();
  const auto rest = held(8133);
  ASSERT_EQ(rest.size(), 3u);
  for (const Json& binding : rest) {
    EXPECT_EQ(binding["reusePort"], true);
    EXPECT_EQ(pids(binding), only_us());
  }
}

TEST_F(TcpTrap, Trap34_RepairTwins_BothAreShown) {
  const UniqueFd first = bound_socket("127.0.0.1", 8134);
  const UniqueFd second = make_socket(Family::ipv4, kTcp);
  set_option(second, IPPROTO_TCP, TCP_REPAIR, 1);
  ASSERT_EQ(try_bind(second, "127.0.0.1", 8134), 0);
  EXPECT_EQ(states(8134), (std::vector<std::string>{"bound", "bound"}));
}

}  // namespace
}  // namespace portwatch::test
