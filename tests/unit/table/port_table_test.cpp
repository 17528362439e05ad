#include "userspace/table/port_table.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace portwatch {
namespace {

using Kind = SocketEvent::Kind;

SharedProcess describe(const TaskFacts& task) {
  Process process;
  process.id = task.id;
  process.name = task.comm;
  return process;
}

SocketFacts facts(std::uint64_t id, Port port,
                  SocketState state = SocketState::bound) {
  SocketFacts socket;
  socket.id = id;
  socket.inode = 1000 + id;
  socket.endpoint.port = port;
  socket.state = state;
  return socket;
}

SocketFacts orphan(std::uint64_t id, Port port) {
  SocketFacts socket = facts(id, port, SocketState::closing);
  socket.inode = 0;
  socket.kernel = true;
  socket.locked = true;
  return socket;
}

SocketEvent event(Kind kind, std::uint64_t id, Port port, std::int64_t when) {
  SocketEvent made;
  made.kind = kind;
  made.when = BootTime(when);
  made.socket = facts(
      id, port, kind == Kind::listen ? SocketState::listening : SocketState::bound);
  made.task.id = {100, 7};
  made.task.comm = "server";
  return made;
}

std::vector<ChangeType> types(const std::vector<TableChange>& changes) {
  std::vector<ChangeType> all;
  std::transform(changes.begin(), changes.end(), std::back_inserter(all),
                 [](const TableChange& change) { return change.type; });
  return all;
}

class PortTableTest : public ::testing::Test {
 protected:
  std::vector<ChangeType> apply(Kind kind, std::uint64_t id, Port port,
                                std::int64_t when) {
    return types(table_.apply(event(kind, id, port, when)));
  }
  std::vector<ChangeType> resync(const std::vector<SocketEntry>& picture,
                                 std::int64_t begun) {
    return types(table_.resync(picture, BootTime(begun)));
  }

  static constexpr ChangeType kBind = ChangeType::bind;
  static constexpr ChangeType kListen = ChangeType::listen;
  static constexpr ChangeType kRelease = ChangeType::release;
  using Types = std::vector<ChangeType>;

  PortTable table_{100, describe};
};

TEST_F(PortTableTest, BindListenRelease_OneChangeEach) {
  EXPECT_EQ(apply(Kind::bind, 1, 80, 10), Types{kBind});
  EXPECT_EQ(apply(Kind::listen, 1, 80, 11), Types{kListen});
  EXPECT_EQ(apply(Kind::release, 1, 80, 12), Types{kRelease});
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_TRUE(table_.find(80).empty());
}

TEST_F(PortTableTest, Bind_RemembersCreatorTimeAndCandidate) {
  apply(Kind::bind, 1, 80, 10);
  const auto found = table_.find(80);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].since, BootTime(10));
  EXPECT_EQ(found[0].creator->name, "server");
  EXPECT_EQ(found[0].candidates, (std::set<ProcessId>{{100, 7}}));
}

TEST_F(PortTableTest, ReleasedTwice_ReportsOnce) {
  apply(Kind::bind, 1, 80, 10);
  EXPECT_EQ(apply(Kind::release, 1, 80, 11), Types{kRelease});
  EXPECT_EQ(apply(Kind::destroy, 1, 80, 12), Types{});
}

TEST_F(PortTableTest, ListenWithoutBind_BindThenListen) {
  EXPECT_EQ(apply(Kind::listen, 1, 80, 10), (Types{kBind, kListen}));
}

TEST_F(PortTableTest, RepeatedListen_NoChange) {
  apply(Kind::listen, 1, 80, 10);
  EXPECT_EQ(apply(Kind::listen, 1, 80, 11), Types{});
}

TEST_F(PortTableTest, UnlistenOfExplicitPort_StaysBoundAndListensAgain) {
  apply(Kind::listen, 1, 80, 10);
  SocketEvent stop = event(Kind::unlisten, 1, 80, 11);
  stop.socket.locked = true;
  EXPECT_TRUE(table_.apply(stop).empty());
  EXPECT_EQ(table_.find(80).at(0).facts.state, SocketState::bound);
  EXPECT_EQ(apply(Kind::listen, 1, 80, 12), Types{kListen});
}

