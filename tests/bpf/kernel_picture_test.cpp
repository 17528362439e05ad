// snapshot.bpf.c: the picture and the holders, against real sockets.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "tests/bpf/picture.h"
#include "tests/support/messages.h"
#include "tests/support/sleeping_child.h"

namespace portwatch::test {
namespace {

TEST_F(Picture, BoundSocket_LiveFieldsCreatorAndTime) {
  const UniqueFd socket = bound_socket("127.0.0.1", 7201);
  const auto entries = on(7201);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].socket.endpoint.port, 7201);
  ASSERT_TRUE(entries[0].creator);
  EXPECT_EQ(entries[0].creator->id.pid, getpid());
  EXPECT_TRUE(entries[0].since);
}

TEST_F(Picture, ClosedSocket_IsGone) {
  bound_socket("127.0.0.1", 7202).reset();
  EXPECT_TRUE(on(7202).empty());
}

TEST_F(Picture, AutomaticPortAfterShutdown_PortZeroNow) {
  const UniqueFd socket = listening_socket("127.0.0.1", 0);
  const Port port = port_of(socket);
  ASSERT_EQ(on(port).size(), 1u);
  shutdown(socket.get(), SHUT_RDWR);
  EXPECT_TRUE(on(port).empty());
  EXPECT_EQ(port_of(socket), port) << "getsockname keeps the stale port";
}

// As the record says it: what listen(2) takes again is taken anew.
TEST_F(Picture, ListenThatTakesAnotherPort_PastIsThatOfTheListen) {
  const UniqueFd socket = listening_socket("127.0.0.1", 0);
  const auto before = on(port_of(socket));
  ASSERT_EQ(before.size(), 1u);
  shutdown(socket.get(), SHUT_RDWR);
  const UniqueFd other = bound_socket("127.0.0.1", before[0].socket.endpoint.port);
  take();
  start_listening(socket);
  const auto events = take();
  ASSERT_EQ(events.size(), 1u);
  const auto after = on(port_of(socket));
  ASSERT_EQ(after.size(), 1u);
  EXPECT_GT(after[0].since, before[0].since);
  EXPECT_EQ(after[0].since, events[0].when);
}

TEST_F(Picture, ListenOnTheBoundPort_PastIsThatOfTheBind) {
  const UniqueFd socket = bound_socket("127.0.0.1", 7214);
  const auto before = on(7214);
  start_listening(socket);
  const auto after = on(7214);
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(after[0].since, before.at(0).since);
}

TEST_F(Picture, OneDescriptor_Proven) {
  const UniqueFd socket = listening_socket("127.0.0.1", 7203);
  const auto found = only(picture_->holders_of(getpid(), 7203), 7203);
  EXPECT_EQ(found.holders.size(), 1u);
  EXPECT_EQ(found.holders.begin()->second.fds, std::vector<int>{socket.get()});
  EXPECT_EQ(found.references, 1u);
  EXPECT_TRUE(found.proven());
}

TEST_F(Picture, ForkedHolder_UnprovenUntilBothAreLookedAt) {
  const UniqueFd socket = listening_socket("127.0.0.1", 7204);
  const Child child([] {});
  EXPECT_FALSE(only(picture_->holders_of(getpid(), 7204), 7204).proven());
  const auto all = only(picture_->all_holders(7204), 7204);
  EXPECT_EQ(all.holders.size(), 2u);
  EXPECT_TRUE(all.proven());
}

TEST_F(Picture, Duplicates_EveryNumberIsListed) {
  const UniqueFd socket = listening_socket("127.0.0.1", 7205);
  const UniqueFd copy(fcntl(socket.get(), F_DUPFD_CLOEXEC, 100));
  const auto found = only(picture_->holders_of(getpid(), 7205), 7205);
  EXPECT_EQ(found.holders.begin()->second.fds,
            (std::vector<int>{socket.get(), copy.get()}));
  EXPECT_TRUE(found.proven());
}

TEST_F(Picture, InFlight_UnprovenAndStillListed) {
  UniqueFd socket = listening_socket("127.0.0.1", 7206);
  const Channel channel = make_channel();
  send_descriptor(channel.left, socket);
  EXPECT_FALSE(only(picture_->all_holders(7206), 7206).proven());
  socket.reset();
  EXPECT_TRUE(picture_->all_holders(7206)->empty());
  EXPECT_EQ(on(7206).size(), 1u);
}

