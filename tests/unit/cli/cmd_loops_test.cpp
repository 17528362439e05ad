#include <nlohmann/json.hpp>

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class Loops : public CommandTest {
 protected:
  Loops() {
    start_daemon();
    Change ended = crash_loop();
    ended.type = ChangeType::loop_ended;
    ended.time = kNow - std::chrono::hours(1);
    ended.loop->subject.name = "old.service";
    backends.daemon.loops.events = {ended, active(failure_loop())};
    backends.daemon.loops.active = 1;
  }
  static Change active(Change loop) {
    loop.loop->active = true;
    return loop;
  }
};

TEST_F(Loops, ActiveFirst_WithCauseAndBlockers) {
  EXPECT_EQ(run({"loops"}), kYes);
  EXPECT_EQ(out.text,
            "demo.service keeps failing to bind port 5055/tcp\n"
            "  count        7 times in 1 minute, first 10:40:17 (2 minutes ago), "
            "last 10:42:12 (5 seconds ago)\n"
            "  cause        bind: EADDRINUSE\n"
            "  blocked by   python3(4242) on 0.0.0.0:5055 (listening)\n"
            "  last process python3(4243)\n"
            "  its log      journalctl -n 20 -u demo.service\n"
            "\n"
            "old.service kept dying on port 5055/tcp, until 09:42:17 (1 hour ago)\n"
            "  count        7 times in 1 minute, first 10:40:17 (2 minutes ago), "
            "last 10:42:12 (5 seconds ago)\n"
            "  cause        exits with status 1\n"
            "  last exit    status 1\n"
            "  last process python3(4243)\n"
            "  its log      journalctl -n 20 -u old.service\n");
}

TEST_F(Loops, Container_LogOfItsRuntime) {
  Change loop = crash_loop();
  loop.loop->subject = {Subject::Kind::container, "docker:0123456789ab", {}, {}};
  backends.daemon.loops.events = {loop};
  EXPECT_EQ(run({"loops"}), kYes);
  EXPECT_NE(out.text.find("docker logs --tail 20 0123456789ab\n"),
            std::string::npos)
      << out.text;
}

TEST_F(Loops, BeginningAndEnd_AreOneLoop) {
  Change ended = failure_loop();
  ended.type = ChangeType::loop_ended;
  Change crash = crash_loop();
  crash.loop->window = std::chrono::hours(1);
  backends.daemon.loops.events = {failure_loop(), ended, active(crash)};
  EXPECT_EQ(run({"loops"}), kYes);
  EXPECT_EQ(out.text.find("keeps failing"), std::string::npos) << out.text;
  EXPECT_NE(out.text.find("kept failing to bind port 5055/tcp, until 10:42:17"),
            std::string::npos);
  EXPECT_EQ(out.text.rfind("demo.service keeps dying on port 5055/tcp\n", 0), 0u)
      << "another series of the same subject";
}

TEST_F(Loops, EndOfACrashLoopWithBlockers_EndsThatOne) {
  Change crash = crash_loop();
  crash.loop->window = std::chrono::hours(1);
  crash.loop->blockers = failure_loop().loop->blockers;
  Change ended = crash;
  ended.type = ChangeType::loop_ended;
  backends.daemon.loops.events = {active(failure_loop()), crash, ended};
  EXPECT_EQ(run({"loops"}), kYes);
  EXPECT_EQ(out.text.rfind("demo.service keeps failing to bind port", 0), 0u)
      << out.text;
  EXPECT_NE(out.text.find("\n\ndemo.service kept dying on port 5055/tcp, until "),
            std::string::npos);
}

TEST_F(Loops, BegunAgain_IsActiveOnce) {
  Change ended = failure_loop();
  ended.type = ChangeType::loop_ended;
  Change again = failure_loop();
  again.loop->first = ended.loop->last;
  backends.daemon.loops.events = {failure_loop(), ended, active(again)};
  EXPECT_EQ(run({"loops"}), kYes);
  EXPECT_EQ(out.text.rfind("demo.service keeps failing", 0), 0u) << out.text;
  EXPECT_NE(out.text.find("\n\ndemo.service kept failing"), std::string::npos);
}

TEST_F(Loops, EndNotSeen_IsNotClaimedToGoOn) {
  Change old = crash_loop();
  old.loop->first -= std::chrono::hours(1);
  backends.daemon.loops.events = {active(failure_loop()), old};  // the younger one
  EXPECT_EQ(run({"loops"}), kYes);
  EXPECT_NE(out.text.find("kept dying on port 5055/tcp, until a time that is not "
                          "known\n"),
            std::string::npos)
      << out.text;
}

TEST_F(Loops, VeryMany_ServicesFirstAndThenThePageEnds) {
  std::vector<Change>& events = backends.daemon.loops.events;
  events = {active(failure_loop())};
  for (Port port = 1; port <= 100; ++port) {
    Change flood = active(failure_loop());
    flood.loop->subject = {Subject::Kind::program, "/home/x/a.out", 1000, {}};
    flood.loop->port = port;
    events.push_back(flood);
  }
  EXPECT_EQ(run({"loops"}), kYes);
  EXPECT_EQ(out.text.rfind("demo.service keeps failing", 0), 0u) << out.text;
  EXPECT_NE(out.text.find("\n81 more, see 'portwatch loops --json'\n"),
            std::string::npos);
}

TEST_F(Loops, None_ExitOne) {
  backends.daemon.loops.events.clear();
  EXPECT_EQ(run({"loops", "5055"}), kNo);
  EXPECT_EQ(out.text, "no loops\n");
  EXPECT_EQ(backends.daemon.asked_past.port, 5055);
}

TEST_F(Loops, Plain_FieldsOfWatch) {
  backends.daemon.loops.events = {crash_loop()};
  EXPECT_EQ(run({"loops", "--plain"}), kYes);
  EXPECT_EQ(out.text,
            "2026-11-21T10:42:17.000000Z\tcrashLoop\ttcp\t-\t-\t5055\t-\t4243\t"
            "python3\t-\tdemo.service\t4026531840\t-\t7\t60\texits with status 1\t"
            "status 1\t-\n");
}

TEST_F(Loops, Json_TheAnswer) {
  EXPECT_EQ(run({"loops", "--json"}), kYes);
  const auto document = nlohmann::json::parse(out.text);
  EXPECT_EQ(document["active"], 1);
  EXPECT_EQ(document["events"].size(), 2u);
}

TEST_F(Loops, HostileSubject_IsEscapedAndQuoted) {
  Change loop = crash_loop();
  loop.loop->subject.name = "a;rm\x1b[2J.service";
  loop.loop->cause = "\x1b[2J";
  backends.daemon.loops.events = {loop};
  EXPECT_EQ(run({"loops"}), kYes);
  EXPECT_EQ(out.text.find('\x1b'), std::string::npos);
  EXPECT_NE(out.text.find("-u 'a;rm\\x1b[2J.service'\n"), std::string::npos)
      << out.text;
}

TEST_F(Loops, NoDaemonOrTooOld_CannotKnow) {
  backends.daemon.past_error = Error{Errc::not_supported, "no such method"};
  EXPECT_EQ(run({"loops"}), kCannotKnow);
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  EXPECT_EQ(run({"loops", "-q"}), kCannotKnow);
  EXPECT_EQ(out.text, "");
}

}  // namespace
}  // namespace portwatch::cli
