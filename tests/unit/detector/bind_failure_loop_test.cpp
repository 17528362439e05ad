#include "userspace/detector/bind_failure_loop.h"

#include <gtest/gtest.h>

#include "tests/unit/detector/scene.h"

namespace portwatch::test {
namespace {

using Types = std::vector<ChangeType>;
constexpr ChangeType kLoop = ChangeType::bind_failure_loop;
constexpr ChangeType kEnded = ChangeType::loop_ended;

struct BindFailureLoopTest : ::testing::Test, Watched<BindFailureLoop> {
  // A server of the unit, another process each time.
  Process server() { return process_of_unit(++pid_, "web.service"); }
  void fail(int times, std::chrono::nanoseconds apart = 1s) {
    for (int i = 0; i < times; ++i) {
      tick(apart);
      see(failed(server(), 8080));
    }
  }
  pid_t pid_ = 100;
};

TEST_F(BindFailureLoopTest, BurstWithinInterval_IsToldOnce) {
  fail(4);
  EXPECT_EQ(types(news()), Types{});
  fail(1);
  EXPECT_EQ(types(news()), Types{kLoop});
  fail(50);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(BindFailureLoopTest, Alert_TellsWhoWhereWhenAndWhy) {
  const WallTime start = ticker.now().wall;
  const Binding blocker = binding(process(7), 8080, "1");
  for (int i = 0; i < 5; ++i) {
    tick(2s);
    see(failed(server(), 8080, {blocker}));
  }
  const auto told = news();
  ASSERT_EQ(told.size(), 1u);
  ASSERT_TRUE(told[0].loop);
  const Loop& loop = *told[0].loop;
  EXPECT_EQ(told[0].time, start + 10s);
  EXPECT_EQ(loop.subject.name, "web.service");
  EXPECT_EQ(loop.subject.kind, Subject::Kind::unit);
  EXPECT_EQ(loop.port, 8080);
  EXPECT_EQ(loop.netns, 4026531840);
  EXPECT_EQ(loop.netns_cookie, 1u);
  EXPECT_EQ(loop.count, 5u);
  EXPECT_EQ(loop.window, 60s);
  EXPECT_EQ(loop.first, start + 2s);
  EXPECT_EQ(loop.last, start + 10s);
  EXPECT_EQ(loop.cause, "bind: EADDRINUSE");
  EXPECT_EQ(loop.blockers, std::vector<Binding>{blocker});
  EXPECT_EQ(loop.last_process->id.pid, 105);
  EXPECT_FALSE(loop.last_exit);
}

TEST_F(BindFailureLoopTest, SlowFailures_AreNoLoop) {
  fail(50, 15s);  // the fifth is 60 s after the first
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(BindFailureLoopTest, JustFastEnough_IsALoop) {
  fail(5, 15s - 1ms);
  EXPECT_EQ(types(news()), Types{kLoop});
}

TEST_F(BindFailureLoopTest, QuietInterval_EndsItWithTheWholeCount) {
  fail(12);
  news();
  const WallTime last = ticker.now().wall;
  EXPECT_EQ(detector.deadline(), ticker.now().boot + 60s);
  pass(60s - 1ns);
  EXPECT_EQ(types(news()), Types{});
  pass(1ns);
  const auto told = news();
  ASSERT_EQ(types(told), Types{kEnded});
  EXPECT_EQ(told[0].loop->count, 12u);
  EXPECT_EQ(told[0].loop->port, 8080);
  EXPECT_EQ(told[0].loop->subject.name, "web.service");
  EXPECT_EQ(told[0].loop->last, last);
  EXPECT_FALSE(detector.deadline());
}

TEST_F(BindFailureLoopTest, AfterItsEnd_ANewOneNeedsAWholeBurst) {
  fail(5);
  pass(60s);
  news();
  fail(4);
  EXPECT_EQ(types(news()), Types{});
  fail(1);
  EXPECT_EQ(types(news()), Types{kLoop});
}

TEST_F(BindFailureLoopTest, LateTimer_DoesNotJoinTwoLoops) {
  fail(5);
  tick(3600s);  // nobody called advance()
  fail(1);
  EXPECT_EQ(types(news()), (Types{kLoop, kEnded}));
  EXPECT_EQ(detector.deadline(), std::nullopt);
}

TEST_F(BindFailureLoopTest, SuspendedHost_CountsTheNight) {
  fail(4);
  tick(8h);
  fail(1);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(BindFailureLoopTest, SetClock_ChangesNothing) {
  fail(2);
  ticker.set_clock(-86400s);
  fail(2);
  ticker.set_clock(200000s);
  fail(1);
  EXPECT_EQ(types(news()), Types{kLoop});
  pass(59s);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(BindFailureLoopTest, TakenPort_EndsItAtOnce) {
  fail(6);
  news();
  tick(1s);
  see(bound(binding(server(), 8080, "1")));
  const auto told = news();
  ASSERT_EQ(types(told), Types{kEnded});
  EXPECT_EQ(told[0].loop->count, 6u);
  EXPECT_EQ(told[0].time, ticker.now().wall);
  EXPECT_EQ(detector.size(), 0u);
}

TEST_F(BindFailureLoopTest, TakenPort_RestartsTheCount) {
  fail(4);
  see(bound(binding(server(), 8080, "1")));
  fail(4);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(BindFailureLoopTest, ReconstructedTaking_EndsItToo) {
  fail(5);
  see(found(bound(binding(server(), 8080, "1"))));
  EXPECT_EQ(types(news()), (Types{kLoop, kEnded}));
}

TEST_F(BindFailureLoopTest, OtherAddressTaken_IsNotWhatFailed) {
  fail(5);
  Binding six = binding(server(), 8080, "1");
  six.endpoint.family = Family::ipv6;
  see(bound(six));
  EXPECT_EQ(types(news()), Types{kLoop});
}

TEST_F(BindFailureLoopTest, TakenByAnother_DoesNotEndIt) {
  fail(5);
  see(bound(binding(process(7), 8080, "1")));
  Binding nobody = binding(process(7), 8080, "2");
  nobody.creator.reset();
  see(bound(nobody));
  EXPECT_EQ(types(news()), Types{kLoop});
}

TEST_F(BindFailureLoopTest, RefusedListen_IsNotEndedByTheBindBefore) {
  for (int i = 0; i < 5; ++i) {
    const Process who = server();
    see(bound(binding(who, 8080, std::to_string(i))));
    Change refused = failed(who, 8080);
    refused.failure->operation = Operation::listen;
    see(refused);
  }
  auto told = news();
  ASSERT_EQ(types(told), Types{kLoop});
  EXPECT_EQ(told[0].loop->cause, "listen: EADDRINUSE");
  see(listens(binding(server(), 8080, "9")));
  EXPECT_EQ(types(news()), Types{kEnded});
}

TEST_F(BindFailureLoopTest, OtherPortTableOrNamespace_IsCountedApart) {
  for (int i = 0; i < 4; ++i) {
    see(failed(server(), 8080));
    see(failed(server(), 8081));
    Change udp = failed(server(), 8080);
    udp.failure->requested.protocol = Protocol::udp;
    see(udp);
    Change elsewhere = failed(server(), 8080);
    elsewhere.failure->netns_cookie = 2;
    see(elsewhere);
    see(failed(process(7), 8080));
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(BindFailureLoopTest, Mptcp_SharesTheTableOfTcp) {
  for (int i = 0; i < 5; ++i) {
    Change one = failed(server(), 8080);
    one.failure->requested.protocol = i % 2 ? Protocol::tcp : Protocol::mptcp;
    see(one);
  }
  EXPECT_EQ(types(news()), Types{kLoop});
}

TEST_F(BindFailureLoopTest, WithoutCookie_TheInodeTellsNamespacesApart) {
  for (int i = 0; i < 8; ++i) {
    Change one = failed(server(), 8080);
    one.failure->netns_cookie.reset();
    one.failure->netns = 10U + (i % 2);
    see(one);
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(BindFailureLoopTest, ProgramWithOtherArguments_IsAnotherSubject) {
  for (int i = 0; i < 8; ++i) {
    Process who = process(++pid_);
    who.cmdline->push_back(std::to_string(i % 2));
    see(failed(who, 8080));
  }
  EXPECT_EQ(types(news()), Types{});
}

// A failure's record has less of long arguments than /proc has of who lives.
TEST_F(BindFailureLoopTest, LongArguments_CutInTheRecord_AreTheSameSubject) {
  Process whole = process(++pid_);
  whole.cmdline->push_back(std::string(3000, 'x'));
  whole.user = "somebody";
  Process cut = process(++pid_);
  cut.cmdline->push_back(std::string(480, 'x'));
  for (int i = 0; i < 5; ++i) {
    see(failed(cut, 8080));
  }
  see(bound(binding(whole, 8080, "1")));
  EXPECT_EQ(types(news()), (Types{kLoop, kEnded}));
}

TEST_F(BindFailureLoopTest, UnknownProgram_IsNotTakenForOthers) {
  for (int i = 0; i < 9; ++i) {
    Process who;
    who.id = {++pid_, 1};
    see(failed(who, 8080));
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(BindFailureLoopTest, AutomaticPort_CountsWhenNoneIsLeft) {
  for (int i = 0; i < 9; ++i) {
    Change no_address = failed(server(), 0);
    no_address.failure->error = EADDRNOTAVAIL;
    see(no_address);
    Change connection = failed(server(), 0);
    connection.failure->operation = Operation::connect;
    see(connection);
  }
  EXPECT_EQ(types(news()), Types{});
  for (int i = 0; i < 5; ++i) {
    see(failed(server(), 0));
  }
  EXPECT_EQ(types(news()), Types{kLoop});
}

TEST_F(BindFailureLoopTest, ManyBlockers_AreCut) {
  const std::vector<Binding> many(100, binding(process(7), 8080, "1"));
  for (int i = 0; i < 5; ++i) {
    see(failed(server(), 8080, many));
  }
  EXPECT_EQ(news().at(0).loop->blockers->size(), kMaxKeptBlockers);
}

TEST_F(BindFailureLoopTest, Active_IsCountedUpToNow) {
  fail(5);
  const WallTime told = ticker.now().wall;
  fail(3);
  std::vector<Change> active;
  detector.active(active);
  ASSERT_EQ(types(active), Types{kLoop});
  EXPECT_EQ(active[0].time, told);
  EXPECT_EQ(active[0].loop->count, 8u);
  EXPECT_EQ(active[0].loop->last_process->id.pid, 108);
}

TEST_F(BindFailureLoopTest, Reload_KeepsTheCount) {
  fail(3);
  detector.set_options({4, 60s});
  fail(1);
  EXPECT_EQ(types(news()), Types{kLoop});
  detector.set_options({4, 10s});
  pass(10s);
  EXPECT_EQ(types(news()), Types{kEnded});
}

TEST_F(BindFailureLoopTest, BurstOfNought_IsOne) {
  detector.set_options({0, 60s});
  fail(1);
  EXPECT_EQ(types(news()), Types{kLoop});
}

TEST(BindFailureLoopLimit, TooManySubjects_OldestIsForgotten) {
  Watched<BindFailureLoop> watched(BurstOptions{}, std::size_t{3});
  const auto fail = [&](const std::string& unit, int times) {
    for (int i = 0; i < times; ++i) {
      watched.see(failed(process_of_unit(1, unit), 8080));
    }
  };
  fail("first.service", 4);
  for (int i = 0; i < 3; ++i) {
    fail(std::to_string(i) + ".service", 4);
  }
  fail("first.service", 1);  // its four are forgotten
  EXPECT_EQ(types(watched.news()), Types{});
  fail("2.service", 1);  // remembered
  EXPECT_EQ(types(watched.news()), Types{kLoop});
}

TEST(BindFailureLoopLimit, TooManyLoops_OldestIsToldToEnd) {
  Watched<BindFailureLoop> watched(BurstOptions{1, 60s}, std::size_t{2});
  for (int i = 0; i < 3; ++i) {
    watched.tick(1s);
    watched.see(failed(process_of_unit(1, std::to_string(i) + ".service"), 8080));
  }
  const auto told = watched.news();
  EXPECT_EQ(types(told), (Types{kLoop, kLoop, kEnded, kLoop}));
  EXPECT_EQ(told[2].loop->subject.name, "0.service");
}

// What goes on is not pushed out by what has not begun.
TEST(BindFailureLoopLimit, Strangers_DoNotEndALoop) {
  Watched<BindFailureLoop> watched(BurstOptions{2, 60s}, std::size_t{2});
  const Change real = failed(process_of_unit(1, "real.service"), 8080);
  watched.see(real);
  watched.see(real);
  for (int i = 0; i < 50; ++i) {
    watched.see(failed(process_of_unit(1, std::to_string(i) + ".service"), 8080));
  }
  watched.see(real);
  EXPECT_EQ(types(watched.news()), Types{kLoop});
  EXPECT_LE(watched.detector.size(), 8u);
}

}  // namespace
}  // namespace portwatch::test
