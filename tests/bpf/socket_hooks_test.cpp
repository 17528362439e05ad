// One real system call, one expected record: socket_*.bpf.c.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "tests/bpf/recorder.h"

namespace portwatch::test {
namespace {

using SocketHooks = HookTest;

TEST_F(SocketHooks, BindTcp4_OneRecordWithPortAddressAndTask) {
  const UniqueFd socket = bound_socket("127.0.0.1", 7001);
  const auto events = take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, SocketEvent::Kind::bind);
  EXPECT_EQ(endpoint_text(events[0].socket.endpoint), "127.0.0.1:7001");
  EXPECT_EQ(events[0].socket.endpoint.protocol, Protocol::tcp);
  EXPECT_EQ(events[0].socket.state, SocketState::bound);
  EXPECT_TRUE(events[0].socket.reuse_addr);
  EXPECT_NE(events[0].socket.id, 0u);
  EXPECT_NE(events[0].socket.inode, 0u);
  EXPECT_NE(events[0].socket.netns_cookie, 0u);
  EXPECT_EQ(events[0].task.id.pid, getpid());
  EXPECT_EQ(events[0].task.ppid, getppid());
  EXPECT_EQ(events[0].task.uid, geteuid());
  EXPECT_NE(events[0].task.cgroup_id, 0u);
}

TEST_F(SocketHooks, BindUdp6PortZero_TheChosenPortIsKnown) {
  const UniqueFd socket = bound_socket("::1", 0, kUdp);
  const auto events = take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, SocketEvent::Kind::bind);
  EXPECT_EQ(events[0].socket.endpoint.port, port_of(socket));
  EXPECT_EQ(address_text(events[0].socket.endpoint), "::1");
  EXPECT_EQ(events[0].socket.endpoint.protocol, Protocol::udp);
}

TEST_F(SocketHooks, BindThatFails_NoSocketRecord) {
  const UniqueFd holder = listening_socket("127.0.0.1", 7002);
  take();
  const UniqueFd other = make_socket(Family::ipv4, kTcp);
  EXPECT_EQ(try_bind(other, "127.0.0.1", 7002), EADDRINUSE);
  EXPECT_TRUE(take().empty());
}

TEST_F(SocketHooks, ListenAfterBind_SameIdAndPort) {
  const UniqueFd socket = bound_socket("0.0.0.0", 7003);
  start_listening(socket);
  const auto events = take();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].kind, SocketEvent::Kind::listen);
  EXPECT_EQ(events[1].socket.id, events[0].socket.id);
  EXPECT_EQ(events[1].socket.endpoint.port, 7003);
  EXPECT_EQ(events[1].socket.state, SocketState::listening);
}

TEST_F(SocketHooks, ListenWithoutBind_PortIsKnownAtOnce) {
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  start_listening(socket);
  const auto events = take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, SocketEvent::Kind::listen);
  EXPECT_EQ(events[0].socket.endpoint.port, port_of(socket));
}

TEST_F(SocketHooks, ListenThatFails_NoListenRecord) {
  const UniqueFd first = bound_socket("127.0.0.1", 7004);
  const UniqueFd second = bound_socket("127.0.0.1", 7004);  // both SO_REUSEADDR
  start_listening(first);
  EXPECT_EQ(take().size(), 3u);
  EXPECT_NE(listen(second.get(), 1), 0);
  EXPECT_EQ(errno, EADDRINUSE);
  for (const SocketEvent& event : take()) {
    EXPECT_NE(event.kind, SocketEvent::Kind::listen);
  }
}

TEST_F(SocketHooks, ShutdownOfListener_UnlistenSaysWhetherThePortStays) {
  const UniqueFd chosen = listening_socket("127.0.0.1", 7005);
  const UniqueFd automatic = listening_socket("127.0.0.1", 0);
  take();
  shutdown(chosen.get(), SHUT_RDWR);
  shutdown(automatic.get(), SHUT_RDWR);
  const auto events = take();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, SocketEvent::Kind::unlisten);
  EXPECT_TRUE(events[0].socket.locked);
  EXPECT_EQ(events[1].kind, SocketEvent::Kind::unlisten);
  EXPECT_FALSE(events[1].socket.locked);
}

TEST_F(SocketHooks, CloseOfTheLastDescriptor_OneRelease) {
  UniqueFd socket = listening_socket("127.0.0.1", 7006);
  UniqueFd copy(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  take();
  socket.reset();
  EXPECT_TRUE(take().empty());
  copy.reset();
  const auto events = take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, SocketEvent::Kind::release);
  EXPECT_EQ(events[0].socket.endpoint.port, 7006);
}

TEST_F(SocketHooks, KilledHolder_OneRelease) {
  Child child([] { listening_socket("127.0.0.1", 7007).release(); });
  take();
  child.kill_and_reap();
  const auto events = take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, SocketEvent::Kind::release);
  EXPECT_EQ(events[0].socket.endpoint.port, 7007);
}

TEST_F(SocketHooks, UdpConnect_MarksTheSocket) {
  const UniqueFd socket = make_socket(Family::ipv4, kUdp);
  connect_to(socket, "127.0.0.1", 9);
  const auto events = take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, SocketEvent::Kind::connect);
  EXPECT_NE(events[0].socket.id, 0u);
}

TEST_F(SocketHooks, TcpClient_IsNotTracked) {
  const UniqueFd server = listening_socket("127.0.0.1", 7008);
  take();
  {
    const UniqueFd client = make_socket(Family::ipv4, kTcp);
    connect_to(client, "127.0.0.1", 7008);
    const UniqueFd accepted(accept(server.get(), nullptr, nullptr));
    ASSERT_TRUE(accepted.valid());
  }
  EXPECT_TRUE(take().empty());
}

TEST_F(SocketHooks, MptcpListener_FlaggedAndJoinedByInode) {
  UniqueFd socket = listening_socket("127.0.0.1", 7009, kMptcp);
  auto events = take();
  ASSERT_EQ(events.size(), 2u);
  const std::uint64_t inode = events[0].socket.inode;
  EXPECT_TRUE(events[0].socket.mptcp);
  EXPECT_EQ(events[0].socket.endpoint.protocol, Protocol::mptcp);
  EXPECT_EQ(events[1].kind, SocketEvent::Kind::listen);
  EXPECT_EQ(events[1].socket.inode, inode);
  EXPECT_FALSE(events[1].socket.kernel);
  socket.reset();
  events = take();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].kind, SocketEvent::Kind::release);
  EXPECT_EQ(events[0].socket.inode, inode);
}

TEST_F(SocketHooks, RawSocket_NoRecord) {
  const UniqueFd raw(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, kTcp));
  ASSERT_TRUE(raw.valid());
  EXPECT_EQ(try_bind(raw, "127.0.0.1", 7010), 0);
  EXPECT_TRUE(take().empty());
}

}  // namespace
}  // namespace portwatch::test
