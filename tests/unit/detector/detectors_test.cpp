#include "userspace/detector/detectors.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

#include "tests/unit/detector/scene.h"

namespace portwatch::test {
namespace {

using Types = std::vector<ChangeType>;

// As the daemon drives them: the timer rings when it was asked for.
class Driver {
 public:
  explicit Driver(const DetectorOptions& options = {},
                  std::size_t max_keys = kMaxDetectorKeys)
      : detectors_(options, max_keys) {}

  template <class What>
  void see(const What& what) {
    add(detectors_.observe(what, ticker_.now()));
  }
  void pass(std::chrono::nanoseconds by) {
    const BootTime until = ticker_.now().boot + by;
    for (auto due = detectors_.deadline(); due && *due <= until;
         due = detectors_.deadline()) {
      ticker_.tick(std::max(*due - ticker_.now().boot, BootTime{0}));
      add(detectors_.advance(ticker_.now()));
      ASSERT_NE(detectors_.deadline(), due);  // or the timer never stops
    }
    ticker_.tick(until - ticker_.now().boot);
  }
  void suspend(std::chrono::nanoseconds by) { ticker_.tick(by); }

  const std::vector<Change>& told() const { return told_; }
  std::ptrdiff_t count(ChangeType type) const { return count_of(told_, type); }
  Detectors& detectors() { return detectors_; }

