// *_results.bpf.c: one real call that the kernel refuses, one expected record.
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "tests/bpf/recorder.h"
#include "tests/support/bind_32bit.h"
#include "tests/support/foreign_program.h"
#include "tests/support/uring.h"

namespace portwatch::test {
namespace {

class FailureRecords : public HookTest {
 protected:
  // The only one, of a bind to that place with that result.
  FailureEvent expect_bind(int error, const std::string& place) {
    const auto failures = take_failures();
    EXPECT_EQ(failures.size(), 1u);
    if (failures.empty()) {
      return {};
    }
    EXPECT_EQ(failures[0].operation, Operation::bind);
    EXPECT_EQ(failures[0].error, error);
    EXPECT_EQ(endpoint_text(failures[0].socket.endpoint), place);
    return failures[0];
  }
  // Only these two ports may be chosen in our namespace.
  void leave_two_ports() {
    std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << "40000 40001";
  }
};

TEST_F(FailureRecords, BindInUse_OneRecordWithTheSocketAndItsProcess) {
  const UniqueFd holder = listening_socket("127.0.0.1", 7201);
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  const int one = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
  EXPECT_EQ(try_bind(socket, "127.0.0.1", 7201), EADDRINUSE);
  const FailureEvent failure = expect_bind(EADDRINUSE, "127.0.0.1:7201");
  EXPECT_EQ(failure.socket.endpoint.protocol, Protocol::tcp);
  EXPECT_EQ(failure.socket.id, 0u);
  EXPECT_NE(failure.socket.inode, 0u);
  EXPECT_NE(failure.socket.netns_cookie, 0u);
  EXPECT_EQ(failure.socket.interface, 1u);
  EXPECT_TRUE(failure.socket.reuse_port);
  EXPECT_FALSE(failure.socket.reuse_addr);
  EXPECT_EQ(failure.socket.uid, 0u);
  EXPECT_EQ(failure.task.id.pid, getpid());
  EXPECT_EQ(failure.task.ppid, getppid());
  EXPECT_NE(failure.task.parent_start_ticks, 0u);
}

TEST_F(FailureRecords, EveryProtocolAndFamily_OneRecordEach) {
  struct Way {
    int protocol;
    Protocol told;
    const char* address;
    const char* place;
  };
  for (const Way& way :
       {Way{kTcp, Protocol::tcp, "127.0.0.1", "127.0.0.1:7202"},
        Way{kTcp, Protocol::tcp, "::1", "[::1]:7202"},
        Way{kTcp, Protocol::tcp, "::", "[::]:7202"},
        Way{kTcp, Protocol::tcp, "::ffff:127.0.0.1", "[::ffff:127.0.0.1]:7202"},
        Way{kUdp, Protocol::udp, "0.0.0.0", "0.0.0.0:7202"},
        Way{kUdp, Protocol::udp, "::1", "[::1]:7202"},
        Way{kMptcp, Protocol::mptcp, "127.0.0.1", "127.0.0.1:7202"},
        Way{kMptcp, Protocol::mptcp, "::1", "[::1]:7202"}}) {
    const UniqueFd holder = make_socket(Family::ipv6, way.protocol);
    ASSERT_EQ(try_bind(holder, "::", 7202), 0);
    const bool v4 = std::string(way.address).find(':') == std::string::npos;
    const UniqueFd socket =
        make_socket(v4 ? Family::ipv4 : Family::ipv6, way.protocol);
    EXPECT_EQ(try_bind(socket, way.address, 7202), EADDRINUSE) << way.place;
    const FailureEvent failure = expect_bind(EADDRINUSE, way.place);
    EXPECT_EQ(failure.socket.endpoint.protocol, way.told) << way.place;
    EXPECT_FALSE(failure.socket.kernel) << way.place;
  }
}

#if defined(__x86_64__)
TEST_F(FailureRecords, CallsOfA32BitProgram_AreSeen) {
  const UniqueFd holder = listening_socket("127.0.0.1", 7203);
  for (const Call32 call : {Call32::bind, Call32::socketcall}) {
    const UniqueFd socket = make_socket(Family::ipv4, kTcp);
    ASSERT_EQ(bind_32bit(call, socket, 7203), EADDRINUSE);
    expect_bind(EADDRINUSE, "127.0.0.1:7203");
  }
}
#endif

TEST_F(FailureRecords, RingInEveryMode_NamesTheProcess) {
  struct Way {
    unsigned ring;
    unsigned entry;
  };
  const UniqueFd holder = listening_socket("127.0.0.1", 7204);
  for (const Way& way :
       {Way{0, 0}, Way{0, IOSQE_ASYNC}, Way{IORING_SETUP_SQPOLL, 0}}) {
    Ring ring(way.ring);
    for (const int protocol : {kTcp, kMptcp}) {
      const UniqueFd socket = make_socket(Family::ipv4, protocol);
      ASSERT_EQ(ring.bind(socket, "127.0.0.1", 7204, way.entry), EADDRINUSE);
      const FailureEvent failure = expect_bind(EADDRINUSE, "127.0.0.1:7204");
      EXPECT_EQ(failure.task.id.pid, getpid());
      EXPECT_FALSE(failure.details.argv.empty());
      EXPECT_EQ(failure.socket.mptcp, protocol == kMptcp);
    }
    const UniqueFd fine = make_socket(Family::ipv4, kTcp);
    ASSERT_EQ(ring.bind(fine, "127.0.0.1", 7205, way.entry), 0);
    EXPECT_TRUE(take_failures().empty());
  }
}

TEST_F(FailureRecords, RingOnTheWayOutOfAnotherCall_TheResultIsTheRequests) {
  const UniqueFd holder = listening_socket("127.0.0.1", 7204);
  Ring ring;
  const UniqueFd refused = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(ring.bind_asleep(refused, "127.0.0.1", 7204), EADDRINUSE);
  expect_bind(EADDRINUSE, "127.0.0.1:7204");
  const UniqueFd fine = make_socket(Family::ipv4, kTcp);
  ASSERT_EQ(ring.bind_asleep(fine, "127.0.0.1", 7205), 0);
  const auto records = take_all();
  ASSERT_EQ(records.size(), 1u) << "the bind, and no failure";
  EXPECT_EQ(std::get<SocketEvent>(records[0]).kind, SocketEvent::Kind::bind);
}

TEST_F(FailureRecords, AddressThatIsNotLocal_Eaddrnotavail) {
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  EXPECT_EQ(try_bind(socket, "192.0.2.1", 80), EADDRNOTAVAIL);
  expect_bind(EADDRNOTAVAIL, "192.0.2.1:80");
}

TEST_F(FailureRecords, LowPortOfAnOrdinaryUser_EaccesWithItsUid) {
  const Child child([] {
    if (setresuid(65534, 65534, 65534) != 0 ||
        try_bind(make_socket(Family::ipv4, kTcp), "127.0.0.1", 80) != EACCES) {
      _exit(1);
    }
  });
  const FailureEvent failure = expect_bind(EACCES, "127.0.0.1:80");
  EXPECT_EQ(failure.task.id.pid, child.pid());
  EXPECT_EQ(failure.task.uid, 65534u);
  EXPECT_EQ(failure.socket.uid, 65534u);
}

TEST_F(FailureRecords, BoundAlready_EinvalWithTheNewPort) {
  const UniqueFd socket = bound_socket("127.0.0.1", 7206);
  EXPECT_EQ(try_bind(socket, "127.0.0.1", 7207), EINVAL);
  expect_bind(EINVAL, "127.0.0.1:7207");
}

TEST_F(FailureRecords, WrongFamily_Eafnosupport) {
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  sockaddr_in address{};
  address.sin_family = AF_APPLETALK;
  address.sin_port = htons(7208);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_NE(bind(socket.get(), to, sizeof address), 0);
  ASSERT_EQ(errno, EAFNOSUPPORT);
  expect_bind(EAFNOSUPPORT, "0.0.0.0:7208");
}

TEST_F(FailureRecords, AutomaticPortWhenAllAreTaken_PortZero) {
  leave_two_ports();
  for (const int protocol : {kTcp, kUdp}) {
    const UniqueFd first = bound_socket("127.0.0.1", 40000, protocol);
    const UniqueFd second = bound_socket("127.0.0.1", 40001, protocol);
    const UniqueFd socket = make_socket(Family::ipv4, protocol);
    EXPECT_EQ(try_bind(socket, "127.0.0.1", 0), EADDRINUSE);
    expect_bind(EADDRINUSE, "127.0.0.1:0");
  }
}

TEST_F(FailureRecords, BindThatAnotherToolRewrote_ThePortIsTheCallers) {
  const FreshCgroup cgroup;
  const UniqueFd program = load_port_rewriter(7209, 7210);
  const Attached attached(cgroup.path(), program, BPF_CGROUP_INET4_BIND,
                          Sharing::multi);
  const UniqueFd holder = listening_socket("127.0.0.1", 7210);
  const Child child([&] {
    cgroup.take_in(getpid());
    try_bind(make_socket(Family::ipv4, kTcp), "127.0.0.1", 7209);
  });
  expect_bind(EADDRINUSE, "127.0.0.1:7209");
}

TEST_F(FailureRecords, RefusedByAnotherToolAfterOurHook_TheBindIsTakenBack) {
  const UniqueFd program = load_port_refuser(7211);
  const Attached attached(cgroup_root_path(), program, BPF_CGROUP_INET4_POST_BIND,
                          Sharing::multi);
  Ring ring;
  for (const bool by_ring : {false, true}) {
    take();
    const UniqueFd socket = make_socket(Family::ipv4, kTcp);
    ASSERT_EQ(by_ring ? ring.bind(socket, "127.0.0.1", 7211)
                      : try_bind(socket, "127.0.0.1", 7211),
              EPERM);
    const auto records = take_all();
    ASSERT_EQ(records.size(), 3u);
    const auto& told = std::get<SocketEvent>(records[0]);
    const auto& back = std::get<SocketEvent>(records[1]);
    const auto& failure = std::get<FailureEvent>(records[2]);
    EXPECT_EQ(told.kind, SocketEvent::Kind::bind);
    EXPECT_EQ(back.kind, SocketEvent::Kind::unlisten);
    EXPECT_EQ(back.socket.id, told.socket.id);
    EXPECT_FALSE(back.socket.locked);
    EXPECT_EQ(failure.error, EPERM);
    EXPECT_EQ(failure.socket.id, told.socket.id);
  }
}

TEST_F(FailureRecords, ListenOnAPortThatIsListenedOn_OneRecord) {
  Ring ring;
  for (const int protocol : {kTcp, kMptcp}) {
    const UniqueFd first = bound_socket("127.0.0.1", 7212, protocol);
    const UniqueFd second = bound_socket("127.0.0.1", 7212, protocol);
    start_listening(first);
    take();
    for (const bool by_ring : {false, true}) {
      errno = 0;
      ASSERT_EQ(by_ring                        ? ring.listen(second)
                : listen(second.get(), 1) != 0 ? errno
                                               : 0,
                EADDRINUSE);
      const auto failures = take_failures();
      ASSERT_EQ(failures.size(), 1u);
      EXPECT_EQ(failures[0].operation, Operation::listen);
      EXPECT_EQ(failures[0].error, EADDRINUSE);
      EXPECT_EQ(endpoint_text(failures[0].socket.endpoint), "127.0.0.1:7212");
      EXPECT_EQ(failures[0].socket.mptcp, protocol == kMptcp);
      EXPECT_NE(failures[0].socket.id, 0u);
    }
  }
}

TEST_F(FailureRecords, ListenWithoutBindWhenAllAreTaken_PortZero) {
  leave_two_ports();
  const UniqueFd first = bound_socket("0.0.0.0", 40000);
  const UniqueFd second = bound_socket("0.0.0.0", 40001);
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  ASSERT_NE(listen(socket.get(), 1), 0);
  const auto failures = take_failures();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].operation, Operation::listen);
  EXPECT_EQ(failures[0].socket.endpoint.port, 0);
}

