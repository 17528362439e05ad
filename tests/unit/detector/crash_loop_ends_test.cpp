#include "userspace/detector/crash_loop.h"

#include <gtest/gtest.h>

#include "tests/unit/detector/crash_scene.h"

namespace portwatch::test {
namespace {

using Types = std::vector<ChangeType>;
constexpr ChangeType kEnd = ChangeType::loop_ended;

using CrashLoopEndsTest = CrashScene;

TEST_F(CrashLoopEndsTest, SlowDeaths_AreNoLoop) {
  for (int i = 0; i < 20; ++i) {
    live(server(), exits(1));
    tick(15min);  // the fifth is an hour after the first
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopEndsTest, LongCleanLife_RestartsTheCount) {
  live(4, exits(1));
  live(server(), exits(1), 10min);  // outlasts; is none of a loop itself
  live(4, exits(1));
  EXPECT_EQ(types(news()), Types{});
  live(1, exits(1));
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopEndsTest, HeldForResetAfter_EndsIt) {
  live(7, exits(1));
  news();
  see(bound(binding(server(), 8080, id())));
  EXPECT_EQ(detector.deadline(), ticker.now().boot + 10min);
  pass(10min - 1ns);
  EXPECT_EQ(types(news()), Types{});
  pass(1ns);
  const auto told = news();
  ASSERT_EQ(types(told), Types{kEnd});
  EXPECT_EQ(told[0].loop->count, 7u);
  EXPECT_EQ(told[0].loop->port, 8080);
  EXPECT_EQ(told[0].loop->subject.name, "web.service");
  EXPECT_EQ(told[0].loop->last_exit, exits(1));
  EXPECT_FALSE(detector.deadline());
}

TEST_F(CrashLoopEndsTest, LetGoBeforeResetAfter_DoesNotEndIt) {
  live(5, exits(1));
  const Binding socket = binding(server(), 8080, id());
  see(bound(socket));
  tick(5min);
  see(released(socket));
  pass(10min);
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopEndsTest, QuietInterval_EndsIt) {
  live(5, exits(1));
  news();
  pass(1h - 1s - 1ns);  // the last end was a second ago
  EXPECT_EQ(types(news()), Types{});
  pass(1ns);
  EXPECT_EQ(types(news()), Types{kEnd});
}

TEST_F(CrashLoopEndsTest, FailuresOfWhoLives_KeepItGoing) {
  for (int i = 0; i < 5; ++i) {
    fail_and_end(server(), exits(1));
  }
  const Process patient = server();
  for (int i = 0; i < 30; ++i) {
    pass(5min);
    see(failed(patient, 8080));
  }
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopEndsTest, SuspendedHost_CountsTheNight) {
  live(4, exits(1));
  const Process who = server();
  const Binding socket = binding(who, 8080, id());
  see(bound(socket));
  tick(8h);  // a whole night, and no timer
  see(ended(who, exits(1)));
  live(4, exits(1));
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopEndsTest, SetClock_ChangesNothing) {
  live(3, exits(1));
  ticker.set_clock(-864000s);
  live(2, exits(1));
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopEndsTest, TwoPorts_AreTwoLoops) {
  for (int i = 0; i < 5; ++i) {
    const Process who = server();
    see(bound(binding(who, 8080, id())));
    see(bound(binding(who, 9090, id())));
    tick(1s);
    see(ended(who, exits(1)));
  }
  const auto told = news();
  ASSERT_EQ(types(told), (Types{kCrashLoop, kCrashLoop}));
  EXPECT_NE(told[0].loop->port, told[1].loop->port);
}

TEST_F(CrashLoopEndsTest, PerPort_OthersDoNotAddUp) {
  for (int i = 0; i < 8; ++i) {
    live(server(), exits(1), 1s, i % 2 ? 8080 : 9090);
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopEndsTest, AutomaticPorts_AreIgnored) {
  for (int i = 0; i < 9; ++i) {
    const Process who = server();
    see(bound(binding(who, 40000, id())));
    see(failed(who, 0));
    see(ended(who, exits(1)));
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopEndsTest, ListenerWithinTheAutomaticRange_Counts) {
  for (int i = 0; i < 5; ++i) {
    live(server(), exits(1), 1s, 50051);
  }
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopEndsTest, ChildrenOfAScript_AreTheirOwnSubject) {
  const Process script = process(50, "/bin/sh");
  for (int i = 0; i < 5; ++i) {
    live(child_of(script, ++pid_), exits(1));
  }
  const auto told = news();
  ASSERT_EQ(types(told), Types{kCrashLoop});
  EXPECT_EQ(told[0].loop->subject.name, "/usr/bin/server --serve");
}

// Found by comparing pictures: it may hold the port for as long as it lives.
TEST_F(CrashLoopEndsTest, ReconstructedYoungLife_Counts) {
  for (int i = 0; i < 5; ++i) {
    Process who = server();
    who.id.start_ticks = static_cast<std::uint64_t>(ticker.now().boot / 10ms) - 100;
    see(found(bound(binding(who, 8080, id()))));
    tick(1s);
    see(ended(who, exits(1)));
  }
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopEndsTest, ReconstructedOldLife_RestartsTheCount) {
  tick(3600s);
  for (int i = 0; i < 9; ++i) {
    Process who = server();  // born at 900 s
    see(found(bound(binding(who, 8080, id()))));
    tick(1s);
    see(ended(who, exits(1)));
    live(3, exits(1));
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopEndsTest, ReconstructedRelease_IsNoHold) {
  live(5, exits(1));
  const Binding socket = binding(server(), 8080, id());
  see(bound(socket));
  see(found(released(socket)));  // its end was lost
  pass(10min);
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

// Without eBPF nobody knows the creator, and every change is found by a look.
TEST_F(CrashLoopEndsTest, CreatorNotKnown_EldestHolderStandsForIt) {
  for (int i = 0; i < 5; ++i) {
    Process master = server();
    master.id.start_ticks =
        static_cast<std::uint64_t>(ticker.now().boot / 10ms) - 100;
    Process worker = server();
    worker.id.start_ticks = master.id.start_ticks + 1;
    Binding socket = binding(master, 8080, id());
    socket.creator.reset();
    socket.holders = {worker, master};
    see(found(bound(socket)));
    tick(1s);
    see(ended(worker, exits(1)));
    see(ended(master, exits(1)));
    socket.holders.emplace();
    see(found(released(socket)));
  }
  const auto told = news();
  ASSERT_EQ(types(told), Types{kCrashLoop});
  EXPECT_EQ(told[0].loop->count, 5u);
}

TEST_F(CrashLoopEndsTest, Reload_KeepsTheCount) {
  live(3, exits(1));
  detector.set_options({4, 1h, 1min}, {});
  live(1, exits(1));
  EXPECT_EQ(types(news()), Types{kCrashLoop});
  see(bound(binding(server(), 8080, id())));
  pass(1min);
  EXPECT_EQ(types(news()), Types{kEnd});
}

TEST_F(CrashLoopEndsTest, Active_IsCountedUpToNow) {
  live(8, exits(1));
  std::vector<Change> active;
  detector.active(active);
  ASSERT_EQ(types(active), Types{kCrashLoop});
  EXPECT_EQ(active[0].loop->count, 8u);
}

TEST_F(CrashLoopEndsTest, DatagramSocketsThatGo_LeaveNothing) {
  const Process resolver = server();
  for (int i = 0; i < 10000; ++i) {
    Binding socket = binding(resolver, static_cast<Port>(1024 + i), id());
    socket.endpoint.protocol = Protocol::udp;
    see(bound(socket));
    see(released(socket));
  }
  EXPECT_EQ(detector.size(), 0u);
}

TEST_F(CrashLoopEndsTest, LongLivedHolders_CostNothing) {
  for (int i = 0; i < 100; ++i) {
    see(bound(binding(server(), static_cast<Port>(1024 + i), id())));
  }
  EXPECT_FALSE(detector.deadline());  // nothing to tell: no timer
  tick(10min);
  see(bound(binding(server(), 80, id())));
  EXPECT_LE(detector.size(), 102u);  // lives are gone, sockets stay
}

TEST(CrashLoopLimit, TooManyLives_OldestIsForgotten) {
  Watched<CrashLoop> watched(CrashLoopOptions{1, 1h, 10min}, AutomaticPorts{},
                             std::size_t{3});
  for (int i = 0; i < 4; ++i) {
    watched.see(
        bound(binding(process_of_unit(100 + i, std::to_string(i) + ".service"),
                      8080, std::to_string(i))));
  }
  EXPECT_LE(watched.detector.size(), 6u);
  for (int i = 0; i < 4; ++i) {
    watched.see(
        ended(process_of_unit(100 + i, std::to_string(i) + ".service"), exits(1)));
  }
  const auto told = watched.news();
  ASSERT_EQ(types(told), (Types{kCrashLoop, kCrashLoop, kCrashLoop}));
  EXPECT_EQ(told[0].loop->subject.name, "1.service");
}

}  // namespace
}  // namespace portwatch::test