 private:
  void add(std::vector<Change> alerts) {
    for (Change& alert : alerts) {
      EXPECT_EQ(alert.time, ticker_.now().wall);
      told_.push_back(std::move(alert));
    }
  }
  Ticker ticker_;
  Detectors detectors_;
  std::vector<Change> told_;
};

void fail_to_start(Driver& host, pid_t pid) {
  const Process who = process_of_unit(pid, "web.service");
  host.see(failed(who, 8080, {binding(process(7), 8080, "blocker")}));
  host.pass(100ms);
  host.see(ended(who, exits(1)));
}

// Tries five times before it gives up, as nginx does.
void retry_in_vain(Driver& host, pid_t pid) {
  const Process who = process_of_unit(pid, "web.service");
  for (int i = 0; i < 5; ++i) {
    host.see(failed(who, 8080, {binding(process(7), 8080, "blocker")}));
    host.pass(500ms);
  }
  host.see(ended(who, exits(1)));
}

TEST(Detectors, UnitThatFailsToStart_IsOneLoopWithOneEnd) {
  Driver host;
  for (pid_t pid = 100; pid < 107; ++pid) {
    fail_to_start(host, pid);
    host.pass(2s);  // RestartSec
  }
  EXPECT_EQ(types(host.told()), Types{ChangeType::crash_loop});
  const auto active = host.detectors().active_loops();
  ASSERT_EQ(types(active), Types{ChangeType::crash_loop});
  EXPECT_EQ(active[0].loop->count, 7u);
  EXPECT_EQ(active[0].loop->last_exit, exits(1));
  host.pass(2h);
  EXPECT_EQ(types(host.told()),
            (Types{ChangeType::crash_loop, ChangeType::loop_ended}));
  EXPECT_TRUE(host.detectors().active_loops().empty());
  EXPECT_FALSE(host.detectors().deadline());
}

TEST(Detectors, UnitThatRetriesBeforeItFails_IsOneLoopOfFailedBinds) {
  Driver host;
  for (pid_t pid = 100; pid < 107; ++pid) {
    retry_in_vain(host, pid);
    host.pass(2s);
  }
  EXPECT_EQ(types(host.told()), Types{ChangeType::bind_failure_loop});
  EXPECT_EQ(host.detectors().active_loops().at(0).loop->last_exit, exits(1));
  host.pass(2h);
  EXPECT_EQ(types(host.told()),
            (Types{ChangeType::bind_failure_loop, ChangeType::loop_ended}));
}

// Four were started anew; the fifth does not die but tries again.
TEST(Detectors, LastOneRetries_TheFailedBindsAreTold) {
  Driver host;
  for (pid_t pid = 100; pid < 104; ++pid) {
    fail_to_start(host, pid);
  }
  const Process who = process_of_unit(104, "web.service");
  host.see(failed(who, 8080));
  EXPECT_TRUE(host.told().empty()) << "its death would tell it";
  host.see(failed(who, 8080));
  EXPECT_EQ(types(host.told()), Types{ChangeType::bind_failure_loop});
}

TEST(Detectors, UnitThatFailsSlowly_IsACrashLoopOnly) {
  Driver host;
  for (pid_t pid = 100; pid < 105; ++pid) {
    fail_to_start(host, pid);
    host.pass(100s);
  }
  EXPECT_EQ(types(host.told()), Types{ChangeType::crash_loop});
}

// As a manager does that waits ever longer before it starts it again.
TEST(Detectors, FailuresBecomeRare_TheLoopThatWasToldGoesOn) {
  Driver host;
  for (pid_t pid = 100; pid < 105; ++pid) {
    retry_in_vain(host, pid);
  }
  for (pid_t pid = 105; pid < 120; ++pid) {
    host.pass(10min);
    fail_to_start(host, pid);
  }
  for (pid_t pid = 120; pid < 126; ++pid) {
    host.pass(1s);
    fail_to_start(host, pid);
  }
  EXPECT_EQ(types(host.told()), Types{ChangeType::bind_failure_loop});
  const auto active = host.detectors().active_loops();
  ASSERT_EQ(types(active), Types{ChangeType::bind_failure_loop});
  EXPECT_EQ(active[0].loop->count, 46u);
  EXPECT_TRUE(same_series(*active[0].loop, *host.told()[0].loop));
  host.see(bound(binding(process_of_unit(200, "web.service"), 8080, "1")));
  ASSERT_EQ(types(host.told()),
            (Types{ChangeType::bind_failure_loop, ChangeType::loop_ended}));
  EXPECT_TRUE(same_series(*host.told()[1].loop, *host.told()[0].loop));
  EXPECT_TRUE(host.detectors().active_loops().empty());
}

TEST(Detectors, SlowFailuresBecomeFast_TheLoopThatWasToldGoesOn) {
  Driver host;
  for (pid_t pid = 100; pid < 105; ++pid) {
    fail_to_start(host, pid);
    host.pass(100s);
  }
  for (pid_t pid = 105; pid < 115; ++pid) {
    fail_to_start(host, pid);
    host.pass(1s);
  }
  EXPECT_EQ(types(host.told()), Types{ChangeType::crash_loop});
  EXPECT_EQ(host.detectors().active_loops().at(0).loop->count, 15u);
  host.see(bound(binding(process_of_unit(200, "web.service"), 8080, "1")));
  EXPECT_EQ(types(host.told()),
            (Types{ChangeType::crash_loop, ChangeType::loop_ended}));
}

TEST(Detectors, OtherCauseOfDeath_IsAnotherLoop) {
  Driver host;
  for (pid_t pid = 100; pid < 106; ++pid) {
    retry_in_vain(host, pid);
  }
  const Process web = process_of_unit(200, "web.service");
  host.see(failed(web, 8080));
  host.see(ended(web, killed(SIGSEGV)));
  EXPECT_EQ(types(host.told()), Types{ChangeType::bind_failure_loop})
      << "of a refused bind too";
  const Process late = process_of_unit(201, "web.service");
  Binding six = binding(late, 8080, "1");
  six.endpoint.family = Family::ipv6;
  host.see(bound(six));
  host.see(ended(late, killed(SIGSEGV)));
  EXPECT_EQ(types(host.told()),
            (Types{ChangeType::bind_failure_loop, ChangeType::crash_loop}));
  EXPECT_EQ(host.told()[1].loop->cause, "killed by SIGSEGV");
  EXPECT_EQ(host.detectors().active_loops().size(), 2u);
}

TEST(Detectors, BlockerGoes_TheLoopEndsOnce) {
  Driver host;
  for (pid_t pid = 100; pid < 105; ++pid) {
    fail_to_start(host, pid);
    host.pass(1s);
  }
  host.see(bound(binding(process_of_unit(200, "web.service"), 8080, "1")));
  EXPECT_EQ(host.count(ChangeType::loop_ended), 1);
  host.pass(2h);
  EXPECT_EQ(types(host.told()),
            (Types{ChangeType::crash_loop, ChangeType::loop_ended}));
}

TEST(Detectors, SuspendedHost_EndsLoopsOnWaking) {
  Driver host;
  for (pid_t pid = 100; pid < 105; ++pid) {
    fail_to_start(host, pid);
    host.pass(1s);
  }
  host.suspend(8h);
  fail_to_start(host, 105);
  EXPECT_EQ(types(host.told()),
            (Types{ChangeType::crash_loop, ChangeType::loop_ended}));
}

TEST(Detectors, LoopsOfADaemonBefore_GoOnAndEndOnce) {
  Driver before;
  std::vector<Change> past;
  for (pid_t pid = 100; pid < 105; ++pid) {
    retry_in_vain(before, pid);
    const Process other = process_of_unit(pid + 100, "db.service");
    before.see(listens(binding(other, 9090, std::to_string(pid))));
    before.see(ended(other, exits(1)));
  }
  past = before.told();
  ASSERT_EQ(types(past),
            (Types{ChangeType::bind_failure_loop, ChangeType::crash_loop}));
  Change over = past[0];
  over.loop->first -= 1h;
  past.insert(past.begin(), over);
  over.type = ChangeType::loop_ended;
  past.insert(past.begin() + 1, over);

  Driver host;
  host.detectors().resume_loops(past, {1000s, past[2].time});
  EXPECT_EQ(types(host.detectors().active_loops()),
            (Types{ChangeType::bind_failure_loop, ChangeType::crash_loop}));
  fail_to_start(host, 300);
  EXPECT_EQ(types(host.told()), Types{});
  EXPECT_EQ(host.detectors().active_loops().at(0).loop->count, 6u);
  host.pass(2h);
  ASSERT_EQ(types(host.told()),
            (Types{ChangeType::loop_ended, ChangeType::loop_ended}));
  EXPECT_TRUE(same_series(*host.told()[0].loop, *past[2].loop));
  EXPECT_TRUE(same_series(*host.told()[1].loop, *past[3].loop));
}

TEST(Detectors, Orphan_IsMarkedAndListed) {
  Driver host;
  const Process shell = process(50);
  const Process server = child_of(shell, 60);
  host.see(listens(binding(server, 8080, "1")));
  host.pass(1h);
  host.see(ended(shell, exits(0)));
  EXPECT_TRUE(host.detectors().is_orphan(server.id));
  host.detectors().forget();
  host.pass(10s);
  EXPECT_EQ(types(host.told()), Types{ChangeType::orphan});
  EXPECT_EQ(types(host.detectors().orphans()), Types{ChangeType::orphan});
}

TEST(Detectors, Loss_ForgetsOwnersAndKeepsLoops) {
  Driver host;
  const Binding old = binding(process(1, "/first"), 9090, "1");
  host.see(listens(old));
  host.see(released(old));
  for (pid_t pid = 100; pid < 104; ++pid) {
    fail_to_start(host, pid);
  }
  host.detectors().forget();
  host.see(listens(binding(process(2, "/second"), 9090, "2")));
  fail_to_start(host, 104);
  EXPECT_EQ(types(host.told()), Types{ChangeType::crash_loop});
}

TEST(Detectors, Reload_ReachesEachOfThem) {
  Driver host;
  DetectorOptions options;
  options.bind_failures.burst = 2;
  options.crash_loop.burst = 3;
  options.time_wait.threshold = 0;
  options.automatic_ports = {8080, 8080};
  host.detectors().set_options(options);
  fail_to_start(host, 100);
  fail_to_start(host, 101);
  Binding closing = binding(process(7), 8080, "1");
  closing.state = SocketState::closing;
  const Process last = process_of_unit(102, "web.service");
  host.see(failed(last, 8080, {closing}));
  host.see(ended(last, exits(1)));
  for (pid_t pid = 300; pid < 303; ++pid) {
    const Process other = process_of_unit(pid, "db.service");
    host.see(listens(binding(other, 9090, std::to_string(pid))));
    host.see(ended(other, exits(1)));
  }
  EXPECT_EQ(types(host.told()),
            (Types{ChangeType::bind_failure_loop, ChangeType::time_wait_pile,
                   ChangeType::crash_loop}));
  host.see(bound(binding(child_of(process(50), 60), 8080, "2")));
  host.see(ended(process(50), exits(1)));
  EXPECT_FALSE(host.detectors().is_orphan({60, 90'000}));
}

TEST(Detectors, TheirOwnAlerts_ArePassedOver) {
  Driver host;
  const Process shell = process(50);
  Change told = listens(binding(child_of(shell, 60), 8080, "1"));
  told.type = ChangeType::orphan;
  host.see(told);
  EXPECT_EQ(host.detectors().size(), 0u);
}

// Whatever comes, in whatever order: memory stays within its bounds, every alert of
// a loop has one end, and no end is without its alert.
class AnyEvents {
 public:
  AnyEvents(unsigned seed, std::size_t max_keys)
      : random_(seed), max_keys_(max_keys), host_(options(), max_keys) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      ASSERT_LE(host_.detectors().size(), Detectors::kEntriesPerKey * max_keys_);
    }
    EXPECT_LE(host_.detectors().active_loops().size(), 2 * max_keys_);
    EXPECT_LE(host_.detectors().orphans().size(), max_keys_);
    host_.pass(24h);
    EXPECT_EQ(host_.count(ChangeType::loop_ended),
              host_.count(ChangeType::bind_failure_loop) +
                  host_.count(ChangeType::crash_loop));
    EXPECT_TRUE(host_.detectors().active_loops().empty());
    EXPECT_FALSE(host_.detectors().deadline());
    check_order();
  }
  std::ptrdiff_t count(ChangeType type) const { return host_.count(type); }

 private:
  static DetectorOptions options() {
    DetectorOptions options;
    options.bind_failures.burst = 2;
    options.crash_loop.burst = 2;
    options.time_wait.threshold = 1;
    return options;
  }
  int any(int below) {
    return std::uniform_int_distribution<int>(0, below - 1)(random_);
  }
  Process anybody() {
    Process who = child_of(process(10 + any(5)), 100 + any(40));
    if (any(2) == 0) {
      who.unit = std::to_string(any(30)) + ".service";
    }
    return who;
  }
  Binding anything() {
    Binding made = binding(anybody(), static_cast<Port>(8000 + any(20)),
                           std::to_string(any(60)));
    made.endpoint.protocol = any(4) == 0 ? Protocol::udp : Protocol::tcp;
    made.state = any(4) == 0 ? SocketState::closing : SocketState::bound;
    if (any(8) == 0) {
      made.creator.reset();
    }
    return made;
  }
  Change anything_happens() {
    constexpr std::array kTypes = {ChangeType::bind, ChangeType::listen,
                                   ChangeType::release, ChangeType::events_lost,
                                   ChangeType::resynced};
    const int kind = any(static_cast<int>(kTypes.size()) + 3);
    if (kind >= static_cast<int>(kTypes.size())) {
      return failed(anybody(), static_cast<Port>(8000 + any(20)),
                    {anything(), anything(), anything()});
    }
    Change made = change(kTypes[static_cast<std::size_t>(kind)], anything());
    made.reconstructed = any(4) == 0;
    return made;
  }
  void step() {
    const int kind = any(20);
    if (kind < 11) {
      host_.see(anything_happens());
    } else if (kind < 17) {
      const auto who = any(3) == 0 ? process(10 + any(5)) : anybody();
      host_.see(
          ended(who, any(5) == 0 ? std::nullopt : std::optional(exits(any(2)))));
    } else if (kind < 18) {
      host_.pass(std::chrono::milliseconds(any(100'000)));
    } else if (kind < 19) {
      host_.suspend(std::chrono::milliseconds(any(2'000)));
    } else {
      host_.detectors().forget();
    }
  }
  // Per series: alert, end, alert, end...
  void check_order() const {
    std::map<std::tuple<std::string, Protocol, Port, std::string>, int> open;
    for (const Change& told : host_.told()) {
      if (!told.loop) {
        continue;
      }
      const Loop& loop = *told.loop;
      int& now = open[{loop.subject.name, loop.protocol, loop.port,
                       std::to_string(loop.window.count()) + " " +
                           std::to_string(loop.first.time_since_epoch().count())}];
      now += told.type == ChangeType::loop_ended ? -1 : 1;
      ASSERT_TRUE(now == 0 || now == 1);
      EXPECT_LE(loop.first, loop.last);
      EXPECT_GE(loop.count, 2u);
    }
  }

  std::mt19937 random_;
  std::size_t max_keys_;
  Driver host_;
};

TEST(Detectors, AnyEvents_StayWithinBoundsAndArePaired) {
  std::ptrdiff_t loops = 0;
  std::ptrdiff_t crashes = 0;
  std::ptrdiff_t others = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    AnyEvents events(seed, 1 + seed);
    events.run(4000);
    loops += events.count(ChangeType::bind_failure_loop);
    crashes += events.count(ChangeType::crash_loop);
    others += events.count(ChangeType::orphan) +
              events.count(ChangeType::owner_changed) +
              events.count(ChangeType::time_wait_pile);
    if (HasFatalFailure()) {
      return;
    }
  }
  EXPECT_GT(loops, 50);  // or nothing was tried
  EXPECT_GT(crashes, 50);
  EXPECT_GT(others, 50);
}

}  // namespace
}  // namespace portwatch::test
