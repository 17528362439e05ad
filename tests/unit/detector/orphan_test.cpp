#include "userspace/detector/orphan.h"

#include <gtest/gtest.h>

#include "tests/unit/detector/scene.h"

namespace portwatch::test {
namespace {

using Types = std::vector<ChangeType>;
constexpr ChangeType kOrphan = ChangeType::orphan;

struct OrphanTest : ::testing::Test, Watched<OrphanDetector> {
  Binding hold(const Process& who, Port port = 8080) {
    const Binding socket = binding(who, port, std::to_string(++id_));
    see(bound(socket));
    see(listens(socket));
    return socket;
  }
  const Process shell_ = process(50, "/bin/bash");
  const Process server_ = child_of(shell_, 60);
  int id_ = 0;
};

TEST_F(OrphanTest, ParentDies_IsToldWithBoth) {
  const Binding socket = hold(server_);
  tick(1h);
  see(ended(shell_, exits(0)));
  pass(3s);
  const auto told = news();
  ASSERT_EQ(types(told), Types{kOrphan});
  EXPECT_EQ(told[0].time, ticker.now().wall);
  EXPECT_EQ(told[0].binding->id, socket.id);
  EXPECT_EQ(told[0].binding->state, SocketState::listening);
  EXPECT_EQ(told[0].process->id, server_.id);
  EXPECT_EQ(told[0].process->orphan, true);
  EXPECT_EQ(told[0].process->ppid, shell_.id.pid);
  EXPECT_EQ(told[0].previous->id, shell_.id);
}

TEST_F(OrphanTest, ParentKilledSoonAfterTheBind_IsToldToo) {
  hold(server_);
  see(ended(shell_, killed(SIGKILL)));
  pass(3s);
  EXPECT_EQ(types(news()), Types{kOrphan});
}

TEST_F(OrphanTest, ToldByADaemonBefore_IsOneUntilItLetsGo) {
  Binding socket = binding(server_, 8080, "before");
  socket.creator.edit(
      [&](Process& creator) { creator.start_time = ticker.now().wall; });
  Change alert = change(kOrphan, socket);
  alert.process = *socket.creator;
  alert.process.edit(
      [&](Process& process) { process.id.start_ticks = 0; });  // as it is kept
  alert.previous = shell_;
  alert.time = ticker.now().wall;
  Binding now = binding(server_, 8080, "now");
  now.creator.edit([&](Process& creator) { creator.ppid = 1; });
  now.creator.edit(
      [&](Process& creator) { creator.start_time = ticker.now().wall + 1us; });
  Binding elsewhere = now;
  elsewhere.endpoint.port = 8081;
  Binding younger = now;
  younger.creator.edit(
      [&](Process& creator) { creator.start_time = ticker.now().wall + 1h; });
  detector.resume(alert, {elsewhere, younger});
  EXPECT_TRUE(detector.orphans().empty());
  detector.resume(alert, {now});
  EXPECT_TRUE(detector.is_orphan(server_.id));
  ASSERT_EQ(types(detector.orphans()), Types{kOrphan});
  EXPECT_EQ(detector.orphans()[0].time, alert.time);
  see(released(now));
  EXPECT_FALSE(detector.is_orphan(server_.id));
  EXPECT_EQ(detector.size(), 0u);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OrphanTest, ShutdownOfBoth_IsNoOrphan) {
  hold(server_);
  tick(1h);
  see(ended(shell_, killed(SIGINT)));
  EXPECT_EQ(detector.deadline(), ticker.now().boot + 3s);
  tick(1s);
  see(ended(server_, killed(SIGINT)));
  EXPECT_FALSE(detector.deadline());
  pass(1h);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OrphanTest, ReleasedMeanwhile_IsNoOrphan) {
  const Binding socket = hold(server_);
  tick(1h);
  see(ended(shell_, exits(1)));
  see(found(released(socket)));
  pass(1h);
  EXPECT_EQ(types(news()), Types{});
  EXPECT_FALSE(detector.is_orphan(server_.id));
}

TEST_F(OrphanTest, ReleasedBefore_IsNoOrphan) {
  see(released(hold(server_)));
  see(ended(shell_, exits(1)));
  pass(3s);
  EXPECT_EQ(types(news()), Types{});
  EXPECT_EQ(detector.size(), 0u);
}

TEST_F(OrphanTest, DaemonStart_IsNoOrphan) {
  hold(server_);
  tick(10s);
  see(ended(shell_, exits(0)));
  pass(1h);
  EXPECT_EQ(types(news()), Types{});
  EXPECT_FALSE(detector.is_orphan(server_.id));
}

TEST_F(OrphanTest, ParentThatStaysLongerThanADaemonStart_LeavesAnOrphan) {
  hold(server_);
  tick(10s + 1ms);
  see(ended(shell_, exits(0)));
  pass(3s);
  EXPECT_EQ(types(news()), Types{kOrphan});
}

TEST_F(OrphanTest, ParentEndsHowNobodyKnows_IsTold) {
  hold(server_);
  see(ended(shell_, std::nullopt));
  pass(3s);
  EXPECT_EQ(types(news()), Types{kOrphan});
}

TEST_F(OrphanTest, ChildOfInitOrOfNobodyVisible_IsNever) {
  Process of_init = server_;
  of_init.ppid = 1;
  of_init.parent_start_ticks = 5;
  hold(of_init);
  Process of_nobody = server_;
  of_nobody.ppid = 0;
  hold(of_nobody, 8081);
  Process of_unknown = server_;
  of_unknown.ppid.reset();
  hold(of_unknown, 8082);
  Process parent_without_start = server_;
  parent_without_start.parent_start_ticks = 0;
  hold(parent_without_start, 8083);
  EXPECT_EQ(detector.size(), 0u);
}

TEST_F(OrphanTest, ServiceOfSystemd_IsNever) {
  Process service = server_;
  service.unit = "web.service";
  hold(service);
  EXPECT_EQ(detector.size(), 0u);
  service.unit = "session-3.scope";
  hold(service);
  EXPECT_EQ(detector.size(), 1u);
}

TEST_F(OrphanTest, PidOfTheParentUsedAgain_IsNotTheParent) {
  hold(server_);
  Process other = shell_;
  ++other.id.start_ticks;
  see(ended(other, exits(1)));
  pass(3s);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OrphanTest, CreatorThatForksAndExits_LeavesNoOrphan) {
  hold(server_);
  see(ended(server_, exits(0)));
  see(ended(shell_, exits(1)));
  pass(3s);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OrphanTest, TwoSocketsOnOnePort_AreToldOnce) {
  const Binding four = hold(server_);
  Binding six = binding(server_, 8080, "six");
  six.endpoint.family = Family::ipv6;
  see(bound(six));
  hold(server_, 9090);
  tick(1h);
  see(ended(shell_, exits(1)));
  pass(3s);
  EXPECT_EQ(types(news()), (Types{kOrphan, kOrphan}));
  EXPECT_EQ(detector.orphans().size(), 2u);
  see(released(four));
  EXPECT_EQ(detector.orphans().size(), 2u);
  see(released(six));
  const auto left = detector.orphans();
  ASSERT_EQ(types(left), Types{kOrphan});
  EXPECT_EQ(left[0].binding->endpoint.port, 9090);
  EXPECT_EQ(left[0].previous->id, shell_.id);
}

TEST_F(OrphanTest, IsOrphan_FromTheEndOfTheParentToItsOwn) {
  hold(server_);
  tick(1h);
  EXPECT_FALSE(detector.is_orphan(server_.id));
  see(ended(shell_, exits(1)));
  EXPECT_TRUE(detector.is_orphan(server_.id));
  EXPECT_FALSE(detector.is_orphan(shell_.id));
  EXPECT_TRUE(detector.orphans().empty());  // not settled
  see(ended(server_, exits(0)));
  EXPECT_FALSE(detector.is_orphan(server_.id));
}

TEST_F(OrphanTest, BindAfterTheParentDied_IsNotTold) {
  see(ended(shell_, exits(1)));
  hold(server_);
  pass(1h);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(OrphanTest, ClientsPort_IsNotTold) {
  see(bound(binding(server_, 45678, "1")));
  EXPECT_EQ(detector.size(), 0u);
  see(listens(binding(server_, 45678, "1")));
  EXPECT_EQ(detector.size(), 1u);
}

TEST_F(OrphanTest, CreatorNotKnown_HolderStandsForIt) {
  Binding socket = binding(server_, 8080, "1");
  socket.creator.reset();
  socket.holders = {server_};
  see(found(bound(socket)));
  tick(1h);
  see(ended(shell_, exits(1)));
  pass(3s);
  EXPECT_EQ(types(news()), Types{kOrphan});
}

TEST_F(OrphanTest, SuspendedWhileSettling_IsToldAfterwards) {
  hold(server_);
  tick(1h);
  see(ended(shell_, exits(1)));
  pass(8h);
  EXPECT_EQ(types(news()), Types{kOrphan});
}

TEST(OrphanLimit, TooManyHolders_OldestIsForgotten) {
  Watched<OrphanDetector> watched(AutomaticPorts{}, std::size_t{3});
  const Process shell = process(50);
  for (int i = 0; i < 10; ++i) {
    watched.see(listens(binding(child_of(shell, 100 + i),
                                static_cast<Port>(8000 + i), std::to_string(i))));
    ASSERT_LE(watched.detector.size(), 3u);
  }
  watched.tick(1h);
  watched.see(ended(shell, exits(1)));
  watched.pass(3s);
  const auto told = watched.news();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].binding->endpoint.port, 8007);
}

}  // namespace
}  // namespace portwatch::test