TEST_F(FailureRecords, ListenAfterOneThatFailed_TakesItsPortThen) {
  leave_two_ports();
  UniqueFd first = bound_socket("0.0.0.0", 40000);
  const UniqueFd second = bound_socket("0.0.0.0", 40001);
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  ASSERT_NE(listen(socket.get(), 1), 0);
  first.reset();
  take();
  start_listening(socket);
  const auto events = take();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].socket.endpoint.port, 40000);
  auto picture = KernelPicture::make(*session_);
  ASSERT_TRUE(picture);
  const auto entries = (*picture)->sockets(40000);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ((*entries)[0].since, events[0].when);
}

TEST_F(FailureRecords, ConnectWithoutALocalPort_OneRecordOfTheLocalEnd) {
  const UniqueFd server = listening_socket("127.0.0.1", 7213);
  const UniqueFd server6 = listening_socket("::1", 7213);
  leave_two_ports();
  for (const char* address : {"127.0.0.1", "::1"}) {
    const Family family = *address == ':' ? Family::ipv6 : Family::ipv4;
    const UniqueFd first = make_socket(family, kTcp);
    const UniqueFd second = make_socket(family, kTcp);
    connect_to(first, address, 7213);
    connect_to(second, address, 7213);
    for (const int protocol : {kTcp, kMptcp}) {
      take();
      const UniqueFd client = make_socket(family, protocol);
      EXPECT_THROW(connect_to(client, address, 7213), std::system_error);
      const auto failures = take_failures();
      ASSERT_EQ(failures.size(), 1u) << address << protocol;
      EXPECT_EQ(failures[0].operation, Operation::connect);
      EXPECT_EQ(failures[0].error, EADDRNOTAVAIL);
      EXPECT_EQ(address_text(failures[0].socket.endpoint), address);
      EXPECT_EQ(failures[0].socket.endpoint.port, 0);
      EXPECT_EQ(failures[0].socket.mptcp, protocol == kMptcp);
    }
  }
}