TEST_F(PortTableTest, UnlistenOfAutomaticPort_ReleasesAndTakesTheNext) {
  apply(Kind::listen, 1, 40000, 10);
  EXPECT_EQ(apply(Kind::unlisten, 1, 40000, 11), Types{kRelease});
  EXPECT_TRUE(table_.find(40000).empty());
  EXPECT_EQ(apply(Kind::listen, 1, 40001, 12), (Types{kBind, kListen}));
  EXPECT_EQ(table_.find(40001).at(0).since, BootTime(12));
}

TEST_F(PortTableTest, UnlistenAfterRelease_DoesNotBringItBack) {
  apply(Kind::listen, 1, 80, 10);
  apply(Kind::release, 1, 80, 11);
  EXPECT_EQ(apply(Kind::unlisten, 1, 80, 12), Types{});
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(PortTableTest, SeveralSocketsOnAPort_EachIsKept) {
  apply(Kind::listen, 1, 80, 10);
  apply(Kind::listen, 2, 80, 11);
  EXPECT_EQ(table_.find(80).size(), 2u);
  EXPECT_EQ(apply(Kind::release, 1, 80, 12), Types{kRelease});
  EXPECT_EQ(table_.find(80).at(0).facts.id, 2u);
}

TEST_F(PortTableTest, ForkAndExit_CandidatesFollow) {
  apply(Kind::bind, 1, 80, 10);
  ProcessEvent fork;
  fork.kind = ProcessEvent::Kind::fork;
  fork.task.id = {100, 7};
  fork.child = {101, 8};
  table_.apply(fork);
  EXPECT_EQ(table_.find(80).at(0).candidates,
            (std::set<ProcessId>{{100, 7}, {101, 8}}));
  ProcessEvent exit;
  exit.kind = ProcessEvent::Kind::exit;
  exit.task.id = {100, 7};
  table_.apply(exit);
  EXPECT_EQ(table_.find(80).at(0).candidates, (std::set<ProcessId>{{101, 8}}));
}

TEST_F(PortTableTest, SamePidOtherStart_IsAnotherProcess) {
  apply(Kind::bind, 1, 80, 10);
  ProcessEvent exit;
  exit.kind = ProcessEvent::Kind::exit;
  exit.task.id = {100, 6};
  table_.apply(exit);
  EXPECT_EQ(table_.find(80).at(0).candidates.size(), 1u);
}

TEST_F(PortTableTest, MptcpSubflowAndOwner_AreOneByInode) {
  SocketEvent bind = event(Kind::bind, 1, 80, 10);
  bind.socket.mptcp = true;
  table_.apply(bind);
  SocketFacts owner = bind.socket;
  owner.id = 0;
  ASSERT_NE(table_.same_socket(owner), nullptr);
  EXPECT_EQ(table_.same_socket(owner)->facts.id, 1u);
  SocketEvent release = bind;
  release.kind = Kind::release;
  release.socket.id = 0;
  EXPECT_EQ(types(table_.apply(release)), Types{kRelease});
}

TEST_F(PortTableTest, PlainSocketWithAnotherIdAndTheSameInode_IsNotJoined) {
  apply(Kind::bind, 1, 80, 10);
  SocketFacts other = facts(0, 80);
  other.inode = 1001;
  EXPECT_EQ(table_.same_socket(other), nullptr);
}

TEST_F(PortTableTest, Resync_MissingOnesAreReleasedAndNewOnesBound) {
  apply(Kind::listen, 1, 80, 10);
  const SocketEntry other{facts(2, 81, SocketState::listening), {}, {}};
  EXPECT_EQ(resync({other}, 20), (Types{kBind, kListen, kRelease}));
  EXPECT_TRUE(table_.find(80).empty());
  EXPECT_EQ(table_.find(81).size(), 1u);
}

TEST_F(PortTableTest, Resync_ChangesAreMarkedReconstructed) {
  const SocketEntry one{facts(2, 81), {}, {}};
  const auto changes = table_.resync(std::vector{one}, BootTime(20));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].reconstructed);
}