TEST_F(Picture, HolderBlockedInPoll_StillProven) {
  const SleepingChild child(
      7207,
      [](int listener) {
        pollfd wait{listener, POLLIN, 0};
        poll(&wait, 1, -1);
      },
      "poll");
  const auto found = only(picture_->holders_of(child.pid(), 7207), 7207);
  EXPECT_EQ(found.references, 2u);
  EXPECT_EQ(found.waiters, 1u);
  EXPECT_TRUE(found.proven());
}

TEST_F(Picture, SingleThreadBlockedInAccept_NoReferenceIsInvented) {
  const SleepingChild child(
      7208, [](int listener) { accept(listener, nullptr, nullptr); }, "accept");
  const auto found = only(picture_->holders_of(child.pid(), 7208), 7208);
  EXPECT_EQ(found.references, 1u);
  EXPECT_EQ(found.waiters, 0u);
  EXPECT_TRUE(found.proven());
}

TEST_F(Picture, UdpThatOnlySent_FoundByTheFullPass) {
  const UniqueFd socket = make_socket(Family::ipv4, kUdp);
  const UniqueFd receiver = bound_socket("127.0.0.1", 7209, kUdp);
  send(socket.get(), "x", 1, 0);  // EDESTADDRREQ, and yet the port is taken
  const Port port = port_of(socket);
  ASSERT_NE(port, 0);
  EXPECT_TRUE(on(port).empty()) << "no hook tells";
  const auto found = only(picture_->all_holders(port), port);
  EXPECT_NE(found.facts.id, 0u) << "tracked from now on";
  EXPECT_EQ(on(port).size(), 1u);
}

// A picture that has room for eight sockets a walk.
class SmallPicture : public Picture {
 protected:
  std::size_t picture_size() const override { return 8; }

  static std::vector<std::uint64_t> ids(const std::vector<SocketEntry>& entries) {
    std::vector<std::uint64_t> all;
    for (const SocketEntry& entry : entries) {
      all.push_back(entry.socket.id);
    }
    std::sort(all.begin(), all.end());
    return all;
  }
};

TEST_F(SmallPicture, MoreSocketsThanRoom_EachIsMetOnce) {
  std::vector<UniqueFd> sockets;
  for (const std::size_t count : {7u, 8u, 9u, 16u, 17u, 50u}) {
    while (sockets.size() < count) {
      sockets.push_back(bound_socket("127.0.0.1", 0));
    }
    const auto found = ids(on(0));
    EXPECT_EQ(found.size(), count);
    EXPECT_EQ(std::adjacent_find(found.begin(), found.end()), found.end());
    EXPECT_EQ(ids(on(0)), found) << "and the next time again";
  }
}

// Sockets that are older than the session.
class OldSockets : public Picture {
 protected:
  void SetUp() override {
    listener_ = listening_socket("0.0.0.0", 7210);
    bound_ = bound_socket("127.0.0.1", 7211);
    udp_ = bound_socket("::", 7212, kUdp);
    mptcp_ = listening_socket("0.0.0.0", 7213, kMptcp);
    Picture::SetUp();
  }
  UniqueFd listener_, bound_, udp_, mptcp_;
};

TEST_F(OldSockets, TrackExisting_FindsThemWithoutInventingAPast) {
  ASSERT_TRUE(picture_->track_existing());
  for (const Port port : {7210, 7211, 7212, 7213}) {
    const auto entries = on(port);
    ASSERT_EQ(entries.size(), 1u) << port;
    EXPECT_FALSE(entries[0].creator) << port;
    EXPECT_FALSE(entries[0].since) << port;
  }
  EXPECT_TRUE(on(7213)[0].socket.mptcp);
}

TEST_F(OldSockets, TrackExisting_ComesBackToItsNamespace) {
  ASSERT_TRUE(picture_->track_existing());
  const UniqueFd socket = bound_socket("127.0.0.1", 7214);
  EXPECT_EQ(on(7214).size(), 1u);
}

class SmallRing : public HookTest {
  std::size_t ring_bytes() const override { return 4096; }
};

TEST_F(SmallRing, Overflow_EveryLostRecordIsCounted) {
  constexpr std::size_t kSockets = 200;
  for (std::size_t i = 0; i < kSockets; ++i) {
    bound_socket("127.0.0.1", 7215);
  }
  const std::size_t received = take().size();
  EXPECT_LT(received, 2 * kSockets);
  EXPECT_GE(received + session_->counters().drops, 2 * kSockets);
}

}  // namespace
}  // namespace portwatch::test