TEST_F(FailureRecords, ConnectThatTheOtherEndRefuses_NoRecord) {
  const UniqueFd client = make_socket(Family::ipv4, kTcp);
  EXPECT_THROW(connect_to(client, "127.0.0.1", 7214), std::system_error);
  const UniqueFd bound = bound_socket("127.0.0.1", 7215);
  EXPECT_THROW(connect_to(bound, "127.0.0.1", 7214), std::system_error);
  const UniqueFd lost = make_socket(Family::ipv4, kTcp);
  EXPECT_THROW(connect_to(lost, "192.0.2.1", 7214), std::system_error);
  EXPECT_TRUE(take_failures().empty());
}

TEST_F(FailureRecords, CallsThatNeverReachTheirSocket_NoRecord) {
  const UniqueFd socket = make_socket(Family::ipv4, kTcp);
  const sockaddr_in address{};
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  EXPECT_NE(bind(-1, to, sizeof address), 0);
  EXPECT_NE(bind(socket.get(), to, 3), 0);
  EXPECT_NE(listen(-1, 1), 0);
  EXPECT_TRUE(take_failures().empty());
}

TEST_F(FailureRecords, WhatSucceeds_NoRecord) {
  const UniqueFd server = listening_socket("127.0.0.1", 7216);
  const UniqueFd automatic = listening_socket("::", 0);
  const UniqueFd mptcp = listening_socket("127.0.0.1", 7217, kMptcp);
  const UniqueFd udp = bound_socket("::", 7218, kUdp);
  const UniqueFd late = make_socket(Family::ipv4, kTcp);
  const int one = 1;
  setsockopt(late.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  ASSERT_EQ(try_bind(late, "127.0.0.1", 0), 0);
  connect_to(late, "127.0.0.1", 7216);
  shutdown(server.get(), SHUT_RDWR);
  start_listening(server);
  EXPECT_TRUE(take_failures().empty());
}

TEST_F(FailureRecords, AThousandInARow_NoneIsLostAndNoneLeftInFlight) {
  const UniqueFd holder = listening_socket("127.0.0.1", 7219);
  std::size_t told = 0;
  for (int i = 0; i < 1000; ++i) {
    const UniqueFd socket = make_socket(Family::ipv4, kTcp);
    ASSERT_EQ(try_bind(socket, "127.0.0.1", 7219), EADDRINUSE);
    if (i % 100 == 99) {
      told += take_failures().size();
    }
  }
  EXPECT_EQ(told, 1000u);
  EXPECT_EQ(session_->counters().drops, 0u);
  EXPECT_EQ(calls_in_flight(), 0u);
}

}  // namespace
}  // namespace portwatch::test