TEST_F(PortTableTest, Resync_EventsAfterItsBeginningStand) {
  apply(Kind::listen, 1, 80, 30);
  EXPECT_EQ(resync({}, 20), Types{});
  EXPECT_EQ(table_.find(80).size(), 1u);
}

TEST_F(PortTableTest, Resync_SamePicture_NoChange) {
  apply(Kind::listen, 1, 80, 10);
  const SocketEntry same{facts(1, 80, SocketState::listening), {}, {}};
  EXPECT_EQ(resync({same}, 20), Types{});
}

TEST_F(PortTableTest, Resync_LostBindEvent_CreatorComesFromThePicture) {
  TaskFacts task;
  task.id = {200, 9};
  task.comm = "late";
  resync({{facts(3, 82), task, BootTime(15)}}, 20);
  const auto found = table_.find(82);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].creator->name, "late");
  EXPECT_EQ(found[0].since, BootTime(15));
}

TEST_F(PortTableTest, ReplayOlderThanThePicture_NoChange) {
  resync({{facts(1, 80, SocketState::listening), {}, {}}}, 20);
  EXPECT_EQ(apply(Kind::bind, 1, 80, 15), Types{});
  EXPECT_EQ(apply(Kind::listen, 1, 80, 16), Types{});
  EXPECT_EQ(table_.find(80).at(0).facts.state, SocketState::listening);
}

