#include "cli/print.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class PrintEvent : public CommandTest {  // in UTC
 protected:
  PrintEvent() {
    change.type = ChangeType::bind;
    change.time = kNow + std::chrono::milliseconds(123);
    change.binding = held(5055, process(4242, "python3"));
    change.binding->creator.edit([&](Process& creator) { creator.user = "alice"; });
    change.binding->creator.edit(
        [&](Process& creator) { creator.unit = "demo.service"; });
    change.binding->holders.reset();
  }
  std::string line() const { return event_line(change, view); }
  Change change;
  View view{kNow, kOwnNetns, Style(false), 0};
};

TEST_F(PrintEvent, Bind_OneLine) {
  EXPECT_EQ(line(),
            "10:42:17.123  bind      tcp  0.0.0.0:5055            python3(4242)  "
            "alice  demo.service\n");
}

TEST_F(PrintEvent, Reconstructed_IsSaid) {
  change.type = ChangeType::release;
  change.reconstructed = true;
  EXPECT_EQ(line(),
            "10:42:17.123  release   tcp  0.0.0.0:5055            python3(4242)  "
            "alice  demo.service  (found later)\n");
}

TEST_F(PrintEvent, OtherNamespace_IsNamed) {
  change.binding->netns = 5;
  change.binding->netns_name = "red";
  EXPECT_NE(line().find("  netns red (5)\n"), std::string::npos);
}

TEST_F(PrintEvent, UnknownProcess_IsADash) {
  change.binding->creator.reset();
  EXPECT_EQ(line(), "10:42:17.123  bind      tcp  0.0.0.0:5055            -\n");
}

TEST_F(PrintEvent, HostileName_IsEscaped) {
  change.binding->creator.edit(
      [&](Process& creator) { creator.name = "\x1b[2J\n"; });
  EXPECT_NE(line().find("\\x1b[2J\\n(4242)"), std::string::npos);
}

TEST_F(PrintEvent, FailedBind_OperationErrorProcessAndBlockers) {
  EXPECT_EQ(event_line(failed_bind(), view),
            "10:41:17.000  bindFailed  tcp  0.0.0.0:5055            python3(4243)  "
            "alice  demo.service  bind: EADDRINUSE  blocked by python3(4242) on "
            "0.0.0.0:5055 (listening)\n");
}

TEST_F(PrintEvent, FailedListen_NothingInTheWayThatIsASocket) {
  Change failed = failed_bind();
  failed.failure->operation = Operation::listen;
  failed.failure->blockers = std::vector<Binding>{};
  failed.failure->netns = 5;
  EXPECT_NE(
      event_line(failed, view)
          .find("listen: EADDRINUSE  blocked by nothing that is a socket  netns "
                "5\n"),
      std::string::npos);
  failed.failure->blockers.reset();
  EXPECT_EQ(event_line(failed, view).find("blocked by"), std::string::npos);
}

TEST_F(PrintEvent, ManyBlockers_AreCounted) {
  Change failed = failed_bind();
  failed.failure->blockers =
      std::vector<Binding>(7, held(5055, process(4242, "python3")));
  EXPECT_NE(event_line(failed, view).find("(listening) and 4 more\n"),
            std::string::npos);
}

TEST_F(PrintEvent, Loops_SubjectPortCauseAndCount) {
  EXPECT_EQ(event_line(failure_loop(), view),
            "10:42:17.000  bindFailureLoop  5055/tcp  demo.service  7 times in 1 "
            "minute  bind: EADDRINUSE  blocked by python3(4242) on 0.0.0.0:5055 "
            "(listening)\n");
  EXPECT_EQ(event_line(crash_loop(), view),
            "10:42:17.000  crashLoop  5055/tcp  demo.service  7 times in 1 minute  "
            "exits with status 1\n");
  Change ended = crash_loop();
  ended.type = ChangeType::loop_ended;
  ended.loop->subject = {Subject::Kind::program, "/usr/bin/x", 1000, "alice"};
  EXPECT_NE(
      event_line(ended, view).find("loopEnded  5055/tcp  /usr/bin/x (alice)  "),
      std::string::npos);
}

TEST_F(PrintEvent, AlertsAboutABinding_SayWhatIsWrong) {
  change.type = ChangeType::orphan;
  change.previous = process(1, "supervisor");
  EXPECT_NE(line().find("  its owner supervisor(1) has died\n"), std::string::npos);
  change.type = ChangeType::owner_changed;
  EXPECT_NE(line().find("  before: supervisor(1)\n"), std::string::npos);
  change.type = ChangeType::time_wait_pile;
  change.count = 40;
  EXPECT_NE(line().find("  40 closing sockets\n"), std::string::npos);
  EXPECT_EQ(event_plain(change).substr(event_plain(change).size() - 4), "\t40\n");
}

TEST_F(PrintEvent, HostileFailure_IsEscaped) {
  Change failed = failed_bind();
  failed.failure->process.name = "\x1b[2J\n";
  failed.failure->blockers->front().holders->front().name = "\x1b[2J\n";
  Change loop = failure_loop();
  loop.loop->cause = loop.loop->subject.name = "\x1b[2J\n";
  for (const Change& event : {failed, loop}) {
    EXPECT_EQ(event_line(event, view).find('\x1b'), std::string::npos);
    EXPECT_EQ(event_line(event, view).find('\n'),
              event_line(event, view).size() - 1);
    EXPECT_EQ(event_plain(event).find('\x1b'), std::string::npos);
    EXPECT_EQ(event_plain(event).find('\n'), event_plain(event).size() - 1);
  }
}

TEST_F(PrintEvent, LossAndResync_InWords) {
  change.binding.reset();
  change.type = ChangeType::events_lost;
  change.count = 12;
  EXPECT_EQ(
      line(),
      "10:42:17.123  eventsLost  12 events of the kernel lost; what follows may "
      "be incomplete\n");
  change.type = ChangeType::resynced;
  change.repairs = 1;
  EXPECT_EQ(line(), "10:42:17.123  resynced  compared with the kernel: 1 repair\n");
}

}  // namespace
}  // namespace portwatch::cli
