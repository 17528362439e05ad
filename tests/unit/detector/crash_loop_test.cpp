#include "userspace/detector/crash_loop.h"

#include <gtest/gtest.h>

#include "tests/unit/detector/crash_scene.h"

namespace portwatch::test {
namespace {

using Types = std::vector<ChangeType>;

using CrashLoopTest = CrashScene;

TEST_F(CrashLoopTest, BurstOfDeaths_IsToldOnce) {
  live(4, exits(1));
  EXPECT_EQ(types(news()), Types{});
  live(1, exits(1));
  EXPECT_EQ(types(news()), Types{kCrashLoop});
  live(20, exits(1));
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopTest, Alert_TellsTheEnd) {
  const WallTime start = ticker.now().wall;
  live(5, exits(3));
  const auto told = news();
  ASSERT_EQ(types(told), Types{kCrashLoop});
  const Loop& loop = *told[0].loop;
  EXPECT_EQ(loop.subject.name, "web.service");
  EXPECT_EQ(loop.port, 8080);
  EXPECT_EQ(loop.netns_cookie, 1u);
  EXPECT_EQ(loop.count, 5u);
  EXPECT_EQ(loop.window, 3600s);
  EXPECT_EQ(loop.first, start + 1s);
  EXPECT_EQ(loop.last, start + 9s);
  EXPECT_EQ(loop.cause, "exits with status 3");
  EXPECT_FALSE(loop.blockers);
  EXPECT_EQ(loop.last_exit, exits(3));
  EXPECT_EQ(loop.last_process->id.pid, 105);
}

TEST_F(CrashLoopTest, Signal_IsTheCause) {
  live(4, exits(1));
  live(1, killed(SIGSEGV));
  EXPECT_EQ(news().at(0).loop->cause, "killed by SIGSEGV");
}

TEST_F(CrashLoopTest, FailedBinds_AreTheCauseWithTheirBlockers) {
  for (int i = 0; i < 5; ++i) {
    fail_and_end(server(), exits(1));
  }
  const auto told = news();
  ASSERT_EQ(types(told), Types{kCrashLoop});
  const Loop& loop = *told[0].loop;
  EXPECT_EQ(loop.cause, "bind: EADDRINUSE");
  ASSERT_TRUE(loop.blockers);
  EXPECT_EQ(loop.blockers->at(0).id, "blocker");
  EXPECT_EQ(loop.last_exit, exits(1));
}

TEST_F(CrashLoopTest, FailuresAndHolds_AreOneSeries) {
  live(2, exits(1));
  for (int i = 0; i < 3; ++i) {
    fail_and_end(server(), exits(1));
  }
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopTest, SeveralFailuresOfOneLife_AreOneDeath) {
  for (int i = 0; i < 4; ++i) {
    const Process who = server();
    for (int attempt = 0; attempt < 5; ++attempt) {  // as nginx does
      see(failed(who, 8080));
      tick(500ms);
    }
    fail_and_end(who, exits(1));
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopTest, CleanExitAfterAFailedBind_Counts) {
  for (int i = 0; i < 5; ++i) {
    fail_and_end(server(), i % 2 ? std::nullopt : std::optional(exits(0)));
  }
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

// A dev server finds 8080 busy, takes another port and works until it is stopped.
TEST_F(CrashLoopTest, CleanExitLongAfterAFailedBind_DoesNot) {
  for (int i = 0; i < 9; ++i) {
    fail_and_end(server(), killed(SIGINT), 31s);
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopTest, CrashLongAfterAFailedBind_Counts) {
  for (int i = 0; i < 5; ++i) {
    fail_and_end(server(), exits(1), 90s);
  }
  EXPECT_EQ(news().at(0).loop->cause, "bind: EADDRINUSE");
}

TEST_F(CrashLoopTest, CleanOrStopped_DoesNotCount) {
  for (const auto& status :
       {exits(0), killed(SIGTERM), killed(SIGINT), killed(SIGHUP),
        exits(128 + SIGTERM), exits(128 + SIGINT)}) {
    live(9, status);
  }
  live(9, std::nullopt);
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopTest, Killed_Counts) {
  live(5, killed(SIGKILL));
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopTest, ReleaseBeforeTheEnd_IsTheSame) {
  for (int i = 0; i < 5; ++i) {
    const Process who = server();
    const Binding socket = binding(who, 8080, id());
    see(bound(socket));
    tick(1s);
    see(released(socket));
    tick(5s);
    see(ended(who, exits(1)));
  }
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopTest, PortGivenBackLongBefore_IsNoDeathOnIt) {
  for (int i = 0; i < 9; ++i) {
    const Process who = server();
    const Binding socket = binding(who, 8080, id());
    see(bound(socket));
    see(released(socket));
    tick(31s);
    see(ended(who, exits(1)));
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopTest, OneOfTwoSocketsReleased_StillHolds) {
  for (int i = 0; i < 5; ++i) {
    const Process who = server();
    const Binding four = binding(who, 8080, id());
    Binding six = binding(who, 8080, id());
    six.endpoint.family = Family::ipv6;
    see(bound(four));
    see(bound(six));
    see(listens(four));
    see(listens(six));
    see(released(four));
    tick(60s);
    see(ended(who, exits(1)));
  }
  EXPECT_EQ(types(news()), Types{kCrashLoop});
}

TEST_F(CrashLoopTest, WorkersThatDie_DoNotCount) {
  const Process master = server();
  see(bound(binding(master, 8080, id())));
  for (int i = 0; i < 20; ++i) {
    tick(1s);
    see(ended(child_of(master, ++pid_), exits(1)));
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopTest, SamePidLater_IsAnotherProcess) {
  Process who = server();
  see(bound(binding(who, 8080, id())));
  for (int i = 0; i < 9; ++i) {
    ++who.id.start_ticks;
    see(ended(who, exits(1)));
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopTest, ToleratedSecondAddress_IsNotTheCauseOfASignal) {
  for (int i = 0; i < 5; ++i) {
    const Process who = server();
    Binding six = binding(who, 8080, id());
    six.endpoint.family = Family::ipv6;
    see(bound(six));
    see(failed(who, 8080));
    tick(2s);
    see(ended(who, killed(SIGSEGV)));
  }
  EXPECT_EQ(news().at(0).loop->cause, "killed by SIGSEGV");
}

TEST_F(CrashLoopTest, ToleratedSecondAddress_StoppedSoon_DoesNotCount) {
  for (int i = 0; i < 9; ++i) {
    const Process who = server();
    Binding six = binding(who, 8080, id());
    six.endpoint.family = Family::ipv6;
    see(bound(six));
    see(failed(who, 8080));
    tick(2s);
    see(ended(who, killed(SIGTERM)));
  }
  EXPECT_EQ(types(news()), Types{});
}

TEST_F(CrashLoopTest, RetriedUntilTaken_IsNotTheCause) {
  for (int i = 0; i < 5; ++i) {
    const Process who = server();
    see(failed(who, 8080));
    tick(1s);
    live(who, exits(1));
  }
  EXPECT_EQ(news().at(0).loop->cause, "exits with status 1");
}

// A look at a process that is gone already finds its name alone.
TEST_F(CrashLoopTest, KnownByItsNameAlone_ItsEndTellsWhoItWas) {
  for (int i = 0; i < 5; ++i) {
    const Process who = process(++pid_);
    Process fleeting = who;
    fleeting.exe.reset();
    fleeting.cmdline.reset();
    see(bound(binding(i % 2 ? who : fleeting, 8080, id())));
    tick(1s);
    see(ended(who, exits(1)));
  }
  const auto told = news();
  ASSERT_EQ(types(told), Types{kCrashLoop});
  EXPECT_EQ(told[0].loop->subject.name, "/usr/bin/server --serve");
}

// systemd's view at the bind stands: the cgroup may be gone at the end.
TEST_F(CrashLoopTest, UnitUnknownAtTheEnd_IsTheOneOfTheBind) {
  for (int i = 0; i < 5; ++i) {
    const Process who = server();
    see(bound(binding(who, 8080, id())));
    tick(1s);
    Process bare = who;
    bare.unit.reset();
    see(ended(bare, exits(1)));
  }
  EXPECT_EQ(news().at(0).loop->subject.name, "web.service");
}

}  // namespace
}  // namespace portwatch::test
