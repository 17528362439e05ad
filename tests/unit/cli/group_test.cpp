#include "cli/group.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

Binding with_holders(Port port, std::vector<Process> holders,
                     SocketState state = SocketState::listening) {
  Binding b = binding(port, state);
  b.held_by = HeldBy::process;
  b.holders = std::move(holders);
  return b;
}

TEST(Group, SameHoldersTwoAddresses_OneGroup) {
  Process first = process(7, "a");
  first.fds = std::vector<int>{5};
  Process second = process(7, "a");
  second.fds = std::vector<int>{4, 5};
  const Answer answer =
      exact({with_holders(80, {first}), with_holders(80, {second})});
  const auto groups = group_bindings(answer);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].bindings.size(), 2u);
  ASSERT_EQ(groups[0].holders.size(), 1u);
  EXPECT_EQ(groups[0].holders[0].fds, (std::vector<int>{4, 5}));
}

TEST(Group, OtherHolderOrNamespaceOrProtocol_OtherGroup) {
  Binding udp = with_holders(80, {process(7, "a")});
  udp.endpoint.protocol = Protocol::udp;
  Binding elsewhere = with_holders(80, {process(7, "a")});
  elsewhere.netns = 1;
  const Answer answer =
      exact({with_holders(80, {process(7, "a")}),
             with_holders(80, {process(8, "a")}), udp, elsewhere});
  EXPECT_EQ(group_bindings(answer).size(), 4u);
}

TEST(Group, SamePidOtherStart_OtherGroup) {
  Process reborn = process(7, "a");
  reborn.id.start_ticks += 1000;
  const Answer answer =
      exact({with_holders(80, {process(7, "a")}), with_holders(80, {reborn})});
  EXPECT_EQ(group_bindings(answer).size(), 2u);
}

TEST(Group, Leader_ParentBeforeChildrenAndNotPidOne) {
  Process init = process(1, "systemd");
  Process master = process(700, "nginx");
  master.ppid = 1;
  Process worker = process(600, "nginx");  // a smaller pid after a wrap
  worker.ppid = 700;
  const Answer answer = exact({with_holders(80, {init, worker, master})});
  const auto holders = group_bindings(answer)[0].holders;
  EXPECT_EQ(holders[0].id.pid, 700);
  EXPECT_EQ(holders[1].id.pid, 600);
  EXPECT_EQ(holders[2].id.pid, 1);
}

TEST(Group, OwnConnections_AreCountedNotListed) {
  Binding time_wait = binding(80, SocketState::closing);
  time_wait.held_by = HeldBy::nobody;
  const Answer answer =
      exact({with_holders(80, {process(7, "a")}, SocketState::connected), time_wait,
             with_holders(80, {process(7, "a"), process(8, "a")}),
             with_holders(80, {process(8, "a")}, SocketState::connected)});
  const auto groups = group_bindings(answer);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].connected, 2u);
  EXPECT_EQ(groups[0].closing, 1u);
}

TEST(Group, ConnectionOfSomebodyElse_HasItsOwnGroup) {
  const Answer answer =
      exact({with_holders(80, {process(9, "handler")}, SocketState::connected),
             with_holders(80, {process(7, "a")})});
  const auto groups = group_bindings(answer);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].first().state, SocketState::listening) << "listeners first";
  EXPECT_EQ(groups[1].holders[0].id.pid, 9);
}

TEST(Group, HiddenConnection_IsNotTakenForOurs) {
  const Answer answer = exact(
      {with_holders(80, {process(7, "a")}), binding(80, SocketState::connected)});
  EXPECT_EQ(group_bindings(answer).size(), 2u);
}

TEST(Group, SeveralPorts_KeepTheirOrder) {
  const Answer answer = exact(
      {with_holders(80, {process(9, "x")}, SocketState::connected),
       with_holders(80, {process(7, "a")}), with_holders(81, {process(7, "a")})});
  const auto groups = group_bindings(answer);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[1].first().endpoint.port, 80);
  EXPECT_EQ(groups[2].first().endpoint.port, 81);
}

TEST(Group, SameProcess_AsFarAsKnown) {
  const Process a = process(7, "a");
  Process b = a;
  b.id.start_ticks = 0;  // as the daemon's answers come
  EXPECT_TRUE(is_same_process(a, b));
  b.start_time = *a.start_time + std::chrono::milliseconds(10);
  EXPECT_TRUE(is_same_process(a, b)) << "rounding of the boot instant";
  b.start_time = *a.start_time + std::chrono::seconds(1);
  EXPECT_FALSE(is_same_process(a, b));
  b = a;
  b.id.pid = 8;
  EXPECT_FALSE(is_same_process(a, b));
}

}  // namespace
}  // namespace portwatch::cli