// The subflow of an MPTCP connection that was closed: it says its farewell.
TEST_F(PortTableTest, Resync_OrphanOfMptcp_IsItsLostRelease) {
  SocketEvent bind = event(Kind::bind, 1, 80, 10);
  bind.socket.mptcp = true;
  table_.apply(bind);
  const SocketEntry left{orphan(1, 80), {}, {}};
  EXPECT_EQ(resync({left}, 20), Types{kRelease});
  EXPECT_EQ(resync({left}, 30), Types{});
  EXPECT_EQ(apply(Kind::destroy, 1, 80, 40), Types{});
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(PortTableTest, Resync_OrphanThatWasNeverTold_NoChange) {
  EXPECT_EQ(resync({{orphan(1, 80), {}, {}}}, 20), Types{});
  EXPECT_EQ(apply(Kind::destroy, 1, 80, 30), Types{});
}

TEST_F(PortTableTest, Resync_LostBindOfAConnectedSocket_ToldWhenItsPortIsExplicit) {
  SocketFacts connected = facts(1, 80, SocketState::connected);
  connected.locked = true;
  const auto changes =
      table_.resync(std::vector{SocketEntry{connected, {}, {}}}, BootTime(20));
  ASSERT_EQ(types(changes), Types{kBind});
  EXPECT_EQ(changes[0].socket.facts.state, SocketState::bound);
  EXPECT_EQ(table_.find(80).at(0).facts.state, SocketState::connected);
  EXPECT_EQ(resync({{connected, {}, {}}}, 30), Types{});
  EXPECT_EQ(apply(Kind::release, 1, 80, 40), Types{kRelease});
}

TEST_F(PortTableTest, Resync_ConnectionWithAutomaticPort_NoChange) {
  EXPECT_EQ(resync({{facts(1, 40000, SocketState::connected), {}, {}}}, 20),
            Types{});
  EXPECT_EQ(apply(Kind::release, 1, 40000, 30), Types{});
}

TEST_F(PortTableTest, Resync_ConnectedFromAnotherPort_TheToldOneIsReleased) {
  apply(Kind::bind, 1, 40000, 10);
  const SocketEntry other{facts(1, 40001, SocketState::connected), {}, {}};
  const auto changes = table_.resync(std::vector{other}, BootTime(20));
  ASSERT_EQ(types(changes), Types{kRelease});
  EXPECT_EQ(changes[0].socket.facts.endpoint.port, 40000);
  EXPECT_EQ(apply(Kind::release, 1, 40001, 30), Types{});
}

TEST_F(PortTableTest, Resync_TookAnotherPort_PastIsThatOfTheNewPort) {
  apply(Kind::bind, 1, 40000, 10);
  TaskFacts task;
  task.id = {200, 9};
  task.comm = "other";
  const SocketEntry moved{facts(1, 40001), task, BootTime(15)};
  const auto changes = table_.resync(std::vector{moved}, BootTime(20));
  ASSERT_EQ(types(changes), (Types{kRelease, kBind}));
  EXPECT_EQ(changes[0].socket.since, BootTime(10));
  EXPECT_EQ(changes[0].socket.creator->name, "server");
  EXPECT_EQ(changes[1].socket.since, BootTime(15));
  EXPECT_EQ(changes[1].socket.creator->name, "other");
  EXPECT_TRUE(table_.find(40001).at(0).candidates.contains({200, 9}));
}

TEST_F(PortTableTest, Resync_TookTheSamePortAgain_ReleasedAndBound) {
  apply(Kind::bind, 1, 40000, 10);
  EXPECT_EQ(resync({{facts(1, 40000), {}, BootTime(15)}}, 20),
            (Types{kRelease, kBind}));
  EXPECT_EQ(table_.find(40000).at(0).since, BootTime(15));
}

// The element may be older than the event: listen(2) takes a port, too.
TEST_F(PortTableTest, Resync_OlderPastInThePicture_IsNotTaken) {
  apply(Kind::listen, 1, 40000, 10);
  EXPECT_EQ(
      resync({{facts(1, 40000, SocketState::listening), {}, BootTime(5)}}, 20),
      Types{});
  EXPECT_EQ(table_.find(40000).at(0).since, BootTime(10));
}

TEST_F(PortTableTest, Resync_OlderBindOfASocketThatIsGone_DoesNotBringItBack) {
  resync({}, 20);
  EXPECT_EQ(apply(Kind::bind, 1, 80, 15), Types{});
  EXPECT_EQ(apply(Kind::connect, 2, 0, 16), Types{});
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_EQ(apply(Kind::bind, 1, 80, 25), Types{kBind});
}

TEST_F(PortTableTest, UdpConnect_FloatsWithoutAChange) {
  EXPECT_EQ(apply(Kind::connect, 1, 0, 10), Types{});
  resync({{facts(1, 4000, SocketState::bound), {}, {}}}, 20);
  ASSERT_EQ(table_.find(4000).size(), 1u);
  EXPECT_TRUE(table_.find(4000)[0].since) << "it took its port at the connect";
  // A look that does not find it there: it moved on, without an event.
  EXPECT_EQ(types(table_.settle(4000, {}, BootTime(30))),
            Types{ChangeType::release});
  EXPECT_TRUE(table_.find(4000).empty());
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(apply(Kind::release, 1, 0, 40), Types{});
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(PortTableTest, KernelSocketThatALookMisses_IsGone) {
  SocketFacts vxlan = facts(1, 4789, SocketState::bound);
  vxlan.kernel = true;
  resync({{vxlan, {}, {}}}, 20);
  EXPECT_EQ(types(table_.settle(4789, {1}, BootTime(30))), Types{});
  EXPECT_EQ(types(table_.settle(4789, {}, BootTime(30))),
            Types{ChangeType::release});
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(PortTableTest, Full_RefusesAndCounts) {
  PortTable small(1, describe);
  small.apply(event(Kind::bind, 1, 80, 10));
  EXPECT_TRUE(small.apply(event(Kind::bind, 2, 81, 11)).empty());
  EXPECT_EQ(small.refused(), 1u);
  EXPECT_EQ(small.size(), 1u);
}

TEST_F(PortTableTest, SetHolders_ReplacesTheCandidates) {
  apply(Kind::bind, 1, 80, 10);
  table_.set_holders(1, {{300, 1}, {301, 2}});
  EXPECT_EQ(table_.find(80).at(0).candidates,
            (std::set<ProcessId>{{300, 1}, {301, 2}}));
}

}  // namespace
}  // namespace portwatch
