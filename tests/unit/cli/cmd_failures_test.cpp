#include <nlohmann/json.hpp>

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class Failures : public CommandTest {
 protected:
  Failures() {
    start_daemon();
    backends.daemon.failures.events = {failed_bind()};
  }
  const HistoryQuestion& asked() const { return backends.daemon.asked_past; }
};

TEST_F(Failures, Some_LineOfWatchAndWhy) {
  EXPECT_EQ(run({"failures"}), kYes);
  EXPECT_EQ(out.text,
            "10:41:17.000  bindFailed  tcp  0.0.0.0:5055            python3(4243)  "
            "alice  demo.service  bind: EADDRINUSE  blocked by python3(4242) on "
            "0.0.0.0:5055 (listening)\n"
            "  why          python3 (pid 4242) listens there\n");
}

TEST_F(Failures, None_ExitOne) {
  backends.daemon.failures.events.clear();
  EXPECT_EQ(run({"failures", "5055"}), kNo);
  EXPECT_EQ(out.text, "no failed binds\n");
}

TEST_F(Failures, NotSeenHere_CannotKnow) {
  backends.daemon.failures.events.clear();
  backends.daemon.failures.missing = {{"failures", "no hook\n"}};
  EXPECT_EQ(run({"failures"}), kCannotKnow);
  EXPECT_EQ(out.text, "no failed binds\n  partial      failures: no hook\\n\n");
  backends.daemon.failures.missing = {{"namespaces", "not permitted"}};
  EXPECT_EQ(run({"failures", "-q"}), kNo) << "elsewhere is not what was asked";
}

TEST_F(Failures, Options_AreAsked) {
  EXPECT_EQ(run({"failures", "5055/udp", "--since", "5m", "--until", "10:42:00",
                 "--limit", "7"}),
            kYes);
  EXPECT_EQ(asked().port, 5055);
  EXPECT_EQ(asked().protocol, Protocol::udp);
  EXPECT_EQ(asked().since, kNow - std::chrono::minutes(5));
  EXPECT_EQ(asked().until, kNow - std::chrono::seconds(17));
  EXPECT_EQ(asked().limit, 7u);
}

TEST_F(Failures, Plain_FieldsOfWatch) {
  EXPECT_EQ(run({"failures", "--plain"}), kYes);
  EXPECT_EQ(
      out.text,
      "2026-11-21T10:41:17.000000Z\tbindFailed\ttcp\tipv4\t0.0.0.0\t5055\tbind\t"
      "4243\tpython3\talice\tdemo.service\t4026531840\t-\tEADDRINUSE\t"
      "python3(4242)\n");
}

TEST_F(Failures, Json_TheAnswer) {
  EXPECT_EQ(run({"failures", "--json"}), kYes);
  const auto document = nlohmann::json::parse(out.text);
  EXPECT_EQ(document["schema"], "portwatch/1");
  EXPECT_EQ(document["events"][0]["event"], "bindFailed");
  EXPECT_EQ(document["events"][0]["error"], "EADDRINUSE");
}

TEST_F(Failures, HostileNames_AreEscaped) {
  BindFailure& failure = *backends.daemon.failures.events[0].failure;
  failure.process.name = "\x1b[2J";
  failure.why = "\x1b[2J";
  failure.blockers->front().holders->front().name = "\x1b]0;x\a";
  for (const char* format : {"--color=never", "--plain", "--json"}) {
    run({"failures", format});
    EXPECT_EQ(out.text.find('\x1b'), std::string::npos) << format;
  }
}

TEST_F(Failures, NoDaemon_CannotKnowAndSaysWhy) {
  backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
  EXPECT_EQ(run({"failures"}), kCannotKnow);
  EXPECT_EQ(err.text,
            "portwatch: only a running portwatchd knows the past: cannot ask the "
            "daemon at /run/portwatch/io.portwatch: No such file\n");
  EXPECT_EQ(out.text, "");
}

TEST_F(Failures, NoDaemonWanted_SaysThatOneIsNeeded) {
  EXPECT_EQ(run({"failures", "--no-daemon"}), kCannotKnow);
  EXPECT_EQ(err.text,
            "portwatch: only a running portwatchd knows the past, and none is "
            "asked\n");
}

TEST_F(Failures, DaemonTooOld_SaysSo) {
  backends.daemon.past_error = Error{Errc::not_supported, "no such method"};
  EXPECT_EQ(run({"failures"}), kCannotKnow);
  EXPECT_EQ(
      err.text,
      "portwatch: the daemon at /run/portwatch/io.portwatch does not know this "
      "question: it is older than this command\n");
}

}  // namespace
}  // namespace portwatch::cli
